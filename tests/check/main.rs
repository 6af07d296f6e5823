//! `check` against real apps, real interpreters, real packages and sites that run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod load;
#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;
mod running;
mod schema;
#[path = "../start/site.rs"]
#[allow(dead_code, reason = "the tests of `run` use more of it")]
mod site;
