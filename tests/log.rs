//! What is written to standard error: its settings, its forms, and that nothing in it can act on a terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::process::{Command, Output};

/// A file name that clears the screen and fakes a line of the log.
const HOSTILE: &str = "start\x1b[2J\npystart: all is well\u{9b}2J\u{202e}.sh";

/// What it looks like to a reader.
const SHOWN: &str = r"start\u{1b}[2J\npystart: all is well\u{9b}2J\u{202e}.sh";

fn pystart(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let root = fs::canonicalize(env!("CARGO_TARGET_TMPDIR")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_pystart"))
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PYSTART_APP_ROOT", root)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_bad_setting_of_the_log_is_the_same_error_for_every_command() {
    for command in ["run", "explain", "check", "build", "env", "health"] {
        for name in ["PYSTART_LOG", "PYSTART_LOG_FORMAT"] {
            let output = pystart(&[command], &[(name, "loud")]);
            assert_eq!(output.status.code(), Some(2), "{command}");
            let text = stderr(&output);
            assert!(text.starts_with(&format!("pystart: error: the value of the variable `{name}`")), "{text}");
            assert!(output.stdout.is_empty(), "{command}");
        }
    }
    assert_eq!(pystart(&["--help"], &[("PYSTART_LOG", "loud")]).status.code(), Some(0));
}

#[test]
fn a_hostile_name_is_shown_and_does_nothing() {
    let output = pystart(&["run", "--strict", &format!("./{HOSTILE}")], &[]);
    assert_eq!(output.status.code(), Some(127), "{}", stderr(&output));
    assert!(stderr(&output).contains(SHOWN), "{:?}", stderr(&output));
    // The same in the lines of the log: without `--strict` it is a warning.
    let output = pystart(&["run", "--init", "always", "--", "true", HOSTILE], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains(SHOWN), "{:?}", stderr(&output));
    for line in stderr(&output).split_inclusive('\n') {
        let is_plain = line.trim_end_matches('\n').chars().all(|character| !character.is_control());
        assert!(line.starts_with("pystart: ") && is_plain, "{line:?}");
    }
}

#[test]
fn an_argument_in_a_usage_error_does_nothing_either() {
    let output = pystart(&["explain", "--\x1b[2J\u{9b}2J"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains(r"\u{9b}2J"), "{text:?}");
    assert!(
        text.lines().count() > 3 && !text.contains(|letter: char| letter.is_control() && letter != '\n'),
        "{text:?}"
    );
    // A report for machines is shown on terminals, too.
    let output = pystart(&["explain", "--json", "--", "true", "\u{7f}\u{9b}2J\u{202e}"], &[]);
    let json = str::from_utf8(&output.stdout).unwrap();
    assert!(json.contains(r"\u007f\u009b2J\u202e"), "{json:?}");
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(value["argv"][1], "\u{7f}\u{9b}2J\u{202e}");
}

#[test]
fn json_holds_the_same_lines_one_object_each() {
    let command = ["run", "--init", "always", "--", "true", HOSTILE];
    let text = pystart(&command, &[("PYSTART_LOG_FORMAT", "text")]);
    let json = pystart(&command, &[("PYSTART_LOG_FORMAT", "JSON")]);
    let objects: Vec<serde_json::Value> =
        stderr(&json).lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(objects.len(), stderr(&text).lines().count(), "{}", stderr(&text));
    for object in &objects {
        assert_eq!(object["level"], "INFO", "{object}");
        assert!(object["timestamp"].is_string() && object["message"].is_string(), "{object}");
    }
    assert!(objects.iter().any(|object| object["message"].as_str().unwrap().contains("all is well")));
}

#[test]
fn the_level_says_which_lines_are_written() {
    let lines = |level| {
        let output = pystart(&["run", "--init", "always", "--", "true"], &[("PYSTART_LOG", level)]);
        assert_eq!(output.status.code(), Some(0), "{level}");
        stderr(&output).lines().count()
    };
    assert_eq!((lines("off"), lines("error"), lines("Warn")), (0, 0, 0));
    let (info, debug) = (lines("info"), lines("debug"));
    assert!(0 < info && info < debug, "{info} {debug}");
}
