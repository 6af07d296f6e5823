//! That SECURITY.md says the truth: the tests it names are there, and memory is handled where and as it says.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, relative to the repository.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn each_threat_names_tests_that_are_there() {
    let page = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let rows: Vec<&str> = rows.into_iter().filter(|line| !line.starts_with("| ---")).collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let tests: Vec<&str> = row.trim_end_matches(" |").rsplit(" | ").next().unwrap().split(", ").collect();
        assert!(!tests.is_empty());
        for test in tests {
            let (file, name) = test.trim_matches('`').split_once("::").unwrap_or_else(|| panic!("no test: {row}"));
            let text = fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let is_there = text.contains(&format!("fn {name}(")) || text.contains(&format!("::{name}\""));
            assert!(is_there, "{file} has no test {name}");
        }
    }
}

/// The files that need it: memory, signals, fork and exec, terminals.
const UNSAFE: [&str; 9] = [
    "src/allocator.rs",
    "src/process/exec.rs",
    "src/process/init/look.rs",
    "src/process/init/mod.rs",
    "src/process/init/spawn.rs",
    "src/process/init/terminal.rs",
    "src/process/init/wait.rs",
    "src/process/signals.rs",
    "src/process/sshd.rs",
];

#[test]
fn unsafe_code_is_where_it_is_known_to_be() {
    let mut found = BTreeSet::new();
    for file in files(&repository().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let is_unsafe = |line: &str| ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| line.contains(word));
        if text.lines().filter(is_code).any(is_unsafe) {
            found.insert(file.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned());
        }
    }
    assert_eq!(found, BTreeSet::from(UNSAFE.map(str::to_owned)));
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    for lint in ["unsafe_code = \"deny\"", "undocumented_unsafe_blocks = \"warn\""] {
        assert!(manifest.contains(lint), "{lint}");
    }
}
