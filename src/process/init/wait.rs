//! `waitpid(2)` for any status: `nix` has no value for a child that a real-time signal ended.

use nix::errno::Errno;
use nix::libc::{self, c_int, pid_t};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// What a wait for any child came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitOutcome {
    /// A child has ended, and its entry in the process table is gone: its number and [`exit_status`].
    Ended(pid_t, u8),
    /// A child was stopped.
    Stopped(pid_t),
    /// There are children, and none of them has changed.
    Unchanged,
    /// There are no children.
    NoChildren,
}

/// What has become of any one child, without waiting.
pub(super) fn wait_for_any() -> WaitOutcome {
    let mut status = 0;
    match wait(-1, &mut status, libc::WNOHANG | libc::WUNTRACED) {
        Ok(0) => WaitOutcome::Unchanged,
        Ok(pid) if libc::WIFSTOPPED(status) => WaitOutcome::Stopped(pid),
        Ok(pid) => WaitOutcome::Ended(pid, exit_status(status)),
        Err(_) => WaitOutcome::NoChildren,
    }
}

/// Waits until one child is gone.
pub(super) fn wait_for(pid: pid_t) {
    let _ = wait(pid, &mut 0, 0);
}

/// Reaps every child that has ended. Whether there are others.
pub(super) fn reap_all() -> bool {
    loop {
        match wait_for_any() {
            WaitOutcome::Ended(..) | WaitOutcome::Stopped(_) => {}
            WaitOutcome::Unchanged => return true,
            WaitOutcome::NoChildren => return false,
        }
    }
}

/// Whether the process is a child of ours, ended or not. A status it has left stays for the next caller.
pub(super) fn is_child(pid: pid_t) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(Pid::from_raw(pid)), flags) != Err(Errno::ECHILD)
}

/// The shell's rule: 128+N for signal N.
fn exit_status(status: c_int) -> u8 {
    let code = if libc::WIFSIGNALED(status) { 128 + libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) };
    // 128 + 64 at most.
    u8::try_from(code).unwrap_or(u8::MAX)
}

fn wait(pid: pid_t, status: &mut c_int, flags: c_int) -> Result<pid_t, Errno> {
    #[expect(unsafe_code, reason = "nix answers EINVAL for a child that a real-time signal ended, and loses it")]
    // SAFETY: the kernel writes one integer.
    Errno::result(unsafe { libc::waitpid(pid, status, flags) })
}
