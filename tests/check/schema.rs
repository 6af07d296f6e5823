//! The documented schema of `explain --json`, held against real reports.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::python::{self, App};
use crate::site::{Site, ended, moved_environment, pystart};

fn report(command: &mut Command) -> Value {
    let ended = ended(command);
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {:?} {}", ended.out, ended.err))
}

/// Reports that fill every field at least once.
fn reports() -> Vec<Value> {
    let flask = App::new(&[("app.py", "from flask import Flask\napp = Flask(__name__)\n")]);
    moved_environment(&flask.root, "antenv");
    let site = Site::start(&mut pystart(&flask.root));
    let port = site.port.to_string();
    let running =
        report(pystart(&flask.root).env("PORT", &port).env("WEB_CONCURRENCY", "").args(["explain", "--json"]));
    assert_ne!(running["running"], Value::Null);

    let nearly = App::new(&[("notes.py", "x = 1\n"), ("dashboard.py", "import streamlit as st\nst.title('Hello')\n")]);
    let default_site = report(pystart(&nearly.root).args(["explain", "--json", "--", "no-such-program", "x"]));
    let shell = report(pystart(&nearly.root).env("PYSTART_BEFORE", "true").args(["explain", "--json", "--", "a && b"]));
    let broken = report(pystart(&nearly.root).env("PYSTART_BEFORE", "no-such-program x").args(["explain", "--json"]));
    let fastapi = App::new(&[("main.py", "from fastapi import FastAPI\napp = FastAPI()\n")]);
    let no_gunicorn = report(pystart(&fastapi.root).env("PATH", python::bare_python()).args(["explain", "--json"]));
    assert!(no_gunicorn["cannot_start"]["hint"].is_string());

    let bytes = flask.root.join(OsStr::from_bytes(b"\xff\\"));
    std::fs::create_dir(&bytes).unwrap();
    std::fs::write(bytes.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
    let other_bytes = report(pystart(&bytes).env("VIRTUAL_ENV", &bytes).args(["explain", "--json"]));
    assert!(other_bytes["app_root"].as_str().unwrap().ends_with(r"/\xff\\"), "{other_bytes:#}");

    // The platform's folder is not here, the current one has an app: that is a caveat.
    let mut elsewhere = pystart(&flask.root);
    elsewhere.env_remove("PYSTART_APP_ROOT").current_dir(&flask.root).args(["explain", "--json"]);
    vec![running, default_site, shell, broken, no_gunicorn, other_bytes, report(&mut elsewhere)]
}

#[test]
fn real_reports_fit_the_schema_and_fill_it() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/explain.schema.json");
    let mut validate = Command::new(python::python())
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check/schema.py"), schema])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let reports = Value::from(reports()).to_string();
    validate.stdin.take().unwrap().write_all(reports.as_bytes()).unwrap();
    let output = validate.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
