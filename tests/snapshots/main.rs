//! What is printed, to the last character: `explain`, `check`, every help, every error.
//!
//! One file for each case lies beside this one. After a wanted change: `SNAPSHOTS=overwrite cargo test --test snapshots`,
//! and read the difference as a user would. Paths, the versions of Python and ports are replaced by what stands for them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

mod errors;
mod help;
mod reports;
mod scene;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// Where the files are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// Compares what was printed with the file of this name.
#[track_caller]
fn compare(name: &str, printed: String) {
    let file = folder().join(name).with_extension("txt");
    Assert::new().action_env("SNAPSHOTS").eq(printed, Data::read_from(&file, Some(DataFormat::Text)));
}

#[test]
fn every_file_belongs_to_a_case() {
    let names = [errors::NAMES, help::NAMES, reports::NAMES].concat();
    let expected: BTreeSet<_> = names.iter().map(|name| format!("{name}.txt")).collect();
    assert_eq!(expected.len(), names.len(), "two cases have one name");
    let listed = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<_> =
        listed.filter(|name| Path::new(name).extension().is_some_and(|end| end == "txt")).collect();
    assert_eq!(found, expected);
}
