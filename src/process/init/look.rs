//! A look at what the site listens on, some time after its start.
//!
//! A server that listens on a loopback address or on a port of its own runs well and cannot be reached: nothing but the
//! table of sockets tells. It is read by a process of its own, so that nothing of it stays in the memory of the init.

use std::ffi::CString;
use std::time::{Duration, Instant};

use nix::libc::pid_t;
use nix::unistd::{ForkResult, fork};

use crate::environ::Environ;
use crate::log;
use crate::process::reachability::Reachability;

/// The name of the process that takes a look.
pub(super) const NAME: &str = "pystart-look";

/// Where the site is expected, and how long after its start that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedPort {
    /// The port it was told.
    pub port: u16,
    /// The times, the second for a site that was not there at the first. Whole milliseconds count.
    pub times: [Duration; 2],
}

impl ExpectedPort {
    /// After 10 seconds, when most servers are up, and after a minute, when the rest are.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self { port, times: [Duration::from_secs(10), Duration::from_mins(1)] }
    }
}

/// The looks at one site.
pub(super) struct Look {
    expected: ExpectedPort,
    start: Instant,
    /// How many were taken.
    taken: usize,
    /// The process that takes one.
    taker: Option<pid_t>,
    /// The user knows what listens instead.
    is_told: bool,
}

/// What one look came to, as the exit status of the process that took it.
const REACHABLE: u8 = 0;
const TOLD: u8 = 1;
const NOT_TOLD: u8 = 2;

impl Look {
    /// For a site that starts now.
    pub(super) fn new(expected: ExpectedPort) -> Self {
        Self { expected, start: Instant::now(), taken: 0, taker: None, is_told: false }
    }

    /// When the next look is due, if there is one.
    pub(super) fn time(&self) -> Option<Instant> {
        self.expected.times.get(self.taken).map(|after| self.start + *after)
    }

    /// Takes a look if one is due.
    pub(super) fn take_if_due(&mut self) {
        if self.time().is_some_and(|time| Instant::now() >= time) {
            self.take();
            self.taken += 1;
        }
    }

    /// A child has ended. If it was the one that took a look: a site that was found is not looked for again.
    pub(super) fn conclude(&mut self, child: pid_t, status: u8) {
        if self.taker == Some(child) {
            self.taker = None;
            self.is_told |= status == TOLD;
            if status == REACHABLE {
                self.taken = self.expected.times.len();
            }
        }
    }

    /// In a process of its own. Where none can be made, nothing is said.
    fn take(&mut self) {
        let init = std::process::id().cast_signed();
        #[expect(unsafe_code, reason = "the look is this program, without the cost of starting it again")]
        // SAFETY: there is one thread, so no lock can be held by a thread that the child does not have.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { child }) => self.taker = Some(child.as_raw()),
            Ok(ForkResult::Child) => {
                let _ = nix::sys::prctl::set_name(&CString::new(NAME).unwrap_or_default());
                let status = self.tell(init);
                #[expect(unsafe_code, reason = "the exit handlers belong to the process that was forked")]
                // SAFETY: ends the process; nothing of this one has to be flushed or dropped.
                unsafe {
                    nix::libc::_exit(i32::from(status))
                }
            }
            Err(_) => {}
        }
    }

    /// Says what was found; at the first look a site that does not listen at all may still come.
    fn tell(&self, init: pid_t) -> u8 {
        // A setting that is not valid was refused before the re-exec.
        let _ = log::start(&Environ::of_this_process());
        let port = self.expected.port;
        let is_last = self.taken + 1 == self.expected.times.len();
        let Some(found) = Reachability::below(init, port) else { return NOT_TOLD };
        match found.notice(port) {
            None => {
                let after = self.expected.times[self.taken];
                tracing::info!("port {port} accepts connections, seen {after:?} after the start");
                REACHABLE
            }
            Some(_) if self.is_told => TOLD,
            Some(notice) if found == Reachability::NoListener && !is_last => {
                tracing::info!("{}", notice.message);
                NOT_TOLD
            }
            Some(notice) => {
                log::notice(&notice);
                TOLD
            }
        }
    }
}
