//! The terminal's foreground, which decides who gets Ctrl-C and who may read.

use std::os::fd::BorrowedFd;

use nix::libc::pid_t;
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

/// A terminal whose foreground we had and may hand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    descriptor: i32,
}

impl Terminal {
    /// The controlling terminal, if one of the standard streams is on it and our group is in its foreground.
    ///
    /// In the background the terminal is somebody else's to give.
    pub(super) fn ours() -> Option<Self> {
        (0..=2).filter_map(Self::on).find(|terminal| terminal.foreground() == Some(getpgrp()))
    }

    /// The terminal on a standard stream.
    pub(super) fn on(descriptor: i32) -> Option<Self> {
        (0..=2).contains(&descriptor).then_some(Self { descriptor })
    }

    /// The standard stream it is on.
    pub(super) fn descriptor(self) -> i32 {
        self.descriptor
    }

    /// Puts a process group in the foreground. SIGTTOU must be blocked: who gives away is in the background himself
    /// a moment later. A terminal that has gone away, or a group that has, is no error.
    pub(super) fn give(self, group: pid_t) {
        let _ = tcsetpgrp(self.stream(), Pid::from_raw(group));
    }

    /// Gives it to `group` if it is still, or again, ours.
    pub(super) fn hand_over(self, group: pid_t) {
        if self.foreground() == Some(getpgrp()) {
            self.give(group);
        }
    }

    /// Takes it back from `group`, unless somebody else has it by now.
    pub(super) fn take_back(self, group: pid_t) {
        if self.foreground() == Some(Pid::from_raw(group)) {
            self.give(getpgrp().as_raw());
        }
    }

    fn foreground(self) -> Option<Pid> {
        tcgetpgrp(self.stream()).ok()
    }

    fn stream(self) -> BorrowedFd<'static> {
        #[expect(unsafe_code, reason = "a standard stream has no owner in this process that could close it")]
        // SAFETY: the runtime opened all three at start, and nothing here closes them.
        unsafe {
            BorrowedFd::borrow_raw(self.descriptor)
        }
    }
}
