//! What README, CONTRIBUTING and the pages under docs/ say is true: commands are run and their output is compared, links
//! and paths lead somewhere, flags, variables and test programs exist.
//!
//! A block of type `console` behind a line `<!-- scene: NAME -->` is run in the folder that scenes.rs has for the name;
//! `...` stands for anything, alone on a line for any lines. What else is there to be typed stands in commands.rs, with the
//! test that runs it or the reason why none does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

mod commands;
mod moving;
mod pages;
mod scenes;
mod shells;
mod statements;
mod transcripts;
mod typed;
