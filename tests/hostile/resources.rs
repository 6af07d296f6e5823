//! Next to nothing to run with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use nix::sys::resource::{Resource, setrlimit};

use super::Root;
use super::ports::free_port;

/// `pystart` with these arguments, for an app, with this program as gunicorn and as `server`.
fn pystart(root: &Root, program: &str, arguments: &[&str]) -> Command {
    fs::write(root.0.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
    fs::create_dir_all(root.0.join("bin")).unwrap();
    for name in ["gunicorn", "server"] {
        let server = root.0.join("bin").join(name);
        fs::copy(program, &server).unwrap();
        fs::set_permissions(&server, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
    command.args(arguments).env_clear().env("PATH", root.0.join("bin")).env("HOME_SITE", &root.0);
    command.env("PORT", free_port().to_string()).current_dir(&root.0);
    command
}

/// A limit that is set between fork and exec.
fn limited(command: &mut Command, resource: Resource, limit: u64) -> Output {
    #[expect(unsafe_code, reason = "limits are set between fork and exec")]
    // SAFETY: the closure makes one system call.
    let command = unsafe { command.pre_exec(move || Ok(setrlimit(resource, limit, limit)?)) };
    command.output().unwrap()
}

#[test]
fn where_the_app_root_cannot_be_listed_for_want_of_descriptors_nothing_else_is_started() {
    let root = Root::new();
    let output = limited(&mut pystart(&root, "/bin/true", &["run"]), Resource::RLIMIT_NOFILE, 3);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot be read, so that nobody knows what to start: Too many open files"), "{text}");
    assert!(!text.contains("exec "), "{text}");
    let output = limited(&mut pystart(&root, "/bin/true", &["explain"]), Resource::RLIMIT_NOFILE, 3);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("nobody knows what to start"), "{text}");
    assert!(!text.contains("not in the app root"), "{text}");
    // What needs no search needs no descriptors.
    let command = ["run", "--init", "always", "--", "/bin/sh", "-c", "exit 7"];
    let output = limited(&mut pystart(&root, "/bin/true", &command), Resource::RLIMIT_NOFILE, 3);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("init for /bin/sh"), "{text}");
}

#[test]
fn eight_descriptors_and_a_little_memory_are_enough_for_a_start() {
    let root = Root::new();
    let limit = || {
        setrlimit(Resource::RLIMIT_NOFILE, 8, 8)?;
        setrlimit(Resource::RLIMIT_DATA, 16 << 20, 16 << 20)?;
        Ok(())
    };
    for arguments in [&["run"][..], &["run", "--init", "always", "--", "server"], &["explain"], &["env"]] {
        let mut command = pystart(&root, "/bin/true", arguments);
        #[expect(unsafe_code, reason = "limits are set between fork and exec")]
        // SAFETY: the closure makes two system calls.
        let output = unsafe { command.pre_exec(limit) }.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Runs a script as root of a namespace of mounts; `None` where this user may not make one.
fn in_a_namespace(root: &Root, options: &[&str], script: &str, arguments: &[&str]) -> Option<Output> {
    let mut probe = Command::new("unshare");
    let may = probe.args(options).arg("true").output().is_ok_and(|output| output.status.success());
    if !may && std::env::var_os("CI").is_none() {
        return None;
    }
    let inner = pystart(root, "/bin/true", arguments);
    let mut command = Command::new("unshare");
    command.args(options).args(["sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir("/").env_clear();
    let bin = root.0.join("bin");
    command.env("PATH", format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", bin.display())).env("HOME_SITE", &root.0);
    command.env("PORT", free_port().to_string());
    Some(command.output().unwrap())
}

/// What may be missing or forbidden in a container, as the script that makes it so.
const MISSING: [(&str, &str); 9] = [
    ("no /proc", "mount -t tmpfs none /proc"),
    ("no /dev/shm", "mount -t tmpfs -o ro none /dev/shm"),
    ("no /dev", "mount -t tmpfs none /dev"),
    ("no /sys", "mount -t tmpfs none /sys"),
    ("a /tmp that is read-only", "mount -t tmpfs -o ro none /tmp"),
    ("a /tmp that is noexec", "mount -t tmpfs -o noexec none /tmp"),
    ("a /tmp without room", "mount -t tmpfs -o size=4k,nr_inodes=2 none /tmp; mkdir /tmp/x"),
    (
        "everything read-only",
        "mount -o bind,ro / /; mount -t tmpfs -o ro none /tmp; mount -t tmpfs -o ro none /dev/shm",
    ),
    ("none of these", "for folder in /proc /dev/shm /sys /tmp; do mount -t tmpfs -o ro none $folder; done"),
];

#[test]
fn a_start_needs_no_folder_of_the_kernel_and_no_place_to_write() {
    let root = Root::new();
    for (name, script) in MISSING {
        for arguments in [
            &["run"][..],
            &["run", "--init", "always", "--", "server"],
            &["run", "--", "/bin/sh", "-c", "exit 0"],
            &["explain", "--json"],
            &["env"],
        ] {
            let options = ["--mount", "--pid", "--fork"];
            let Some(output) = in_a_namespace(&root, &options, script, arguments) else { return };
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}, {arguments:?}: {} {text}", output.status);
            assert!(!text.contains("panicked"), "{name}, {arguments:?}: {text}");
        }
    }
}

#[test]
fn a_clock_that_begins_elsewhere_changes_nothing() {
    let root = Root::new();
    for offset in ["--boottime=900000000", "--monotonic=900000000"] {
        for arguments in [&["run", "--init", "always", "--", "server"][..], &["explain"], &["health"]] {
            let options = ["--time", "--fork", offset];
            let Some(output) = in_a_namespace(&root, &options, "", arguments) else { return };
            let text = String::from_utf8_lossy(&output.stderr);
            // Nobody listens: that is an answer, too.
            let expected = i32::from(arguments[0] == "health");
            assert_eq!(output.status.code(), Some(expected), "{offset}, {arguments:?}: {text}");
        }
    }
}

#[test]
fn without_room_for_another_process_it_says_so_and_starts_nothing_else() {
    let root = Root::new();
    let mut command = pystart(&root, "/bin/true", &["run", "--init", "always", "--", "server"]);
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    // The limit is one for each user and does not hold for root; a user who has no other process has one.
    let output = limited(command.uid(61_234).gid(61_234), Resource::RLIMIT_NPROC, 1);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(126), "{text}");
    assert!(text.contains("cannot be started: the limit of processes and threads is reached (EAGAIN)"), "{text}");
    // `exec` needs none.
    let mut command = pystart(&root, "/bin/true", &["run"]);
    let output = limited(command.uid(61_234).gid(61_234), Resource::RLIMIT_NPROC, 1);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
