//! Files that nobody would write by mistake: the launcher comes to an end on each, soon and in little memory.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod files;
mod options;
#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;
mod resources;
mod source;
mod words;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An app root that is removed in the end.
struct Root(PathBuf);

impl Root {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{}-{number}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        Self(root.canonicalize().unwrap())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `pystart explain` in an environment with nothing but an app root.
fn explain(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
    command.arg("explain").arg("--app-root").arg(root).env_clear().env("PATH", "/nowhere").stdin(Stdio::null());
    command
}

/// Runs a command with a bound on its processor time, in seconds, and on its memory, in mebibytes.
fn bounded(command: &mut Command, seconds: u64, mebibytes: u64) -> Output {
    use nix::sys::resource::{Resource, setrlimit};
    let limit = move || {
        setrlimit(Resource::RLIMIT_CPU, seconds, seconds)?;
        setrlimit(Resource::RLIMIT_DATA, mebibytes << 20, mebibytes << 20)?;
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        Ok(())
    };
    #[expect(unsafe_code, reason = "limits are set between fork and exec")]
    // SAFETY: the closure makes three system calls.
    let command = unsafe { command.pre_exec(limit) };
    command.output().unwrap()
}
