//! The moment of `execve`: this process becomes the server.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, sigprocmask};

use crate::environ::Environ;

/// Everything `execve(2)` takes, ready before any `fork`, so that nothing is allocated after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The path of the program; never searched for.
    pub program: CString,
    /// The arguments, the program's name first.
    pub argv: Vec<CString>,
    /// `NAME=VALUE` for each variable.
    pub env: Vec<CString>,
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
        let variable = |(name, value): (&OsStr, &OsStr)| {
            let mut entry = Vec::with_capacity(name.len() + value.len() + 2);
            entry.extend_from_slice(name.as_bytes());
            entry.push(b'=');
            entry.extend_from_slice(value.as_bytes());
            c_string(entry)
        };
        Self {
            program: c_string(program.as_bytes().to_vec()),
            argv: argv.iter().map(|word| c_string(word.clone().into_vec())).collect(),
            env: env.iter().map(variable).collect(),
        }
    }

    /// Replaces this process. Returns only to say why it could not.
    #[must_use]
    pub fn execute(&self) -> Errno {
        match nix::unistd::execve(&self.program, &self.argv, &self.env) {
            Ok(never) => match never {},
            Err(errno) => errno,
        }
    }
}

/// Default dispositions and an empty mask, as a program started by a login shell has them.
///
/// Rust's runtime ignores SIGPIPE at start-up and `execve` keeps ignored signals ignored: without this, every
/// `head` that closes a pipe early would leave its writer running.
pub fn restore_signals() {
    #[expect(unsafe_code, reason = "the default disposition installs no handler, so nothing can run in it")]
    for signal in Signal::iterator().filter(|signal| !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: SIG_DFL is no handler of ours. It cannot fail for a catchable signal.
        let _ = unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) };
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}

fn c_string(mut bytes: Vec<u8>) -> CString {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    CString::new(bytes).unwrap_or_default()
}
