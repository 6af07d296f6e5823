//! What is not a transcript and can be checked all the same: links, paths, flags, variables, test programs, fields.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pystart::settings::table::TABLE;
use serde_json::Value;

use crate::pages::{Page, pages, root};
use crate::scenes::Scene;

#[test]
fn links_lead_to_files_and_headings() {
    let pages = pages();
    for page in &pages {
        let folder = page.path.parent().unwrap();
        for link in page.links().into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.path.clone() } else { folder.join(file) };
            assert!(root().join(&target).exists(), "{}: {link}", page.path.display());
            if let Some(anchor) = anchor {
                let target = target.canonicalize().unwrap_or_else(|_| root().join(&target));
                let other = pages.iter().find(|page| root().join(&page.path) == target);
                let has = other.is_some_and(|page| page.anchors().iter().any(|own| own == anchor));
                assert!(has, "{}: no heading for {link}", page.path.display());
            }
        }
    }
}

#[test]
fn the_index_lists_every_page() {
    let pages = pages();
    let of = |name: &str| pages.iter().find(|page| page.path == Path::new(name)).unwrap();
    let listed: BTreeSet<&str> = of("docs/README.md").links().into_iter().collect();
    let found = pages.iter().filter_map(|page| page.path.strip_prefix("docs").ok()?.to_str());
    let found: BTreeSet<&str> = found.filter(|name| *name != "README.md").collect();
    assert_eq!(listed, found);
}

#[test]
fn the_readme_fits_on_a_few_screens() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "{lines} lines");
}

#[test]
fn paths_that_are_named_exist() {
    const FOLDERS: [&str; 9] =
        ["src", "tests", "benches", "docs", "deploy", "examples", "image", "packaging", ".github"];
    for page in pages() {
        for span in page.spans() {
            let path = span.split([':', ' ']).next().unwrap_or_default();
            let is_path =
                FOLDERS.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
            // A pattern, or a folder of somebody's app.
            if is_path && !path.contains(['*', '<', '{']) && path != "src/" {
                let of_an_app = ["examples/flask", "docs/conf.py"].iter().any(|own| path.starts_with(own));
                assert!(of_an_app || root().join(path).exists(), "{}: `{span}`", page.path.display());
            }
        }
    }
}

/// Every command line of pystart in a page: blocks and what stands between backticks.
fn command_lines(page: &Page) -> Vec<Vec<String>> {
    let blocks = page.blocks();
    let lines = blocks.iter().flat_map(|block| block.lines.iter().copied()).chain(page.spans());
    let calls = lines.filter_map(|line| line.trim().trim_start_matches("$ ").strip_prefix("pystart "));
    calls
        .map(|call| call.split_whitespace().map(|word| word.trim_matches(['[', ']', '"']).to_owned()).collect())
        .collect()
}

#[test]
fn flags_that_are_named_exist() {
    let mut count = 0;
    for page in pages() {
        for call in command_lines(&page) {
            let Some((subcommand, words)) = call.split_first() else { continue };
            let rows = || {
                TABLE.iter().map(|setting| setting.row()).filter(|row| row.subcommands.contains(&subcommand.as_str()))
            };
            if rows().next().is_none() {
                continue;
            }
            // Behind the first word that is no option stands the custom command.
            for flag in words.iter().take_while(|word| *word != "--").filter_map(|word| word.strip_prefix("--")) {
                let flag = flag.split(['=', '`']).next().unwrap_or_default();
                let is_known = flag == "help" || rows().any(|row| row.usage.long() == Some(flag));
                let is_of_the_command = words.iter().any(|word| !word.starts_with('-'));
                assert!(is_known || is_of_the_command, "{}: pystart {}", page.path.display(), call.join(" "));
                count += 1;
            }
        }
    }
    assert!(count >= 5, "only {count} flags");
}

/// Every word of capitals that begins with `PYSTART_`.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words
        .filter(|word| word.starts_with("PYSTART_") && word.len() > 8 && !word.ends_with('_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn variables_that_are_named_are_read_and_those_that_are_read_are_named() {
    let settings: BTreeSet<String> = TABLE
        .iter()
        .flat_map(|setting| setting.row().variables)
        .map(|name| (*name).to_owned())
        .filter(|name| name.starts_with("PYSTART_"))
        .collect();
    // What the program tells itself, and what a build is told.
    let others = ["PYSTART_PID1", "PYSTART_COMMIT", "PYSTART_BUILD"].map(str::to_owned);
    let mut named = BTreeSet::new();
    for page in pages() {
        for name in variables(&page.text) {
            assert!(settings.contains(&name) || others.contains(&name), "{}: {name}", page.path.display());
            named.insert(name);
        }
    }
    let unnamed: Vec<_> = settings.difference(&named).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

#[test]
fn test_programs_benchmarks_and_examples_that_are_named_exist() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for page in pages() {
        let words: Vec<&str> =
            page.text.split(|letter: char| letter.is_whitespace() || "`,;.)(".contains(letter)).collect();
        for pair in words.windows(2) {
            let (folder, name) = match pair {
                ["--test", name] => ("tests", name),
                ["--bench", name] => ("benches", name),
                ["--example", name] => ("examples", name),
                _ => continue,
            };
            let is_there = root().join(folder).join(format!("{name}.rs")).exists()
                || root().join(folder).join(name).join("main.rs").exists()
                || manifest.contains(&format!("name = \"{name}\""));
            assert!(is_there, "{}: {} {name}", page.path.display(), pair[0]);
        }
    }
}

#[test]
fn the_page_on_json_names_every_field() {
    let scene = Scene::new("flask");
    let output = scene.command("pystart explain --json", 0).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let page = fs::read_to_string(root().join("docs/explain.md")).unwrap();
    for field in report.as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
}
