//! Deployments as the platform's build leaves them: archives of the app or of its environment, with their manifest.
//! They are made by GNU tar, zstd, gzip and zip; hostile ones byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::format_collect, reason = "a test that panics has failed")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;
#[path = "../start/site.rs"]
#[allow(dead_code, reason = "the other test uses the rest")]
mod site;

mod content;
mod formats;
mod hostile;
mod hostile_archives;
mod packing;
mod scene;
mod starts;
mod wrappers;
