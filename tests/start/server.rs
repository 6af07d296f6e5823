//! The moment of `execve`, and what the server finds when it is over.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};

use crate::python::App;
use crate::site::{Site, pystart};
use crate::{FLASK, wsgi};

#[test]
fn gunicorn_takes_the_place_of_the_launcher_and_stops_on_sigterm() {
    let app = App::new(&[("app.py", FLASK)]);
    let mut site = Site::start(&mut pystart(&app.root));
    site.get("/");
    let cmdline = fs::read(format!("/proc/{}/cmdline", site.pid())).unwrap();
    assert!(String::from_utf8_lossy(&cmdline).contains("gunicorn"), "the same process id");
    assert_eq!(site.stop().code(), Some(0), "a graceful stop of gunicorn");
}

#[test]
fn dispositions_and_mask_are_the_defaults() {
    // Asked of a program that touches neither: Python sets SIGPIPE and SIGINT up for itself.
    let app = App::new(&[]);
    for init in ["always", "never"] {
        let mut command = pystart(&app.root);
        command.args(["run", "--init", init, "--", "grep", "-E", "^Sig(Blk|Ign)|^ShdPnd", "/proc/self/status"]);
        let output = command.stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.ends_with("\t0000000000000000")), "{init}: {text}");
    }
}

#[test]
fn no_descriptor_leaks_and_output_is_not_delayed() {
    let app =
        App::new(&[("app.py", &format!("print('imported')\n{}", wsgi("app", "sorted(os.listdir('/proc/self/fd'))")))]);
    let mut command = pystart(&app.root);
    let mut site = Site::start(command.stdout(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(site.stdout()).read_line(&mut line).unwrap();
    assert_eq!(line, "imported\n", "while the server runs");
    site.get("/");
    let list =
        |command: &mut Command| String::from_utf8(command.stderr(Stdio::null()).output().unwrap().stdout).unwrap();
    let bare = list(Command::new("ls").arg("/proc/self/fd"));
    for init in ["always", "never"] {
        let mut command = pystart(&app.root);
        command.args(["run", "--init", init, "--", "ls", "/proc/self/fd"]);
        assert_eq!(list(&mut command), bare, "as many as without pystart");
    }
}

#[test]
fn a_script_is_told_to_stop_and_ends_with_the_status_of_the_signal() {
    let app = App::new(&[("app.py", FLASK), ("startup.sh", "gunicorn app:app\n")]);
    let mut site = Site::start(pystart(&app.root).arg("startup.sh"));
    site.get("/");
    let worker_log = site.wait_for_line("Booting worker");
    assert!(worker_log.contains("pid"));
    kill(site.pid(), Signal::SIGTERM).unwrap();
    site.wait_for_line("Shutting down: Master");
    assert_eq!(site.wait().code(), Some(143));
}

#[test]
fn logs_for_machines_are_json() {
    let app = App::new(&[("app.py", FLASK)]);
    let mut site = Site::start(pystart(&app.root).env("PYSTART_LOG_FORMAT", "json"));
    let line = site.wait_for_line("app.py");
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(record["level"], "INFO");
}

#[test]
fn the_log_can_be_silenced() {
    let app = App::new(&[("app.py", FLASK)]);
    let mut site = Site::start(pystart(&app.root).env("PYSTART_LOG", "off"));
    site.get("/");
    assert!(!site.log().contains("pystart:"), "{}", site.log());
}
