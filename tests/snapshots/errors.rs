//! Each error that ends a start before the server runs: the message, what to do next, the status.

use std::net::TcpListener;

use crate::compare;
use crate::scene::Scene;

pub(crate) const NAMES: &[&str] = &[
    "error-unknown-option",
    "error-app-root",
    "error-port",
    "error-init",
    "error-grace",
    "error-log-level",
    "error-log-format",
    "error-strict",
    "error-workers",
    "error-health-path",
    "error-time-limit",
    "error-empty-command",
    "error-unbalanced-quotes",
    "error-only-variables",
    "error-program-not-found",
    "error-program-not-executable",
    "error-program-is-a-folder",
    "error-empty-file",
    "error-only-comments",
    "error-circle",
    "error-no-interpreter",
    "error-no-python-for-file",
    "error-mistyped-subcommand",
    "error-no-gunicorn",
    "error-no-worker-class",
    "error-no-python-to-build-with",
    "error-port-taken",
];

const FLASK: &str = "from flask import Flask\n\napp = Flask(__name__)\n";

#[test]
fn a_bad_value_is_named_with_the_accepted_form() {
    let scene = Scene::with_gunicorn(&[("app.py", FLASK)]);
    compare("error-unknown-option", scene.call(&["run", "--app-rot", "/srv"], &[]));
    compare("error-app-root", scene.call(&["run", "--app-root", "/nowhere"], &[]));
    for (name, variable, value) in [
        ("error-port", "PORT", "eighty"),
        ("error-init", "PYSTART_INIT", "sometimes"),
        ("error-grace", "PYSTART_GRACE", "soon"),
        ("error-log-level", "PYSTART_LOG", "loud"),
        ("error-log-format", "PYSTART_LOG_FORMAT", "xml"),
        ("error-strict", "PYSTART_STRICT", "perhaps"),
        ("error-workers", "WEB_CONCURRENCY", "many"),
    ] {
        compare(name, scene.call(&["run"], &[(variable, value)]));
    }
    compare("error-health-path", scene.call(&["health", "--path", "no slash"], &[]));
    compare("error-time-limit", scene.call(&["check", "--time-limit", "never"], &[]));
}

#[test]
fn a_custom_command_that_cannot_be_processed_says_why() {
    let scene = Scene::with_gunicorn(&[
        ("app.py", FLASK),
        ("folder/file", ""),
        ("plain", "\u{7f}ELF\0\0"),
        ("empty.txt", ""),
        ("comments.txt", "# nothing\n"),
        ("circle.txt", "circle.txt\n"),
    ]);
    scene.program("script", "#!/opt/gone/bin/ruby\n");
    for (name, words) in [
        ("error-empty-command", &[""][..]),
        ("error-unbalanced-quotes", &["gunicorn 'app:app"]),
        ("error-only-variables", &["DEBUG=1"]),
        ("error-program-not-found", &["gunicrn", "app:app"]),
        ("error-program-not-executable", &["./plain", "--now"]),
        ("error-mistyped-subcommand", &["explian", "--json"]),
        ("error-program-is-a-folder", &["./folder"]),
        ("error-empty-file", &["empty.txt"]),
        ("error-only-comments", &["comments.txt"]),
        ("error-circle", &["circle.txt"]),
        ("error-no-interpreter", &["./script"]),
    ] {
        compare(name, scene.call(&[&["run", "--strict", "--"], words].concat(), &[]));
    }
}

#[test]
fn what_is_missing_for_a_start_is_named() {
    let bare = Scene::new(&[("app.py", FLASK), ("serve.py", "print()\n"), ("requirements.txt", "flask\n")]);
    compare("error-no-gunicorn", bare.call(&["run"], &[]));
    compare("error-no-python-for-file", bare.call(&["run", "--strict", "serve.py"], &[]));
    compare("error-no-python-to-build-with", bare.call(&["build"], &[]));
    let asgi = Scene::with_gunicorn(&[("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n")]);
    let init = "antenv/lib/python3.11/site-packages/gunicorn/__init__.py";
    asgi.app.write(init, "version_info = (23, 0, 0)\n");
    compare("error-no-worker-class", asgi.call(&["run"], &[]));
}

#[test]
fn a_port_that_is_taken_is_an_error_by_hand() {
    let scene = Scene::with_gunicorn(&[("app.py", FLASK)]);
    let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let printed = scene.call(&["run"], &[("PORT", &port)]);
    // The one who listens is this test.
    let (before, rest) = printed.split_once("process ").expect("it names the process");
    let (_, after) = rest.split_once("`)").expect("it names the program");
    compare("error-port-taken", format!("{before}process PID (`PROGRAM`){after}").replace(&port, "8000"));
}
