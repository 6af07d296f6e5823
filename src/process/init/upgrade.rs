//! gunicorn's upgrade in place: the old master ends, the new one goes on.
//!
//! On SIGUSR2 a gunicorn master forks, and the child executes the same command line with `GUNICORN_PID` set to its
//! parent (`gunicorn/arbiter.py`, `reexec`). When the operator then ends the old master, the new one becomes an
//! orphan: ours. It is the same site, so that nothing has ended.
#![forbid(unsafe_code)]

use std::os::unix::ffi::OsStrExt;

use nix::libc::pid_t;

use crate::process::procfs;
use crate::process::procfs::processes::Processes;

/// The process that took over from `ended`, if it is a child of ours.
///
/// If `shell`, the process that ended may also be a script that was waiting for the old master: then a new master whose
/// old one is gone has taken over. Of several, the oldest: a master is older than all it started, to whom it passes
/// the variable on.
pub(super) fn successor(ended: pid_t, shell: bool) -> Option<pid_t> {
    let own = std::process::id().cast_signed();
    let processes = Processes::now()?;
    let took_over = |pid: pid_t| predecessor(pid).is_some_and(|old| old == ended || shell && !procfs::exists(old));
    processes.children(own).filter(|child| took_over(child.pid)).min_by_key(|child| child.start).map(|child| child.pid)
}

/// The old master that a process was told to take over from when it was executed.
fn predecessor(pid: pid_t) -> Option<pid_t> {
    let environ = procfs::environ(pid).ok()?;
    std::str::from_utf8(environ.filled("GUNICORN_PID")?.as_bytes()).ok()?.parse().ok()
}
