//! A control group with next to nothing, as the container of a small plan is one.
//!
//! Where this user may make neither groups nor namespaces the tests are reported as ignored.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Trial};
use ports::free_port;
use python::App;

/// A test and its name, which is a sentence.
type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("a_group_of_16_mb_and_five_processes_is_enough_for_a_start", a_small_group_is_enough_for_a_start),
    ("check_says_that_an_app_needs_more_memory_than_its_group_has", check_tells_the_memory_limit),
    ("where_no_process_can_be_made_every_command_says_which_limit_is_reached", every_command_tells_the_process_limit),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let possible = command(SMALL, &["true"])
        .is_some_and(|(mut command, _groups)| command.output().is_ok_and(|output| output.status.success()));
    let trials = TESTS.iter().map(|(name, test)| {
        let run = move || {
            test();
            Ok(())
        };
        Trial::test(*name, run).with_ignored_flag(!possible)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What a group may have.
#[derive(Clone, Copy)]
struct Limits {
    mebibytes: u64,
    processes: u64,
}

/// Far less than a site takes: 16 MB, and five processes.
const SMALL: Limits = Limits { mebibytes: 16, processes: 5 };

/// A folder of a hierarchy, and where a container would see it.
struct Group {
    folder: PathBuf,
    seen_at: &'static str,
}

/// The group of one command: one folder in version 2, one for each controller in version 1. Removed in the end.
struct Groups(Vec<Group>);

impl Groups {
    /// `None` where this user may not make groups, as in most containers.
    fn new(limits: Limits) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("pystart-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let bytes = (limits.mebibytes << 20).to_string();
        let processes = limits.processes.to_string();
        let root = Path::new("/sys/fs/cgroup");
        let files = if root.join("cgroup.controllers").exists() {
            vec![("/sys/fs/cgroup", vec![("memory.max", bytes), ("pids.max", processes)])]
        } else {
            vec![
                ("/sys/fs/cgroup/memory", vec![("memory.limit_in_bytes", bytes)]),
                ("/sys/fs/cgroup/pids", vec![("pids.max", processes)]),
            ]
        };
        let mut groups = Self(Vec::new());
        for (seen_at, files) in files {
            let folder = Path::new(seen_at).join(&name);
            fs::create_dir(&folder).ok()?;
            groups.0.push(Group { folder: folder.clone(), seen_at });
            for (file, limit) in files {
                fs::write(folder.join(file), limit).ok()?;
            }
        }
        Some(groups)
    }

    /// The script that joins the groups and sees of `/sys/fs/cgroup` what a container sees: its own.
    fn script(&self) -> String {
        let each = |what: &dyn Fn(&Group) -> String| self.0.iter().map(what).collect::<String>();
        // What mounts is not bound by the limits yet.
        let mounts = each(&|group| format!("mount --bind {} {}\n", group.folder.display(), group.seen_at));
        let joins = each(&|group| format!("echo $$ > {}/cgroup.procs\n", group.seen_at));
        mounts + &joins
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            // What was killed is gone from its group a moment after its parent knows.
            while fs::read_to_string(group.folder.join("cgroup.procs")).is_ok_and(|text| !text.is_empty()) {
                std::thread::yield_now();
            }
            let _ = fs::remove_dir(&group.folder);
        }
    }
}

/// A command in groups of its own, which go with what is returned beside it; `None` where this user may make none.
fn command(limits: Limits, words: &[&str]) -> Option<(Command, Groups)> {
    let groups = Groups::new(limits)?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", &format!("{}exec \"$@\"", groups.script()), "sh"]).args(words);
    Some((command, groups))
}

/// What `pystart` with these arguments says in a group, of this app, with the programs of a folder.
fn pystart(limits: Limits, app: &App, programs: &Path, arguments: &[&str]) -> Output {
    let words = [&[env!("CARGO_BIN_EXE_pystart")], arguments].concat();
    let (mut command, _groups) = command(limits, &words).unwrap();
    command.current_dir(&app.root).env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", programs.display()));
    command.env("HOME_SITE", &app.root).env("PORT", free_port().to_string());
    command.output().unwrap()
}

/// What was written to both streams.
fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn flask_app(more: &str) -> App {
    App::new(&[("app.py", &format!("from flask import Flask\napp = Flask(__name__)\n{more}"))])
}

/// A folder with a program of this name that does nothing.
fn idle(app: &App, name: &str) -> PathBuf {
    let folder = app.root.join("bin");
    fs::create_dir_all(&folder).unwrap();
    fs::copy("/bin/true", folder.join(name)).unwrap();
    folder
}

fn a_small_group_is_enough_for_a_start() {
    let app = flask_app("");
    let programs = idle(&app, "gunicorn");
    for arguments in [
        &["run"][..],
        &["run", "--init", "always"],
        &["run", "--", "sh", "-c", "true | true; exit 0"],
        &["explain", "--json"],
        &["env"],
    ] {
        let output = pystart(SMALL, &app, &programs, arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {} {text}", output.status);
    }
    let output = pystart(SMALL, &app, &programs, &["health"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "nobody listens: {text}");
    assert!(text.contains("has no listener"), "{text}");
}

fn check_tells_the_memory_limit() {
    let app = flask_app("x = bytearray(64 << 20)\n");
    let output = pystart(SMALL, &app, &python::image(), &["check"]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("its memory limit of 16 MiB was reached"), "{text}");
}

fn every_command_tells_the_process_limit() {
    let app = flask_app("");
    let alone = Limits { processes: 1, ..SMALL };
    let limit = "the limit of processes and threads is reached";
    for (arguments, status) in [(&["run", "--init", "always"][..], 126), (&["check"], 1), (&["build"], 126)] {
        let output = pystart(alone, &app, &python::image(), arguments);
        let text = told(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(limit) && !text.contains("panicked"), "{arguments:?}: {text}");
    }
    // What becomes another program needs no other process.
    for arguments in [&["run"][..], &["explain"], &["env"]] {
        let output = pystart(alone, &app, &idle(&app, "gunicorn"), arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}");
    }
}
