//! The manual pages and completions in the repository are those of the command line as it is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../examples/manual.rs"]
#[allow(dead_code, reason = "its main writes the files, which is the one thing a test must not do")]
mod manual;

use std::fs;
use std::path::Path;

#[test]
fn manual_pages_and_completions_are_up_to_date() {
    let files = manual::files().unwrap();
    assert!(files.len() >= 10, "a page for each subcommand and three shells");
    for (name, content) in files {
        let found = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name)).unwrap_or_default();
        assert!(found == content, "{} is out of date: run `cargo run --example manual`", name.display());
    }
}
