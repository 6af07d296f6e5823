//! Every entry of every table has a case that notices when the entry is deleted.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../tests/detection/cases.rs"]
mod cases;

use std::path::Path;

use cases::{Case, difference};

use super::candidate::server_calls::{SERVER_CALLS, SERVERS};
use super::words::deletion::without;
use super::{detect, frameworks, names, project};
use crate::files::Memory;
use crate::model::{Detection, Interface, Verdict};

/// A case with its tree.
struct Tree {
    case: Case,
    files: Memory,
    text: String,
}

const ROOT: &str = "/site";

fn trees() -> Vec<Tree> {
    let root = Path::new(ROOT);
    let trees = cases::cases().into_iter().map(|case| {
        let files = Memory::new(case.files.iter().map(|(file, content)| (root.join(file), content))).empty(root);
        let text = format!("{:?} {:?}", case.files, case.expected);
        Tree { case, files, text }
    });
    trees.collect()
}

impl Tree {
    fn differs(&self) -> bool {
        let detection = detect(&self.files, Path::new(ROOT), &|| "uvicorn_worker.UvicornWorker");
        self.case.expected.iter().any(|(key, expected)| difference(&detection, None, key, expected).is_some())
    }
}

/// The entries that no case misses, of those given by table, entry, and the text that a case for it contains.
fn unnoticed<'a>(entries: impl Iterator<Item = (&'a str, String, &'a str)>) -> Vec<String> {
    let trees = trees();
    let is_missed = |table: &str, entry: &str, text: &str| {
        without(table, entry, || trees.iter().filter(|tree| tree.text.contains(text)).any(Tree::differs))
    };
    let unnoticed = entries.filter(|(table, entry, text)| !is_missed(table, entry, text));
    unnoticed.map(|(table, entry, _)| format!("{table}: {entry}")).collect()
}

#[test]
fn no_word_of_a_table_can_be_deleted_unnoticed() {
    let tables = names::TABLES.iter().chain(frameworks::TABLES).chain(project::TABLES);
    let words = tables.flat_map(|table| table.iter().map(|word| (table.name(), word.to_owned(), word)));
    let words = words.map(|(table, word, text)| (table, word, text.trim_end_matches(".py")));
    let unnoticed = unnoticed(words);
    assert!(unnoticed.is_empty(), "{} words have no case:\n{}", unnoticed.len(), unnoticed.join("\n"));
}

#[test]
fn no_server_call_can_be_deleted_unnoticed() {
    let entries = SERVER_CALLS
        .iter()
        .flat_map(|(name, all)| all.iter().map(move |says| ("SERVER_CALLS", format!("{name} {says:?}"), *name)));
    let unnoticed = unnoticed(entries);
    assert!(unnoticed.is_empty(), "{} calls have no case:\n{}", unnoticed.len(), unnoticed.join("\n"));
}

#[test]
fn no_server_can_be_deleted_unnoticed() {
    let last = |server: &'static str| server.rsplit('.').next().unwrap();
    let unnoticed = unnoticed(SERVERS.iter().map(|(server, ..)| ("SERVERS", (*server).to_owned(), last(server))));
    assert!(unnoticed.is_empty(), "{} servers have no case:\n{}", unnoticed.len(), unnoticed.join("\n"));
}
