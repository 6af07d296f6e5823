//! What the fuzz targets assert, with a stable toolchain and in seconds: on the inputs that they begin with (`seeds`), on
//! those that broke something once (`findings`), and on some thousand that are made from these, the same each time.
//!
//! `tests/fuzz/run.py` runs the targets themselves, for hours; see `docs/testing.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target panics when what it asserts does not hold")]

#[path = "../numbers/mod.rs"]
mod numbers;
#[path = "../python/mod.rs"]
mod python;
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use numbers::Numbers;

type Target = (&'static str, fn(&[u8]), usize);

/// Every target, and how many inputs are made for it: fewer where one takes long in a debug build.
const TARGETS: [Target; 17] = [
    ("archive", targets::archive::run, 1000),
    ("cgroup", targets::cgroup::run, 2000),
    ("dash", targets::dash::run, 2000),
    ("decision", targets::decision::run, 500),
    ("declared", targets::declared::run, 500),
    ("environment", targets::environment::run, 500),
    ("gunicorn", targets::gunicorn::run, 1000),
    ("gunicorn_parser", targets::gunicorn_parser::run, 1000),
    ("http", targets::http::run, 2000),
    ("json", targets::json::run, 500),
    ("manifest", targets::manifest::run, 2000),
    ("printable", targets::printable::run, 2000),
    ("requirements", targets::requirements::run, 2000),
    ("shebang", targets::shebang::run, 2000),
    ("shlex", targets::shlex::run, 1000),
    ("source", targets::source::run, 500),
    ("words", targets::words::run, 2000),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name)
}

/// The files of a folder by name; none where there is no folder.
fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

impl Numbers {
    /// Changes an input as fuzzers do: bytes, parts, and parts of others.
    fn changed(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut data = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(data.len() + 1);
            let end = at + self.below((data.len() - at).min(32) + 1);
            match self.below(6) {
                0 => drop(data.drain(at..end)),
                1 => data.truncate(at),
                2 => data.insert(at, u8::try_from(self.below(256)).unwrap()),
                3 => {
                    let part = data[at..end].repeat(1 + self.below(40));
                    data.splice(at..at, part);
                }
                4 => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len() + 1);
                    data.splice(at..end, other[from..].iter().copied());
                }
                _ if at < data.len() => data[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        data
    }
}

#[test]
fn what_the_targets_assert_holds() {
    targets::oracle::PYTHON.set(python::python()).unwrap();
    for (name, run, count) in TARGETS {
        let known = [inputs(&folder("seeds").join(name)), inputs(&folder("findings").join(name))].concat();
        assert!(!known.is_empty(), "{name}: there is nothing to begin with in tests/fuzz/seeds");
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let made = (0..count).map(|_| numbers.changed(&known));
        for data in known.iter().cloned().chain(made) {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&data)));
            assert!(outcome.is_ok(), "{name}: {:?}", data.escape_ascii().to_string());
        }
    }
}

#[test]
fn every_target_is_run_by_cargo_fuzz_and_by_this_program() {
    let stems = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(stems(folder("bins")), names);
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/testing.md")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"bins/{name}.rs\"")), "{name}");
        assert!(page.contains(&format!("\n| `{name}` |")), "{name} has no row in docs/testing.md");
    }
}
