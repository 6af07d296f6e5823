//! What is told of whole starts: the scenes of `tests/decision/*.txt`, each with its report in `tests/decision/told`.
//!
//! A scene has the form of the detection's cases, with `has` for a package of the image or a file with its first line,
//! `var` for a variable, `word` for each word of the command line, and `unreadable` for a path of the app root. After a wanted change:
//! `SNAPSHOTS=overwrite cargo test --test decision`.

#![allow(dead_code, reason = "the expectations of the detection's cases are of no use here")]

#[path = "../detection/cases.rs"]
mod cases;
#[path = "../scene/mod.rs"]
mod scene;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use cases::{Case, cases_in};
use pystart::commands::explain::{Report, Style};
use pystart::decide::Decision;
use pystart::files::Memory;
use pystart::model::{Detection, Interface, Verdict};
use scene::{PACKAGES, with_gunicorn};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// Python 3.12 and what the scene adds.
fn image(case: &Case) -> Memory {
    let has = case.expected.iter().filter(|(key, _)| key == "has").map(|(_, value)| value.as_str());
    let image = has.fold(scene::image(), |image, thing| match thing.split_once(' ') {
        None if thing.starts_with("/site/") => image.program(thing, ""),
        None => {
            image.program(format!("/usr/bin/{thing}"), "\x7fELF").file(format!("{PACKAGES}/{thing}/__main__.py"), "")
        }
        Some(("gunicorn", version)) => with_gunicorn(image, version),
        Some((path, first_line)) => image.program(path, format!("{first_line}\n")),
    });
    let place = |path: &str| Path::new("/site").join(path);
    let image = case.files.iter().fold(image, |image, (path, text)| image.file(place(path), text));
    let unreadable = case.expected.iter().filter(|(key, _)| key == "unreadable");
    unreadable.fold(image, |image, (_, path)| image.unreadable(place(path)))
}

fn decided(case: &Case) -> Decision {
    let all = |wanted: &'static str| {
        case.expected.iter().filter(move |(key, _)| key == wanted).map(|(_, value)| value.as_str())
    };
    let vars = all("var").map(|pair| pair.split_once('=').unwrap());
    scene::decided(&image(case), vars, all("word"))
}

/// The report, and what it leaves out.
fn told(decision: &Decision) -> String {
    let mut out = Report::new(decision, &[], None, Vec::new()).to_text(Style::PLAIN, false);
    let Ok(launch) = &decision.outcome else { return out };
    writeln!(out, "\nexpected port: {:?}, of gunicorn: {:?}", launch.expected_port, decision.port).unwrap();
    let given: Vec<_> = decision.given.iter().collect();
    for (name, value) in launch.environ.iter().filter(|pair| !given.contains(pair)) {
        writeln!(out, "{}={}", name.display(), value.display()).unwrap();
    }
    out
}

#[test]
fn every_report_is_the_one_that_is_written_down() {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for case in cases_in("tests/decision") {
        let (file, title) = case.name.split_once(": ").unwrap();
        let text = format!("=== {title}\n{}\n", told(&decided(&case)));
        files.entry(file.to_owned()).or_default().push_str(&text);
    }
    for (file, text) in files {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decision/told").join(file).with_extension("txt");
        Assert::new().action_env("SNAPSHOTS").eq(text, Data::read_from(&file, Some(DataFormat::Text)));
    }
}
