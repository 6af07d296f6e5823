//! Command lines of gunicorn at random: what is read of them here is what gunicorn's own parser reads.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use pystart::files::Memory;
use pystart::gunicorn::options::UserOptions;
use serde_json::Value;

use super::{Root, explain, python};

/// Reads one line of JSON after the other, each a `GUNICORN_CMD_ARGS`, and answers with what is set, or `refused`.
const ORACLE: &str = r#"
import contextlib, io, json, shlex, sys
lines = [json.loads(line) for line in sys.stdin]
sys.argv = ["gunicorn"]
from gunicorn.config import Config
parser = Config().parser()
for line in lines:
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            args = vars(parser.parse_args(shlex.split(line)))
    except (SystemExit, ValueError):
        print("refused")
    else:
        print(json.dumps({
            "set": sorted(name for name in ("bind", "chdir", "config", "timeout", "worker_class", "worker_tmp_dir", "workers")
                          if args[name] is not None),
            "chdir": args["chdir"], "worker_class": args["worker_class"],
        }))
"#;

/// The settings that release 23 of gunicorn has.
const SETTINGS: [&str; 7] = ["bind", "chdir", "config", "timeout", "worker_class", "worker_tmp_dir", "workers"];

fn line() -> impl Strategy<Value = String> {
    let options = [
        "--bind",
        "--bin",
        "-b",
        "-Rb",
        "--chdir",
        "--chd",
        "--config",
        "--conf",
        "-c",
        "--timeout",
        "--time",
        "--t",
        "-t",
        "-RDt",
        "--worker-class",
        "--worker-cl",
        "--worker-c",
        "-k",
        "--worker-tmp-dir",
        "--worker-t",
        "--workers",
        "-w",
        "--threads",
        "--reload",
        "-D",
        "-R",
        "--name",
        "-n",
        "--log-file",
        "--backlog",
        "--",
        "-",
        "--graceful-timeout",
        "--graceful",
        "-e",
        "--env",
        "--preload",
        "-h",
        "-v",
        "-x",
        "--no-such",
        "-1",
    ];
    let values = [
        "5",
        "x",
        "a:b",
        "'a b'",
        "\"-c d\"",
        "'-k e'",
        "-3",
        "-.5",
        "=",
        "''",
        "a\\ b",
        "\"\\$\\\"\\\\\"",
        "-b",
        "#",
        "'",
    ];
    let option = (prop::sample::select(options.to_vec()), prop::sample::select(vec!["", " ", "=", "  "]));
    let part = (option, prop::sample::select(values.to_vec()))
        .prop_map(|((option, between), value)| format!("{option}{between}{value}"));
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.join(" "))
}

#[test]
fn what_is_set_is_what_gunicorns_own_parser_says() {
    let mut runner = TestRunner::deterministic();
    let lines: Vec<String> = (0..6000).map(|_| line().new_tree(&mut runner).unwrap().current()).collect();
    let mut input = String::new();
    for line in &lines {
        writeln!(input, "{}", serde_json::to_string(line).unwrap()).unwrap();
    }
    let mut oracle = Command::new(python::python());
    let mut oracle = oracle.args(["-c", ORACLE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    oracle.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = oracle.wait_with_output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), lines.len());
    let files = Memory::default().empty("/site");
    let mut accepted = 0;
    for (line, answer) in lines.iter().zip(answers.lines()) {
        let options = UserOptions::gather(&files, Path::new("/site"), &[], Some(OsStr::new(line)));
        // What gunicorn refuses is started and refused by it.
        if answer == "refused" {
            continue;
        }
        accepted += 1;
        assert!(!options.cannot_be_split, "{line}");
        let set: Vec<&str> = SETTINGS.into_iter().filter(|name| options.sets(name)).collect();
        let answer: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(serde_json::json!(set), answer["set"], "{line}");
        assert_eq!(options.chdir.as_deref(), answer["chdir"].as_str().map(OsStr::new), "{line}");
        assert_eq!(options.worker_class.as_deref(), answer["worker_class"].as_str(), "{line}");
    }
    assert!(accepted > 1000, "{accepted}");
}

#[test]
fn what_a_configuration_may_set_unseen_is_left_to_it() {
    let root = Root::new();
    fs::write(root.0.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
    let decision = || {
        let mut command = explain(&root.0);
        let output = command.arg("--json").env("PATH", python::image()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let sets_port = report["env"]["set"].as_array().unwrap().iter().any(|name| name == "PORT");
        (report["argv"].as_array().unwrap()[1..].to_vec(), sets_port)
    };
    assert_eq!(decision(), (["--bind=0.0.0.0", "--timeout", "600", "app:app"].map(Value::from).to_vec(), false));
    fs::write(root.0.join("gunicorn.conf.py"), "from base import *\n").unwrap();
    assert_eq!(decision(), (vec![Value::from("app:app")], true), "gunicorn makes its address from `PORT`");
    fs::write(root.0.join("base.py"), "timeout = 5\n").unwrap();
    assert_eq!(decision(), (["--bind=0.0.0.0", "app:app"].map(Value::from).to_vec(), false));
}
