//! The cases of `tests/detection/*.txt`: trees and what is expected of each. Shared by the tests of the whole detection
//! and by those that delete from its tables.

use std::fs;
use std::path::Path;

use super::{Detection, Interface, Verdict};

/// One tree and what is expected of it.
#[derive(Clone)]
pub(super) struct Case {
    /// The file and the title.
    pub name: String,
    /// Path and content.
    pub files: Vec<(String, String)>,
    /// What is asked, and the answer.
    pub expected: Vec<(String, String)>,
    /// It differs from the one before by a word of its `for`.
    #[allow(dead_code, reason = "not of interest to those that delete from the tables")]
    pub is_variant: bool,
}

/// Every case of the detection.
pub(super) fn cases() -> Vec<Case> {
    cases_in("tests/detection")
}

/// Every case of every file of a folder, in order; a case with `for` once for each of its words.
pub(super) fn cases_in(folder: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut tables: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tables.retain(|path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "txt"));
    tables.sort();
    let mut cases: Vec<Case> = Vec::new();
    for table in tables {
        let label = table.file_stem().unwrap().to_string_lossy().into_owned();
        let before = cases.len();
        let text = fs::read_to_string(&table).unwrap();
        // What stands before the first case explains the file.
        for line in text.lines().skip_while(|line| !line.starts_with("=== ")) {
            if let Some(name) = line.strip_prefix("=== ") {
                let name = format!("{label}: {name}");
                cases.push(Case { name, files: Vec::new(), expected: Vec::new(), is_variant: false });
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
    cases.into_iter().flat_map(expanded).collect()
}

/// A case once for each word of its `for`, put in where `{}` stands.
fn expanded(mut case: Case) -> Vec<Case> {
    let Some(at) = case.expected.iter().position(|(key, _)| key == "for") else { return vec![case] };
    let (_, words) = case.expected.remove(at);
    let fill = |pairs: &[(String, String)], word: &str| {
        pairs.iter().map(|(one, other)| (one.replace("{}", word), other.replace("{}", word))).collect()
    };
    let filled = words.split_whitespace().enumerate().map(|(number, word)| Case {
        name: format!("{}: {word}", case.name),
        files: fill(&case.files, word),
        expected: fill(&case.expected, word),
        is_variant: number > 0,
    });
    filled.collect()
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

/// What differs from one expectation, if anything; `reads` are the files that were read, where that is known.
pub(super) fn difference(detection: &Detection, reads: Option<&[String]>, key: &str, expected: &str) -> Option<String> {
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
            Some(Interface::Aiohttp) => "aiohttp".to_owned(),
            None => String::new(),
        },
        "fallback" => app.and_then(|app| app.fallback.as_ref()).map(|app| app.module.clone()).unwrap_or_default(),
        "outranks" => {
            let outranked = detection.evidence.iter().filter(|evidence| evidence.verdict == Verdict::Outranked);
            lines(outranked.map(|evidence| format!("{} {}", evidence.subject, evidence.reason)))
        }
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
    let is_part = matches!(key, "notice" | "miss" | "rejects" | "outranks");
    let is_met = if is_part { found.contains(expected) } else { found == expected };
    (!is_met).then(|| format!("{key}: expected `{expected}`, found `{found}`"))
}
