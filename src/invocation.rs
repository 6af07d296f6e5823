//! How this process was called: asked of the kernel once, and a value from then on.
#![forbid(unsafe_code)]

use std::ffi::OsString;

use crate::environ::Environ;

/// What is known of a call before anything is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The arguments, the program's name left out.
    pub args: Vec<OsString>,
    /// The environment.
    pub environ: Environ,
    /// This is the first process of its container: nobody else looks after orphans, and nobody has called it by hand.
    pub is_pid_1: bool,
}

impl Invocation {
    /// That of this process.
    #[must_use]
    pub fn of_this_process(is_pid_1: bool) -> Self {
        Self { args: std::env::args_os().skip(1).collect(), environ: Environ::of_this_process(), is_pid_1 }
    }
}
