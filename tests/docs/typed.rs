//! What a reader is told to type is run by a test, or listed with a reason: commands.rs.

use std::fs;

use crate::commands::{COMMANDS, Run};
use crate::pages::{deployed, pages, root};

/// What the gate runs anyway: `cargo test`, with names that statements.rs looks up.
fn is_of_the_gate(command: &str) -> bool {
    command.strip_prefix("cargo test").is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[test]
fn every_command_is_run_or_says_why_not() {
    let mut found: Vec<(String, String)> = deployed();
    for page in pages() {
        let name = page.path.display().to_string();
        found.extend(page.commands().into_iter().map(|command| (name.clone(), command)));
    }
    found.retain(|(_, command)| !is_of_the_gate(command));
    let mut listed: Vec<(String, String)> = Vec::new();
    for (page, _, commands) in COMMANDS {
        listed.extend(commands.iter().map(|command| ((*page).to_owned(), (*command).to_owned())));
    }
    let without = |of: &[(String, String)], others: &[(String, String)]| {
        let mut others = others.to_vec();
        let is_left = |row: &&(String, String)| {
            let place = others.iter().position(|other| other == *row);
            place.map(|place| others.remove(place)).is_none()
        };
        of.iter().filter(is_left).cloned().collect::<Vec<_>>()
    };
    let (unlisted, gone) = (without(&found, &listed), without(&listed, &found));
    assert!(unlisted.is_empty() && gone.is_empty(), "neither run nor listed: {unlisted:#?}\nin no page: {gone:#?}");
    assert!(found.len() > 30, "{found:#?}");
}

#[test]
fn the_tests_that_run_them_are_there_and_take_them_from_the_list() {
    for (page, run, _) in COMMANDS {
        match run {
            Run::By(test) => {
                let (file, name) = test.split_once("::").unwrap();
                let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
                assert!(source.contains(&format!("fn {name}(")), "{page}: {file} has no test {name}");
                assert!(source.contains(&format!("\"{test}\"")), "{page}: {test} does not ask for its commands");
            }
            Run::Not(reason) => assert!(reason.split(' ').count() >= 3, "{page}: {reason}"),
        }
    }
}
