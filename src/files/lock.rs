//! A lock that is held until it is dropped (`flock(2)`).
//!
//! Unlocking can fail where the file system is another machine's (NFS, CIFS, FUSE): the lock is then gone with the last
//! descriptor, so nobody has to be told, and nothing may panic.
#![forbid(unsafe_code)]

use std::fs::{File, TryLockError};
use std::io;

/// What came of trying to lock a file.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It is ours until this is dropped.
    Held(Lock),
    /// Somebody else holds it; the file, to try again.
    Taken(File),
    /// This file system, or the kernel at this time, has no locks.
    Unavailable,
}

/// A file that is locked.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Tries once, without waiting.
    pub(crate) fn attempt(file: File) -> Attempt {
        loop {
            return match file.try_lock() {
                Ok(()) => Attempt::Held(Self(file)),
                Err(TryLockError::WouldBlock) => Attempt::Taken(file),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(TryLockError::Error(_)) => Attempt::Unavailable,
            };
        }
    }

    /// What is locked.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for Lock {
    /// Also for the processes that inherited the descriptor: what a build leaves running is none of the next build's
    /// business.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_lock_that_is_dropped_is_free_whoever_still_has_the_descriptor() {
        let path = std::env::temp_dir().join(format!("pystart-lock-{}", std::process::id()));
        let Attempt::Held(lock) = Lock::attempt(File::create(&path).unwrap()) else { panic!("somebody has it") };
        let inherited = lock.file().as_fd().try_clone_to_owned().unwrap();
        let Attempt::Taken(again) = Lock::attempt(File::open(&path).unwrap()) else { panic!("it is ours") };
        drop(lock);
        assert!(matches!(Lock::attempt(again), Attempt::Held(_)), "a process that was left over holds it");
        drop(inherited);
        std::fs::remove_file(&path).unwrap();
    }
}
