//! The Python side: which interpreter and environment, what requirements ask for, and what a source file says.

pub mod environment;
pub(crate) mod releases;
pub mod requirements;
pub(crate) mod source;
