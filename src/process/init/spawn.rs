//! From this process to a running child.

use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc::{SIGCHLD, pid_t};
use nix::sched::{CloneFlags, clone};
use nix::unistd::{Pid, getpid, setpgid};

use super::terminal::Terminal;
use super::wait::wait_for;
use crate::process::exec::Prepared;
use crate::process::signals;

/// Enough for a handful of system calls, even unoptimised.
const STACK: usize = 64 * 1024;

/// Starts the child in a process group of its own, so that Ctrl-C reaches it once and `kill 0` in a script does not
/// reach us, and in the terminal's foreground if that was ours.
///
/// The child borrows our memory until its `execve`, as `vfork(2)` does: no page is copied, and why it failed is simply
/// there to be read.
///
/// # Errors
///
/// Why there is no such child. It has been reaped, and the terminal is ours as before.
pub(super) fn spawn(program: &Prepared<'_>, terminal: Option<Terminal>) -> Result<pid_t, Errno> {
    let failure = AtomicI32::new(0);
    let child = || {
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        if let Some(terminal) = terminal {
            terminal.give(getpid().as_raw());
        }
        signals::restore_in_child();
        failure.store(program.execve() as i32, Ordering::SeqCst);
        127
    };
    let mut stack = vec![0; STACK];
    let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
    #[expect(unsafe_code, reason = "there is no safe way to a child that shares our memory")]
    // SAFETY: this process has one thread, and the kernel suspends it until the child has executed its program or
    // ended: the stack and everything borrowed outlive the child's use of them. The child only makes system calls.
    let child = unsafe { clone(Box::new(child), &mut stack, flags, Some(SIGCHLD)) }?.as_raw();
    match failure.load(Ordering::SeqCst) {
        0 => Ok(child),
        errno => {
            wait_for(child);
            if let Some(terminal) = terminal {
                terminal.take_back(child);
            }
            Err(Errno::from_raw(errno))
        }
    }
}
