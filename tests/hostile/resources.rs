//! Next to nothing to run with.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::resource::{Resource, setrlimit};

use super::Root;
use super::ports::free_port;

#[test]
fn eight_descriptors_and_a_little_memory_are_enough_for_a_start() {
    let root = Root::new();
    fs::write(root.0.join("app.py"), "from flask import Flask\napp = Flask(__name__)\n").unwrap();
    fs::create_dir(root.0.join("bin")).unwrap();
    let server = root.0.join("bin/gunicorn");
    fs::copy("/bin/true", &server).unwrap();
    fs::set_permissions(&server, PermissionsExt::from_mode(0o755)).unwrap();
    symlink("gunicorn", root.0.join("bin/server")).unwrap();
    let limit = || {
        setrlimit(Resource::RLIMIT_NOFILE, 8, 8)?;
        setrlimit(Resource::RLIMIT_DATA, 16 << 20, 16 << 20)?;
        Ok(())
    };
    for arguments in [&["run"][..], &["run", "--init", "always", "--", "server"], &["explain"], &["env"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
        command.args(arguments).env_clear().env("PATH", root.0.join("bin")).env("HOME_SITE", &root.0);
        command.env("PORT", free_port().to_string());
        #[expect(unsafe_code, reason = "limits are set between fork and exec")]
        // SAFETY: the closure makes two system calls.
        let output = unsafe { command.pre_exec(limit) }.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
