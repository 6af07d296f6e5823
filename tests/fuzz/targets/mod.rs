//! What is fuzzed: each function takes any bytes, and panics when what it asserts does not hold.
//!
//! `bins` hands them to libFuzzer, which makes up the bytes; `tests/fuzz/main.rs` calls them with a stable toolchain.

#![allow(unreachable_pub, missing_docs, reason = "a library for the one, a module for the other")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "to panic is what they are for"
)]

pub mod archive;
pub mod cgroup;
pub mod dash;
pub mod decision;
pub mod declared;
pub mod environment;
pub mod gunicorn;
pub mod gunicorn_parser;
pub mod http;
pub mod json;
pub mod manifest;
pub mod oracle;
pub mod printable;
pub mod requirements;
pub mod shebang;
pub mod shlex;
pub mod source;
pub mod words;
