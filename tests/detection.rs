//! The tables of small trees in `tests/detection/*.txt`, as data that anybody can extend; its form is explained in
//! `docs/detection.md`.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "detection/cases.rs"]
mod cases;

use std::fs;
use std::path::{Path, PathBuf};

use cases::{Case, cases, difference};
use pystart::detect::detect;
use pystart::files::{Disk, Files, Memory};
use pystart::model::{Detection, Interface, Verdict};

fn check(case: &Case, files: &dyn Files, root: &Path, reads: impl Fn() -> Option<Vec<String>>) -> Vec<String> {
    let detection = detect(files, root, &worker);
    let reads = reads();
    let different = case.expected.iter().filter_map(|(key, expected)| {
        let difference = difference(&detection, reads.as_deref(), key, expected)?;
        Some(format!("{}\n    {difference}", case.name))
    });
    different.collect()
}

#[test]
fn every_tree_of_the_table_starts_what_it_says() {
    let root = Path::new("/site");
    let mut wrong = Vec::new();
    for case in cases() {
        assert!(case.expected.iter().any(|(key, _)| key == "starts"), "{} expects nothing", case.name);
        let tree = Memory::new(case.files.iter().map(|(file, content)| (root.join(file), content))).empty(root);
        wrong.extend(check(&case, &tree, root, || None));
    }
    assert!(wrong.is_empty(), "{} expectations are not met:\n{}", wrong.len(), wrong.join("\n"));
}

/// The worker class that offered commands name.
fn worker() -> &'static str {
    "uvicorn_worker.UvicornWorker"
}

/// A folder that is removed again.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_disk_gives_the_same_answers_and_only_the_named_files_are_read() {
    let scratch = Scratch(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("detection-{}", std::process::id())));
    let mut wrong = Vec::new();
    for (number, case) in cases().iter().enumerate() {
        let root = scratch.0.join(number.to_string());
        fs::create_dir_all(&root).unwrap();
        for (file, content) in &case.files {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), content).unwrap();
        }
        let disk = Disk::new(&root);
        let relative = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
        wrong
            .extend(check(case, &disk, &root, || Some(disk.reads().iter().map(|read| relative(&read.path)).collect())));
    }
    assert!(wrong.is_empty(), "{} expectations are not met:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_same_tree_gives_the_same_answer_whatever_the_order_of_its_files() {
    let root = Path::new("/site");
    for case in cases() {
        let forwards = Memory::new(case.files.iter().map(|(file, content)| (root.join(file), content))).empty(root);
        let backwards = Memory::new(case.files.iter().rev().map(|(file, content)| (root.join(file), content)));
        assert_eq!(detect(&forwards, root, &worker), detect(&backwards.empty(root), root, &worker), "{}", case.name);
    }
}

#[test]
fn a_root_that_is_not_there_holds_no_app() {
    let detection = detect(&Memory::default(), Path::new("/nowhere"), &worker);
    assert_eq!(detection.app, None);
}
