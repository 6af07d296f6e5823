//! The moment of `execve`: this process becomes the server.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::ops::Deref;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;
use std::rc::Rc;

use nix::errno::Errno;
use nix::libc;

use crate::environ::Environ;
use crate::process::signals;

/// Everything `execve(2)` takes, ready before any `fork`, so that nothing is allocated after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The path of the program; never searched for.
    pub program: CString,
    /// The arguments, the program's name first.
    pub argv: Vec<CString>,
    /// `NAME=VALUE` for each variable.
    pub env: Vec<Rc<CStr>>,
}

impl Image {
    /// Puts the three together.
    ///
    /// # Panics
    ///
    /// Never: words, names and values came from the kernel or from text without NUL bytes; a NUL byte that
    /// slipped in ends the word there.
    #[must_use]
    pub fn new(program: &OsStr, argv: &[OsString], env: &Environ) -> Self {
        Self {
            program: c_string(program.as_bytes().to_vec()),
            argv: argv.iter().map(|word| c_string(word.clone().into_vec())).collect(),
            env: env.entries().cloned().collect(),
        }
    }

    /// The same with the arrays of pointers that the kernel wants, so that `execve` itself allocates nothing.
    #[must_use]
    pub fn prepare(&self) -> Prepared<'_> {
        Prepared { program: &self.program, argv: pointers(&self.argv), env: pointers(&self.env) }
    }

    /// Replaces this process: it starts with default signal dispositions and an empty mask. Returns only to say why
    /// it did not; then signals are held again, and something else can be tried.
    ///
    /// A signal that was held and asks us to end is obeyed first: once the mask is empty, the kernel would drop it
    /// before PID 1 can have a handler, and the server would be up to be killed.
    #[must_use]
    pub fn replace(&self) -> NotReplaced {
        let prepared = self.prepare();
        signals::default_dispositions();
        if let Some(signal) = signals::pending_stop() {
            signals::hold_again();
            return NotReplaced::Stopped { signal };
        }
        signals::release();
        let errno = prepared.execve();
        signals::hold_again();
        NotReplaced::Failed(errno)
    }
}

/// Why [`Image::replace`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReplaced {
    /// We were asked to end before there was a server: exit with 128 and this signal's number.
    Stopped {
        /// TERM, INT, QUIT or HUP.
        signal: i32,
    },
    /// The kernel would not: ENOENT, EACCES, ENOEXEC, ...
    Failed(Errno),
}

/// An [`Image`] in the form that `execve(2)` takes.
pub struct Prepared<'a> {
    program: &'a CStr,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
}

impl Prepared<'_> {
    /// Makes the system call and nothing else. Returns only to say why it could not.
    #[must_use]
    pub fn execve(&self) -> Errno {
        #[expect(unsafe_code, reason = "nix's execve allocates, which is out of place after a fork")]
        // SAFETY: both arrays end with a null pointer and point to C strings that `self` borrows.
        let _ = unsafe { libc::execve(self.program.as_ptr(), self.argv.as_ptr(), self.env.as_ptr()) };
        Errno::last()
    }

    /// Executes pystart again in this process, with other arguments but with the environment of this image, and `more`
    /// (`NAME=VALUE`) that the child has no use for: so `/proc/1/environ` is the site's environment, whatever PID 1 is.
    /// Returns only to say why it could not: there is no `/proc`, for example.
    #[must_use]
    pub fn execute_ourselves(&self, argv: &[CString], more: Option<&CStr>) -> Errno {
        let argv = pointers(argv);
        let mut env = self.env.clone();
        if let Some(more) = more {
            env.insert(env.len() - 1, more.as_ptr());
        }
        #[expect(unsafe_code, reason = "nix's execve would need a copy of the environment")]
        // SAFETY: both arrays end with a null pointer and point to C strings that live through the call.
        let _ = unsafe { libc::execve(c"/proc/self/exe".as_ptr(), argv.as_ptr(), env.as_ptr()) };
        Errno::last()
    }
}

fn pointers(strings: &[impl Deref<Target = CStr>]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// `NAME=VALUE`, as an environment holds it.
#[must_use]
pub fn variable(name: &OsStr, value: &OsStr) -> CString {
    let mut entry = Vec::with_capacity(name.len() + value.len() + 2);
    entry.extend_from_slice(name.as_bytes());
    entry.push(b'=');
    entry.extend_from_slice(value.as_bytes());
    c_string(entry)
}

fn c_string(mut bytes: Vec<u8>) -> CString {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    CString::new(bytes).unwrap_or_default()
}
