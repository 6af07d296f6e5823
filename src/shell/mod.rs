//! What a POSIX shell knows of words.

pub mod words;
