//! What a POSIX shell and the kernel know of command lines: words, the first lines of scripts, the shells themselves.

pub mod commands;
pub mod redact;
pub mod shebang;
pub mod shells;
pub mod words;
