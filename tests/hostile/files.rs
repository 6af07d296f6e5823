//! App roots with what is no plain file, what may not be read, and what has no name in UTF-8.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::Value;

use super::{Root, bounded, explain};

/// Every file that a start may look at.
const NAMES: [&str; 14] = [
    "app.py",
    "application.py",
    "main.py",
    "gunicorn.conf.py",
    "requirements.txt",
    "pyproject.toml",
    "setup.cfg",
    "Procfile",
    "manage.py",
    "startup.sh",
    "startup.txt",
    "oryx-manifest.toml",
    "build.env",
    ".flaskenv",
];

fn report(command: &mut Command) -> Value {
    let output = bounded(command.arg("--json"), 10, 400);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn nothing_in_the_place_of_a_file_holds_up_a_start_or_fills_the_memory() {
    for make in [
        |path: &Path| mkfifo(path, Mode::S_IRWXU).unwrap(),
        |path: &Path| symlink("/dev/zero", path).unwrap(),
        |path: &Path| symlink("/dev/tty", path).unwrap(),
        |path: &Path| fs::create_dir(path).unwrap(),
        |path: &Path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        |path: &Path| symlink(path, path).unwrap(),
    ] {
        let root = Root::new();
        for name in NAMES {
            make(&root.0.join(name));
        }
        fs::create_dir(root.0.join("shop")).unwrap();
        make(&root.0.join("shop/wsgi.py"));
        fs::create_dir(root.0.join("antenv")).unwrap();
        make(&root.0.join("antenv/pyvenv.cfg"));
        let report = report(&mut explain(&root.0));
        assert_ne!(report["step"], "custom");
        for command in ["startup.sh", "startup.txt", "-c gunicorn.conf.py app:app"] {
            let output = bounded(explain(&root.0).env("PYSTART_COMMAND", command), 10, 400);
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn a_link_out_of_the_app_root_is_followed_nowhere() {
    let (root, outside) = (Root::new(), Root::new());
    fs::create_dir(root.0.join("shop")).unwrap();
    let source = "from flask import Flask\napp = application = Flask(__name__)\n";
    for name in ["app.py", "main.py", "shop/wsgi.py", "shop/app.py"] {
        fs::write(outside.0.join("code.py"), source).unwrap();
        symlink(outside.0.join("code.py"), root.0.join(name)).unwrap();
    }
    let report = report(&mut explain(&root.0));
    assert_eq!(report["step"], "default-site", "{report:#}");
    let read = report["files_read"].as_array().unwrap();
    let is_python = |file: &Value| Path::new(file["path"].as_str().unwrap()).extension() == Some(OsStr::new("py"));
    assert!(!read.iter().any(is_python), "{read:?}");
}

/// As a user who owns nothing; `None` where this process is not allowed to become one.
fn as_nobody(command: &mut Command) -> Option<&mut Command> {
    nix::unistd::geteuid().is_root().then(|| command.uid(65_534).gid(65_534))
}

#[test]
fn what_may_not_be_read_is_not_said_to_be_absent() {
    let root = Root::new();
    fs::write(root.0.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
    fs::set_permissions(&root.0, Permissions::from_mode(0o700)).unwrap();
    let mut command = explain(&root.0);
    let Some(command) = as_nobody(&mut command) else { return };
    let forbidden = report(command);
    let facts = forbidden["evidence"].as_array().unwrap();
    let fact = |step: &str| facts.iter().find(|fact| fact["step"] == step).unwrap()["reason"].as_str().unwrap();
    for step in ["django", "flask", "other"] {
        assert!(fact(step).starts_with("may not be read by the user that pystart runs as"), "{step}: {}", fact(step));
    }
    assert!(!forbidden.to_string().contains("not in the app root"), "{forbidden:#}");
    let first = forbidden["warnings"][0]["message"].as_str().unwrap();
    assert!(first.starts_with("the app root `") && first.contains("may not be read"), "{first}");

    // A folder in it: what else there is is looked at.
    fs::set_permissions(&root.0, Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(root.0.join("app.py")).unwrap();
    fs::create_dir(root.0.join("shop")).unwrap();
    fs::set_permissions(root.0.join("shop"), Permissions::from_mode(0o700)).unwrap();
    let mut command = explain(&root.0);
    let forbidden = report(as_nobody(&mut command).unwrap());
    let facts = forbidden["evidence"].as_array().unwrap();
    assert!(facts.iter().any(|fact| fact["subject"] == "shop/" && fact["verdict"] == "rejected"), "{facts:#?}");
    let first = forbidden["warnings"][0]["message"].as_str().unwrap();
    assert!(first.starts_with("`shop/` may not be read by the user that pystart runs as"), "{first}");
}

#[test]
fn names_that_are_not_utf_8_are_told_and_json_is_always_there() {
    let root = Root::new();
    let odd = root.0.join(OsStr::from_bytes(b"a\\b\xff"));
    fs::create_dir_all(odd.join("venv/lib/python3.11/site-packages")).unwrap();
    fs::write(odd.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
    let environment = odd.join("venv");
    let found = report(explain(&odd).env("VIRTUAL_ENV", &environment));
    let shown = format!("{}/a\\\\b\\xff", root.0.display());
    assert_eq!(found["app_root"], Value::from(shown.clone()));
    assert_eq!(found["python"]["environment"], Value::from(format!("{shown}/venv")));
    assert_eq!(found["app"]["object"], "app");
    let mut check = Command::new(env!("CARGO_BIN_EXE_pystart"));
    let check = check.args(["check", "--json", "--app-root"]).arg(&odd).env_clear().env("PATH", "/nowhere");
    let output = check.output().unwrap();
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((checked["app_root"].clone(), output.status.code()), (Value::from(shown), Some(1)));
}
