//! What a POSIX shell and the kernel know of command lines: words, the first lines of scripts, the shells themselves.

pub(crate) mod commands;
pub(crate) mod redact;
pub mod shebang;
pub(crate) mod shells;
pub mod words;
