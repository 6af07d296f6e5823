//! Why the kernel makes no process, in words that say what is short: its own ("Try again", "Resource temporarily
//! unavailable") send people to try again, while a limit stays where it is.
#![forbid(unsafe_code)]

use std::io;

use nix::errno::Errno;

/// Something that processes are made of, and of which there is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// fork(2): a limit of processes and threads, of the user or of the control group.
    Processes,
    /// fork(2), execve(2): memory.
    Memory,
}

impl Shortage {
    /// What this error of fork(2) or execve(2) is a shortage of.
    pub(crate) fn of(errno: Errno) -> Option<Self> {
        match errno {
            Errno::EAGAIN => Some(Self::Processes),
            Errno::ENOMEM => Some(Self::Memory),
            _ => None,
        }
    }

    /// The same, for an error of the standard library.
    pub(crate) fn of_error(error: &io::Error) -> Option<Self> {
        Self::of(Errno::from_raw(error.raw_os_error()?))
    }

    /// What is short.
    fn reason(self) -> &'static str {
        match self {
            Self::Processes => "the limit of processes and threads is reached (EAGAIN)",
            Self::Memory => "there is no memory for another process (ENOMEM)",
        }
    }

    /// What can be done about it.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Processes => "raise the limit of processes (`--pids-limit`, `ulimit -u`), or run fewer",
            Self::Memory => "raise the container's memory limit, or run fewer processes",
        }
    }
}

/// Why there is no process, from the errno of the call that should have made one.
pub(crate) fn reason(errno: Errno) -> &'static str {
    Shortage::of(errno).map_or_else(|| errno.desc(), Shortage::reason)
}

/// The same, for an error of the standard library.
pub(crate) fn reason_of_error(error: &io::Error) -> String {
    Shortage::of_error(error).map_or_else(|| error.to_string(), |shortage| shortage.reason().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_and_nobody_is_told_to_try_again() {
        let error = io::Error::from(Errno::EAGAIN);
        for text in [reason(Errno::EAGAIN).to_owned(), reason_of_error(&error)] {
            assert!(text.contains("limit of processes") && !text.contains("gain "), "{text}");
        }
        assert_eq!(Shortage::of_error(&error).map(Shortage::hint), Some(Shortage::Processes.hint()));
        assert!(reason(Errno::ENOMEM).contains("no memory"));
    }

    #[test]
    fn every_other_error_keeps_its_words() {
        assert_eq!(reason(Errno::EACCES), Errno::EACCES.desc());
        let error = io::Error::from(Errno::ENOENT);
        assert_eq!((reason_of_error(&error), Shortage::of_error(&error)), (error.to_string(), None));
        assert_eq!(Shortage::of_error(&io::Error::other("its own")), None);
    }
}
