//! `waitpid(2)` for any status: `nix` has no value for a child that a real-time signal ended.

use nix::errno::Errno;
use nix::libc::{self, c_int, pid_t};

/// News of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It has ended, and its entry in the process table is gone: the exit status, or 128+N for signal N.
    Ended(pid_t, u8),
    /// It was stopped.
    Stopped(pid_t),
    /// There are children, but nothing to tell of them.
    Nothing,
    /// There are no children.
    Childless,
}

/// The next news of any child, without waiting.
pub(super) fn next() -> News {
    let mut status = 0;
    match wait(-1, &mut status, libc::WNOHANG | libc::WUNTRACED) {
        Ok(0) => News::Nothing,
        Ok(pid) if libc::WIFSTOPPED(status) => News::Stopped(pid),
        Ok(pid) => News::Ended(pid, exit_status(status)),
        Err(_) => News::Childless,
    }
}

/// Waits for one child to be gone.
pub(super) fn collect(pid: pid_t) {
    let _ = wait(pid, &mut 0, 0);
}

/// Whether the process is a child of ours, ended or not.
pub(super) fn is_ours(pid: pid_t) -> bool {
    // Answers ECHILD for a stranger; a status it finds is left for the next caller.
    nix::sys::wait::waitid(
        nix::sys::wait::Id::Pid(nix::unistd::Pid::from_raw(pid)),
        nix::sys::wait::WaitPidFlag::WEXITED
            | nix::sys::wait::WaitPidFlag::WNOHANG
            | nix::sys::wait::WaitPidFlag::WNOWAIT,
    ) != Err(Errno::ECHILD)
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
