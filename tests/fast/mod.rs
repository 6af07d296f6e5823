//! The fast tests as modules of the library's own: one program to build for each mutant (`.cargo/mutants.toml`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

#[path = "../decision.rs"]
mod decision;
#[path = "../declared/main.rs"]
mod declared;
#[path = "../detection.rs"]
mod detection;
