//! Ten sites that do not work, each broken in its own way: `pystart check` alone names the cause and the remedy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::Value;

use crate::docker::{Container, docker, output, until};
use crate::images::{antenv, images};
use crate::site::{ROOT, Site, flask, wsgi};
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a_wrong_folder", wrong_folder),
        test("a_missing_package", missing_package),
        test("a_wrong_port", || {
            listens_at("0.0.0.0", 5000, "wrong-port", "the site listens on port 5000, and port 8000");
        }),
        test("the_loopback_address", || {
            listens_at("127.0.0.1", 8000, "loopback", "the site listens on `127.0.0.1` alone: nothing from outside");
        }),
        test("a_crash_loop", crash_loop),
        test("an_error_500_for_a_missing_variable", missing_variable),
        test("an_unreadable_folder", unreadable_folder),
        test("a_folder_mounted_noexec", noexec),
        test("the_old_site_still_runs", old_site),
        test("no_memory", no_memory),
    ]
}

/// `check` as text and as JSON: both say no, and name this cause, in these words, with this remedy.
#[track_caller]
fn tells(check: impl Fn(&[&str]) -> Output, cause: &str, message: &str, remedy: &str) {
    let text = check(&[]);
    let shown = String::from_utf8_lossy(&text.stdout).into_owned();
    assert_eq!(text.status.code(), Some(1), "{shown}{}", String::from_utf8_lossy(&text.stderr));
    let (_, problem) = shown.split_once("\n  problem    ").unwrap_or_else(|| panic!("no problem in\n{shown}"));
    let (problem, hint) = problem.split_once("\n  hint       ").unwrap_or_else(|| panic!("no hint in\n{shown}"));
    assert!(problem.contains(message), "{message:?} is missing in\n{shown}");
    assert!(hint.contains(remedy), "{remedy:?} is missing in\n{shown}");

    let machine = check(&["--json"]);
    let report: Value = serde_json::from_slice(&machine.stdout).expect("JSON");
    assert_eq!((machine.status.code(), &report["proof"]["ok"]), (Some(1), &false.into()), "{report:#}");
    let problem = &report["proof"]["problem"];
    assert_eq!(problem["cause"], cause, "{report:#}");
    assert!(problem["message"].as_str().unwrap().contains(message), "{report:#}");
    assert!(problem["hint"].as_str().unwrap().contains(remedy), "{report:#}");
}

/// In the container that runs.
fn inside(container: &Container) -> impl Fn(&[&str]) -> Output {
    move |words| container.exec(&[&["pystart", "check"], words].concat())
}

/// In a container of its own, for a site whose container does not stay.
fn beside(options: &[&str]) -> impl Fn(&[&str]) -> Output {
    move |words| output(&[&["run", "--rm"], options, &[images().runtime.as_str(), "check"], words].concat())
}

/// Waits until somebody in the container listens there.
fn wait_for_listener(container: &Container, host: &str, port: u16) {
    let connect = format!("import socket; socket.create_connection(('{host}', {port}))");
    until("the listener", || container.exec(&["python3", "-c", &connect]).status.success().then_some(()));
}

fn wrong_folder() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = format!("{}:/srv/shop:ro", site.folder().display());
    let container = Container::start(&["--volume", &mount], &images().runtime, &[]);
    container.first_200();
    let message = format!("no app was found in `{ROOT}`: ");
    tells(inside(&container), "no-app", &message, "name its folder with `PYSTART_APP_ROOT`");
    tells(inside(&container), "no-app", "there is nothing in it", "deploy an app there");
}

fn missing_package() {
    let site = Site::new(&[("app.py", &format!("import yaml\n{}", flask("app"))), ("requirements.txt", "PyYAML\n")]);
    let remedy = "`PyYAML` is in requirements.txt, but no environment was built: run `pystart build`";
    tells(beside(&["--volume", &site.mount()]), "module-not-found", "module `yaml` is not installed", remedy);
}

fn listens_at(host: &str, port: u16, cause: &str, message: &str) {
    let site = Site::new(&[("app.py", &wsgi("app", "app"))]);
    let command = format!("gunicorn --bind {host}:{port} app:app");
    let container = Container::start(&["--volume", &site.mount()], &images().runtime, &[&command]);
    wait_for_listener(&container, host, port);
    tells(inside(&container), cause, message, "`--bind=$HOST:$PORT`");
}

fn crash_loop() {
    let site = Site::new(&[("app.py", "import socket\napp = socket.create_connection(('127.0.0.1', 5432))\n")]);
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount, "--restart", "always"], &images().runtime, &[]);
    until("a restart", || (container.inspect("{{.RestartCount}}") != "0").then_some(()));
    let message = "importing `app` raises `ConnectionRefusedError`: ";
    tells(beside(&["--volume", &mount]), "raised", message, "see to its address and that this container reaches it");
}

fn missing_variable() {
    let code = "import os\nfrom flask import Flask\napp = Flask(__name__)\n@app.route('/')\ndef index():\n    \
                return os.environ['DATABASE_URL']\n";
    let site = Site::new(&[("app.py", code)]);
    let container = Container::start(&["--volume", &site.mount()], &images().runtime, &[]);
    wait_for_listener(&container, "127.0.0.1", 8000);
    let message = "answering the request raises `KeyError`: 'DATABASE_URL'";
    tells(inside(&container), "server-error", message, "if `DATABASE_URL` is an app setting, set it");
}

fn unreadable_folder() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    fs::set_permissions(site.folder(), fs::Permissions::from_mode(0o700)).unwrap();
    let container = Container::start(&["--volume", &site.mount(), "--user", "12345:12345"], &images().runtime, &[]);
    container.first_200();
    let message = format!("the app root `{ROOT}` may not be read by user 12345");
    tells(inside(&container), "unreadable", &message, "make it readable where it comes from (`chmod -R a+rX ");
}

/// pydantic has compiled code, and FastAPI is nothing without it.
fn noexec() {
    let site = Site::new(&[("main.py", "from fastapi import FastAPI\napp = FastAPI()\n")]);
    let app = format!("{}:/source:ro", site.folder().display());
    let packages = format!("{}:/packages:ro", antenv().display());
    // Docker's `--tmpfs` is `noexec` unless it is told otherwise.
    let copy = "cp -a /source/main.py . && cp -a /packages antenv && exec pystart check \"$@\"";
    let check = |words: &[&str]| {
        let options = ["run", "--rm", "--volume", &app, "--volume", &packages, "--tmpfs", ROOT, "--entrypoint", "sh"];
        output(&[&options[..], &[images().runtime.as_str(), "-c", copy, "sh"], words].concat())
    };
    tells(check, "noexec", "pydantic_core/_pydantic_core", "mount it without `noexec`");
}

fn old_site() {
    let site = Site::empty();
    let container = Container::start(&["--volume", &site.mount()], &images().runtime, &[]);
    container.first_200();
    site.write("app.py", &flask("app"));
    tells(inside(&container), "outdated", "; a restart would start `app:app`", "restart the container");
    docker(&["restart", "--time", "40", &container.name]);
    assert_eq!(container.first_200(), "app", "the remedy works");
}

fn no_memory() {
    let site = Site::new(&[("app.py", &format!("x = bytearray(300 << 20)\n{}", flask("app")))]);
    let mount = site.mount();
    let limits = ["--volume", &mount, "--memory", "100m", "--memory-swap", "100m"];
    let container = Container::start(&limits, &images().runtime, &[]);
    wait_for_listener(&container, "127.0.0.1", 8000);
    // Where there is no memory for a start of Python, the kernel may also take the process that has just asked for it.
    let was_killed = |output: &Output| output.status.code() == Some(137);
    let answered = |words: &[&str]| {
        let mut answers = (0..5).map(|_| inside(&container)(words));
        answers.find(|output| !was_killed(output)).expect("five checks, of which each was killed")
    };
    tells(answered, "memory", "its memory limit of 100 MiB was reached", "raise the memory limit");
    tells(beside(&limits), "memory", "its memory limit of 100 MiB was reached", "run fewer workers");
}
