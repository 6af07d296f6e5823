//! What is released: the wheel, the source archive, the crate, both architectures, the same bytes from any folder; and
//! the workflows that release it.
//!
//! ```text
//! tools.rs          programs from PyPI, pinned, installed once
//! programs.rs       the program as it is released, compiled once for each architecture
//! wheels.rs         wheel and source archive, installed and started from
//! architectures.rs  the program for another processor, under emulation
//! crates.rs         what crates.io would get
//! ways.rs           from nothing to an app that answers, as the pages say
//! auditable.rs      what the program says that it is made from
//! licenses.rs       what is compiled in, and under which licence
//! workflows.rs      hosted CI, releases, the bake file
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

#[path = "../docs/commands.rs"]
#[allow(dead_code, reason = "the tests of the documentation look at every row")]
mod commands;
#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

mod architectures;
mod auditable;
mod crates;
mod licenses;
mod programs;
mod site;
mod tools;
mod ways;
mod wheels;
mod workflows;

use std::path::Path;
use std::process::{Command, Stdio};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a command printed; it must end well.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout).trim_end().to_owned()
}
