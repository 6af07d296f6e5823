//! What can be wrong with an archive, or with what becomes of it.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong.
#[derive(Debug)]
pub enum Cause {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// Its content is cut short, or not what was packed.
    Damaged(String),
    /// A member that no archive of an app has, and that could do harm.
    Refused(String),
    /// More than any app is.
    TooMuch(String),
    /// What was read cannot be written.
    Unwritable(io::Error),
    /// A signal asked to stop.
    Stopped(c_int),
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(out, "it cannot be read: {error}"),
            Self::Unwritable(error) => write!(out, "it cannot be written: {error}"),
            Self::Damaged(what) | Self::Refused(what) | Self::TooMuch(what) => out.write_str(what),
            Self::Stopped(signal) => write!(out, "signal {signal} asked to stop"),
        }
    }
}

/// What is wrong, and the member at which it came up.
#[derive(Debug)]
pub struct Fault {
    /// What is wrong.
    pub cause: Cause,
    /// The member, as the archive calls it; `None` if it is the archive itself.
    pub member: Option<PathBuf>,
}

impl Fault {
    /// The same, at a member.
    pub(super) fn at(cause: Cause, member: &Path) -> Self {
        Self { cause, member: Some(member.to_owned()) }
    }
}

impl From<Cause> for Fault {
    fn from(cause: Cause) -> Self {
        Self { cause, member: None }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Cause::from(error).into()
    }
}

/// An error of reading: the decoders report damaged content with these kinds, the system with others.
impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => cut_short(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Self::Damaged(format!("it is damaged: {error}"))
            }
            _ => Self::Unreadable(error),
        }
    }
}

/// The archive ends before it is complete.
pub(super) fn cut_short() -> Cause {
    Cause::Damaged("it is cut short".into())
}

/// Its structure makes no sense.
pub(super) fn damaged(what: &str) -> Cause {
    Cause::Damaged(format!("it is damaged: {what}"))
}
