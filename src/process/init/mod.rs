//! Staying as the init of what we started: forward signals, reap orphans, leave with the child's status.
//!
//! ```text
//! supervise ─▶ spawn: the child, in its own group and with the terminal
//!        │
//!        ╰──▶ restart ourselves with almost nothing in memory ─▶ resident ─▶ Resident::run
//! ```
//!
//! Deciding what to start takes a parser's worth of memory; waiting for it takes none. So the process executes itself
//! again once the child runs: the held signals, the pending ones and the children survive that, the heap does not. The
//! loop then sleeps in one system call until a signal arrives: there are no threads and no wake-ups.

mod arguments;
pub(crate) mod drain;
mod look;
mod resident;
mod spawn;
mod terminal;
mod upgrade;
mod wait;

use std::ffi::{CStr, OsString};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use crate::process::exec::Image;
use crate::process::signals;
pub use look::ExpectedPort;
use resident::Resident;
use terminal::Terminal;

/// How the child is looked after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    /// How long what the main child leaves behind may take to end after its SIGTERM. Whole milliseconds count.
    pub grace: Duration,
    /// The main child is started as a shell: a script or a line in shell syntax.
    pub shell: bool,
    /// How long the first SIGTERM is kept back from it, while [`drain::NAME`] says so. Whole milliseconds count.
    pub drain: Duration,
    /// Where its site is expected, if that is to be looked at.
    pub expected: Option<ExpectedPort>,
}

/// Starts the child in the current directory, stays until it and all it left have ended, and returns the exit
/// status: the child's, or 128+N if signal N ended it.
///
/// `own_variable` (`NAME=VALUE`) is added to the environment of this process, not to the child's: it is there for those
/// who read `/proc/1/environ`.
///
/// Signals must have been held ([`signals::hold`]) since the start. This call normally never comes back, because the
/// process executes itself meanwhile and [`resident()`] returns the status.
///
/// # Errors
///
/// Why the child could not be started, as `execve(2)` or `clone(2)` put it. Nothing has changed then, and something
/// else can be started.
pub fn supervise(image: &Image, supervision: &Supervision, own_variable: Option<&CStr>) -> Result<u8, Errno> {
    if std::process::id() != 1 {
        // Orphans come to us instead of to an init that knows nothing about them. Fails on no kernel since 3.4.
        let _ = nix::sys::prctl::set_child_subreaper(true);
    }
    let terminal = Terminal::ours();
    let prepared = image.prepare();
    let main = spawn::spawn(&prepared, terminal)?;
    let resident = Resident::new(main, *supervision, terminal);
    // Only returns if it fails; then the same loop runs with the memory we have.
    let _ = prepared.execute_ourselves(&arguments::of(&resident), own_variable);
    Ok(resident.run())
}

/// After the re-exec of a process that called [`supervise`]: stays, and returns the exit status. `None` for every other
/// start.
///
/// To be asked before anything else, with the arguments as they came. Recognised by an `argv[0]` that is no file name
/// and by the children it names being ours, so that no command line leads here by accident.
#[must_use]
pub fn resident(args: impl IntoIterator<Item = OsString>) -> Option<u8> {
    let resident = arguments::parse(args)?;
    wait::is_child(resident.main()).then(|| {
        // The kernel took the name from `/proc/self/exe`.
        let _ = nix::sys::prctl::set_name(c"pystart");
        signals::hold();
        #[expect(unsafe_code, reason = "descriptors are closed whoever owns them")]
        // SAFETY: after the re-exec nothing has been opened, and what was inherited has no owner in this process.
        unsafe {
            close_from(FIRST_AFTER_STANDARD_STREAMS);
        }
        resident.run()
    })
}

/// The standard streams stay open, for messages and for the terminal.
const FIRST_AFTER_STANDARD_STREAMS: u32 = 3;

/// Closes every descriptor from `first` on. What our caller gave the child through us is not held open by us: a pipe
/// that the child closes is then closed, and a socket free. A kernel before 5.9 answers ENOSYS, and they stay open.
///
/// # Safety
///
/// Nothing in this process owns one of them, or will use one again.
#[expect(unsafe_code, reason = "neither the standard library nor nix has this call")]
unsafe fn close_from(first: u32) {
    let (last, flags) = (u32::MAX, 0_u32);
    // SAFETY: the call takes three integers; what it does to the owners of descriptors is up to our caller.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
}
