//! A control group with next to nothing, as the container of a small plan is one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Root;
use super::ports::free_port;
use super::python;

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

/// `pystart` with these arguments in a group, for the app in the root, with the programs of a folder; `None` where this user
/// may make no group or no namespace.
fn pystart(limits: Limits, root: &Root, programs: &Path, arguments: &[&str]) -> Option<Output> {
    let groups = Groups::new(limits)?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", &format!("{}exec \"$@\"", groups.script()), "sh"]);
    command.arg(env!("CARGO_BIN_EXE_pystart")).args(arguments).current_dir(&root.0).env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", programs.display()));
    command.env("HOME_SITE", &root.0).env("PORT", free_port().to_string());
    Some(command.output().unwrap())
}

/// What was written to both streams.
fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn flask_app(root: &Root, more: &str) {
    let app = format!("from flask import Flask\napp = Flask(__name__)\n{more}");
    fs::write(root.0.join("app.py"), app).unwrap();
}

/// A folder with a program of this name that does nothing.
fn idle(root: &Root, name: &str) -> PathBuf {
    let folder = root.0.join("bin");
    fs::create_dir_all(&folder).unwrap();
    fs::copy("/bin/true", folder.join(name)).unwrap();
    folder
}

#[test]
fn a_group_of_16_mb_and_five_processes_is_enough_for_a_start() {
    let root = Root::new();
    flask_app(&root, "");
    let programs = idle(&root, "gunicorn");
    for arguments in [
        &["run"][..],
        &["run", "--init", "always"],
        &["run", "--", "sh", "-c", "true | true; exit 0"],
        &["explain", "--json"],
        &["env"],
    ] {
        let Some(output) = pystart(SMALL, &root, &programs, arguments) else { return };
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {} {text}", output.status);
    }
    let output = pystart(SMALL, &root, &programs, &["health"]).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "nobody listens: {text}");
    assert!(text.contains("has no listener"), "{text}");
}

#[test]
fn check_says_that_an_app_needs_more_memory_than_its_group_has() {
    let root = Root::new();
    flask_app(&root, "x = bytearray(64 << 20)\n");
    let Some(output) = pystart(SMALL, &root, &python::image(), &["check"]) else { return };
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("its memory limit of 16 MiB was reached"), "{text}");
}

#[test]
fn where_no_process_can_be_made_every_command_says_which_limit_is_reached() {
    let root = Root::new();
    flask_app(&root, "");
    let alone = Limits { processes: 1, ..SMALL };
    let limit = "the limit of processes and threads is reached";
    for (arguments, status) in [(&["run", "--init", "always"][..], 126), (&["check"], 1), (&["build"], 126)] {
        let Some(output) = pystart(alone, &root, &python::image(), arguments) else { return };
        let text = told(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(limit) && !text.contains("panicked"), "{arguments:?}: {text}");
    }
    // What becomes another program needs no other process.
    for arguments in [&["run"][..], &["explain"], &["env"]] {
        let output = pystart(alone, &root, &idle(&root, "gunicorn"), arguments).unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}");
    }
}
