//! The table of small trees in `tests/detection/*.txt`, as data that anybody can extend; its form is explained in
//! `docs/detection.md`.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use pystart::detect::detect;
use pystart::files::{Disk, Files, Memory};
use pystart::model::{Detection, Interface, Verdict};

/// One tree and what is expected of it.
struct Case {
    name: String,
    files: Vec<(String, String)>,
    expected: Vec<(String, String)>,
}

/// Every case of every file, in order.
fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detection");
    let mut tables: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tables.sort();
    let mut cases: Vec<Case> = Vec::new();
    for table in tables {
        let label = table.file_stem().unwrap().to_string_lossy().into_owned();
        let before = cases.len();
        let text = fs::read_to_string(&table).unwrap();
        // What stands before the first case explains the file.
        for line in text.lines().skip_while(|line| !line.starts_with("=== ")) {
            if let Some(name) = line.strip_prefix("=== ") {
                cases.push(Case { name: format!("{label}: {name}"), files: Vec::new(), expected: Vec::new() });
                continue;
            }
            let case = cases.last_mut().unwrap();
            if let Some(file) = line.strip_prefix("--- ") {
                case.files.push((file.to_owned(), String::new()));
            } else if let Some(expectation) = line.strip_prefix(">>> ") {
                let (key, value) = expectation.split_once(": ").unwrap_or_else(|| panic!("{label}: {line}"));
                case.expected.push((key.to_owned(), value.to_owned()));
            } else if let Some((_, content)) = case.files.last_mut() {
                content.push_str(line);
                content.push('\n');
            }
        }
        assert!(cases.len() > before, "no case in {}", table.display());
    }
    cases
}

/// What was found, in the words of the table.
fn started(detection: &Detection) -> String {
    let Some(app) = &detection.app else { return "nothing".to_owned() };
    match &app.object {
        Some(object) => format!("{}:{object}", app.module),
        None => app.module.clone(),
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// What differs from one expectation, if anything.
fn difference(detection: &Detection, reads: Option<&[String]>, key: &str, expected: &str) -> Option<String> {
    let app = detection.app.as_ref();
    let found = match key {
        "starts" => started(detection),
        "folder" => app.map(|app| app.folder.display().to_string()).unwrap_or_default(),
        "file" => app.map(|app| app.file.display().to_string()).unwrap_or_default(),
        "framework" => app.map(|app| app.framework.to_owned()).unwrap_or_default(),
        "step" => app.map(|app| format!("{:?}", app.step).to_lowercase()).unwrap_or_default(),
        "interface" => match app.map(|app| app.interface) {
            Some(Interface::Wsgi) => "wsgi".to_owned(),
            Some(Interface::Asgi) => "asgi".to_owned(),
            None => String::new(),
        },
        "reads" => match reads {
            Some(reads) => reads.join(" "),
            None => return None,
        },
        "notice" => lines(detection.notices.iter().map(|notice| format!("{notice:?}"))),
        "no notice" => return detection.notices.first().map(|notice| format!("{notice:?}")),
        "miss" => lines(detection.near_misses.iter().map(|miss| {
            let command = miss.command.as_deref().unwrap_or("-");
            format!("{}: {} ({command})", miss.path.display(), miss.reason)
        })),
        "first miss" => detection.near_misses.first().map(|miss| miss.path.display().to_string()).unwrap_or_default(),
        "no miss" => {
            let missed = detection.near_misses.iter().find(|miss| miss.path.ends_with(expected));
            return missed.map(|miss| format!("{miss:?}"));
        }
        "rejects" => {
            let rejected = detection.evidence.iter().filter(|evidence| evidence.verdict == Verdict::Rejected);
            lines(rejected.map(|evidence| format!("{} {}", evidence.subject, evidence.reason)))
        }
        _ => panic!("unknown expectation `{key}`"),
    };
    let is_part = matches!(key, "notice" | "miss" | "rejects");
    let is_met = if is_part { found.contains(expected) } else { found == expected };
    (!is_met).then(|| format!("{key}: expected `{expected}`, found `{found}`"))
}

fn check(case: &Case, files: &dyn Files, root: &Path, reads: impl Fn() -> Option<Vec<String>>) -> Vec<String> {
    let detection = detect(files, root);
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
        assert_eq!(detect(&forwards, root), detect(&backwards.empty(root), root), "{}", case.name);
    }
}

#[test]
fn a_root_that_is_not_there_holds_no_app() {
    let detection = detect(&Memory::default(), Path::new("/nowhere"));
    assert_eq!(detection.app, None);
}
