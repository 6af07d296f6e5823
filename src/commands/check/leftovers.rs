//! What an app started while it was loaded, and took out of the probe's process group: it becomes a child of ours when
//! its parent ends, and is ended with the check.

use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::process::procfs::processes::Processes;

/// How long the kernel may take to end processes that were killed: one that waits for a disk ends when that answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// From here on every orphan below us becomes our child (`PR_SET_CHILD_SUBREAPER`). As PID 1 that is so anyway.
pub(super) fn adopt() {
    let _ = prctl::set_child_subreaper(true);
}

/// Kills every process below us, until there is none.
pub(super) fn end() {
    let deadline = Instant::now() + PATIENCE;
    // Where no child is left nothing is below us, and nothing has to be looked for.
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) if Instant::now() < deadline => {
                for process in Processes::now().unwrap_or_default().descendants(std::process::id().cast_signed()) {
                    let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(WaitStatus::StillAlive) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
