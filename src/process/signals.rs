//! Signals as the kernel counts them: 1 to 64, the real-time ones included.
//!
//! System calls of our own, because an init has to hold and forward *every* signal: the C library keeps 32 to 34
//! for itself and hides them from its callers, and `nix::sys::signal::Signal` has no name for a real-time signal
//! (`SIGRTMIN+3` is a usual `STOPSIGNAL`) and panics when one arrives. The process has one thread, so that a mask set
//! behind the library's back is the mask of the whole process.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;
use std::time::Duration;

use nix::libc::{self, SIGHUP, SIGINT, SIGQUIT, SIGTERM, c_int, c_long, pid_t};

/// The highest signal of the kernel (`_NSIG`).
const LAST: c_int = 64;
/// The size of the kernel's signal set in bytes, which each call is told.
const SET_SIZE: usize = size_of::<u64>();
/// What ends a program that has not said otherwise, in the order in which a pending one is reported.
const TERMINATING: [c_int; 4] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP];

/// The kernel's `struct sigaction` on 64-bit machines; the C library's has another layout.
#[repr(C)]
struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

/// A signal that arrived, with what its sender attached.
#[derive(Clone, Copy)]
pub struct Received {
    info: libc::siginfo_t,
}

impl Received {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> c_int {
        self.info.si_signo
    }

    /// Does it ask a program to end that has not said otherwise?
    #[must_use]
    pub fn asks_to_end(&self) -> bool {
        TERMINATING.contains(&self.number())
    }

    /// Sends the same signal to `pid`, with the value that `sigqueue(3)` attached, if that is how it came.
    ///
    /// A process that has ended meanwhile is no error.
    pub fn forward_to(&self, pid: pid_t) {
        // The kernel lets nobody imitate `kill(2)` or itself, so that a queued signal alone can be sent as it is.
        if self.info.si_code == libc::SI_QUEUE {
            #[expect(unsafe_code, reason = "neither libc nor nix wraps this call")]
            // SAFETY: the kernel copies the structure, which lives through the call.
            let _ = unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, pid, self.number(), &raw const self.info) };
        } else {
            send(pid, self.number());
        }
    }
}

/// Holds back every signal that can be held, until [`wait`] takes it or [`restore`] lets it through.
///
/// The first thing a PID 1 does: the kernel drops a signal that PID 1 neither blocks nor handles.
pub fn hold() {
    set_mask(u64::MAX);
}

/// Default dispositions and an empty mask, as a program started by a login shell has them.
///
/// Rust's runtime ignores SIGPIPE at start-up and `execve` keeps ignored signals ignored: without this, every
/// `head` that closes a pipe early would leave its writer running. Only makes system calls, so that it may run
/// between `fork` and `execve`.
pub fn restore() {
    default_dispositions();
    release();
}

/// An empty mask: what is held comes through.
pub fn release() {
    set_mask(0);
}

/// As [`restore`], for a process just forked that has left its parent's process group: what was sent to
/// the group in between is pending here as well as in the parent, who passes it on, and would arrive twice.
pub fn restore_in_child() {
    if pending() != 0 {
        // Ignoring a signal discards a pending one.
        (1..=LAST).for_each(|signal| set_disposition(signal, libc::SIG_IGN));
    }
    restore();
}

/// Takes back a [`restore`] that was followed by no `execve`: signals are held, SIGPIPE is ignored again.
pub fn hold_again() {
    hold();
    set_disposition(libc::SIGPIPE, libc::SIG_IGN);
}

/// Default dispositions for every signal; the mask stays.
pub fn default_dispositions() {
    (1..=LAST).for_each(|signal| set_disposition(signal, libc::SIG_DFL));
}

/// The signal that asks this process to end, if one is being held.
#[must_use]
pub fn pending_stop() -> Option<c_int> {
    let pending = pending();
    TERMINATING.into_iter().find(|signal| pending & bit(*signal) != 0)
}

/// Waits for the next held signal. `None`: the time is over, or the process was stopped and continued.
#[must_use]
pub fn wait(limit: Option<Duration>) -> Option<Received> {
    take(u64::MAX, limit)
}

/// Takes one `signal` out of the queue, if it is there, without waiting.
pub fn discard(signal: c_int) {
    let _ = take(bit(signal), Some(Duration::ZERO));
}

/// `kill(2)` for any signal number and for groups. A process that has ended meanwhile is no error.
pub fn send(pid: pid_t, signal: c_int) {
    #[expect(unsafe_code, reason = "nix cannot express a real-time signal")]
    // SAFETY: the call takes two integers.
    let _ = unsafe { libc::kill(pid, signal) };
}

/// Stops this process as Ctrl-Z does. Returns when it is continued, or at once if nobody could continue it: then the
/// kernel ignores SIGTSTP.
pub fn suspend_self() {
    set_mask(!bit(libc::SIGTSTP));
    send(std::process::id().cast_signed(), libc::SIGTSTP);
    set_mask(u64::MAX);
}

/// Makes a command start with default dispositions and an empty mask, although its parent holds all signals.
pub fn released(command: &mut Command) -> &mut Command {
    let release = || -> io::Result<()> {
        restore();
        Ok(())
    };
    #[expect(unsafe_code, reason = "the standard library passes our mask on and has no safe way not to")]
    // SAFETY: the closure makes system calls only, which is what may be done between `fork` and `execve`.
    unsafe {
        command.pre_exec(release)
    }
}

const fn bit(signal: c_int) -> u64 {
    1 << (signal - 1)
}

fn take(set: u64, limit: Option<Duration>) -> Option<Received> {
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: c_long::from(limit.subsec_nanos().cast_signed()),
    });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    #[expect(unsafe_code, reason = "the libraries' sigtimedwait hides signals or panics on them")]
    // SAFETY: all pointers are valid for the call (a null time means for ever); zeroes are a valid siginfo_t.
    let (signal, info) = unsafe {
        let signal = libc::syscall(libc::SYS_rt_sigtimedwait, &raw const set, info.as_mut_ptr(), limit, SET_SIZE);
        (signal, info.assume_init())
    };
    (signal > 0).then_some(Received { info })
}

fn pending() -> u64 {
    let mut set = 0_u64;
    #[expect(unsafe_code, reason = "the libraries hide signals 32 to 34")]
    // SAFETY: the kernel writes one set of the size given.
    let _ = unsafe { libc::syscall(libc::SYS_rt_sigpending, &raw mut set, SET_SIZE) };
    set
}

fn set_mask(set: u64) {
    let old = ptr::null_mut::<u64>();
    #[expect(unsafe_code, reason = "the libraries hide signals 32 to 34")]
    // SAFETY: the kernel reads one set of the size given. It leaves out SIGKILL and SIGSTOP by itself.
    let _ = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const set, old, SET_SIZE) };
}

fn set_disposition(signal: c_int, handler: libc::sighandler_t) {
    debug_assert!([libc::SIG_DFL, libc::SIG_IGN].contains(&handler), "no handler may be installed here");
    let action = Action { handler, flags: 0, restorer: 0, mask: 0 };
    let old = ptr::null_mut::<Action>();
    #[expect(unsafe_code, reason = "the libraries hide signals 32 to 34")]
    // SAFETY: the structure has the kernel's layout, and neither disposition has a handler that could run. SIGKILL
    // and SIGSTOP answer EINVAL, which is nothing to us.
    let _ = unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const action, old, SET_SIZE) };
}
