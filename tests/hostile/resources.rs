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
