//! The tables of small trees in `tests/detection/*.txt`, as data that anybody can extend; its form is explained in
//! `docs/detection.md`.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "detection/cases.rs"]
mod cases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cases::{Case, cases, difference};
use pystart::detect::detect;
use pystart::files::{Disk, Files, Memory};
use pystart::model::{Detection, Interface, Verdict};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

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
    let scratch = Scratch(
        Path::new(option_env!("CARGO_TARGET_TMPDIR").unwrap_or("/dev/shm"))
            .join(format!("detection-{}", std::process::id())),
    );
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

/// All that is told of a tree.
fn told(detection: &Detection) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").unwrap();
    let mut app = detection.app.as_ref();
    while let Some(found) = app {
        line(format!(
            "app: {} {:?} {}:{} folder `{}` file `{}`: {}",
            found.framework,
            found.interface,
            found.module,
            found.object.as_deref().unwrap_or("-"),
            found.folder.display(),
            found.file.display(),
            found.reason
        ));
        app = found.fallback.as_deref();
    }
    for fact in &detection.evidence {
        line(format!("{:?}, {:?}: {}: {}", fact.step, fact.verdict, fact.subject, fact.reason));
    }
    for notice in &detection.notices {
        line(format!("notice: {} ({})", notice.message, notice.hint.as_deref().unwrap_or("-")));
    }
    for miss in &detection.near_misses {
        line(format!("miss: {}: {} ({})", miss.path.display(), miss.reason, miss.command.as_deref().unwrap_or("-")));
    }
    out
}

/// A case with `for` for the first of its words. After a wanted change: `SNAPSHOTS=overwrite cargo test --test detection`.
#[test]
fn every_sentence_about_every_tree_is_the_one_that_is_written_down() {
    let root = Path::new("/site");
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for case in cases().iter().filter(|case| !case.is_variant) {
        let (table, title) = case.name.split_once(": ").unwrap();
        let tree = Memory::new(case.files.iter().map(|(file, content)| (root.join(file), content))).empty(root);
        let text = format!("=== {title}\n{}\n", told(&detect(&tree, root, &worker)));
        tables.entry(table.to_owned()).or_default().push_str(&text);
    }
    for (table, text) in tables {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detection/told").join(table).with_extension("txt");
        Assert::new().action_env("SNAPSHOTS").eq(text, Data::read_from(&file, Some(DataFormat::Text)));
    }
}
