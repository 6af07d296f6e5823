//! What can go wrong before the site runs: what happened, what to do next, and the exit status.
#![forbid(unsafe_code)]

use std::fmt;

/// The exit statuses of pystart itself. Everything else is the child's own, or 128+N for a signal.
///
/// 126 and 127 are the shell's (POSIX 2.8.2), 2 is the usage error of most programs and of `getopt`-style tools.
pub mod status {
    /// Usage: a bad option or variable, or a command that cannot be processed.
    pub const USAGE: u8 = 2;
    /// `check` and `health`: the answer is no.
    pub const NO: u8 = 1;
    /// The program was found but cannot be executed.
    pub const NOT_EXECUTABLE: u8 = 126;
    /// The program was not found.
    pub const NOT_FOUND: u8 = 127;
}

/// A failure with a status and, if we know one, a next step.
///
/// Made where the failure happens; effectful functions carry it as [`anyhow::Error`] and add context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What failed, and why: lower case, no final period, literals in backticks.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
    /// The exit status.
    pub status: u8,
}

impl Failure {
    /// A failure of the way we were called (status 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, status: status::USAGE }
    }

    /// The same failure with another status.
    #[must_use]
    pub fn with_status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// The same failure with a next step.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
