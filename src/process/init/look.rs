//! How long until the site accepts connections, and a look at what it listens on where it does not.
//!
//! A server that listens on a loopback address or on a port of its own runs well and cannot be reached: nothing but the
//! table of sockets tells. Waiting and reading are done by a process of its own, so that nothing of it stays in the memory
//! of the init, which sleeps meanwhile.

use std::ffi::CString;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use nix::libc::pid_t;
use nix::unistd::{ForkResult, fork};

use crate::environ::Environ;
use crate::log;
use crate::process::reachability::Reachability;
use crate::process::signals;

/// The pauses between two attempts to connect: short, since the time is told, and never so many that they cost anything
/// next to a server that starts.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);

/// The name of the process that takes a look.
pub(super) const NAME: &str = "pystart-look";

/// Where the site is expected, and how long after its start that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedPort {
    /// The port it was told.
    pub port: u16,
    /// How long the site is waited for, and when it is looked for once more where it was not there by then. Whole
    /// milliseconds count.
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

    /// When the next look is due, if there is one: the first, which waits itself, at once.
    pub(super) fn time(&self) -> Option<Instant> {
        match self.taken {
            0 => Some(self.start),
            taken => self.expected.times.get(taken).map(|after| self.start + *after),
        }
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
                // What the init holds back must end this process, which may wait for a while.
                signals::restore();
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

    /// Waits until somebody on this host is accepted, at most as long as the first look may take. Returns how long after
    /// the start that was; a server on another address than that of the loopback is left to the look itself.
    fn wait(&self) -> Option<Duration> {
        let mut pause = SHORTEST_PAUSE;
        while self.start.elapsed() < self.expected.times[0] {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.expected.port)).is_ok() {
                return Some(self.start.elapsed());
            }
            let rest = self.expected.times[0].saturating_sub(self.start.elapsed());
            std::thread::sleep(pause.min(rest));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        None
    }

    /// Says what was found; at the first look a site that does not listen at all may still come.
    fn tell(&self, init: pid_t) -> u8 {
        // A setting that is not valid was refused before the re-exec.
        let _ = log::start(&Environ::of_this_process());
        let port = self.expected.port;
        let is_last = self.taken + 1 == self.expected.times.len();
        let accepted = if self.taken == 0 { self.wait() } else { None };
        let Some(found) = Reachability::below(init, port) else { return NOT_TOLD };
        match found.notice(port) {
            None => {
                let (verb, after) = accepted.map_or(("seen ", self.expected.times[self.taken]), |after| ("", after));
                tracing::info!("port {port} accepts connections, {verb}{after:.1?} after the start");
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
