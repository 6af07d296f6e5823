//! The SSH daemon beside the app: for the platform's tunnel, never in the way of the app.
//!
//! PID 1 is about to become gunicorn, which takes every child that ends for a worker of its own (before 26.1 an
//! orphan that exits with 3 or 4 even stops the server). So sshd gets a keeper: a small process that is its parent
//! and the subreaper of everything that is started in a session. Whatever people leave running there ends up with
//! the keeper and not with gunicorn.

use std::ffi::{CString, OsString};
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, fork, setsid};

use crate::error::{Failure, status};
use crate::process::{refusal, signals};

/// The name of the process that looks after sshd.
pub(crate) const KEEPER: &str = "pystart-sshd";

/// Where distributions (and `make install`) put the daemon. It has to be called by an absolute path.
const DAEMONS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
/// Where they put the key generator.
const KEY_GENERATORS: [&str; 2] = ["/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen"];
/// The empty folder that the daemon's unprivileged part is locked into.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";
/// The daemon does not get the app's variables; sessions get them from `pystart env`.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Starts sshd on `port`, beside the app and for as long as the container lives.
///
/// Returns at once: missing host keys are made by the keeper, so a first start is not slower. The configuration is
/// that of the image; only the port is set from outside. What sshd has to say goes to stderr.
///
/// Call it before the app is started, with a single thread, as root and PID 1.
///
/// # Errors
///
/// There is no sshd, or no process can be made. A reason for a warning, never for not starting the app.
pub(crate) fn start(port: u16) -> anyhow::Result<()> {
    let daemon = first_file(&DAEMONS).ok_or_else(|| {
        Failure::usage(format!("no SSH daemon is installed: looked for `{}`", DAEMONS.join("`, `")))
            .with_status(status::NOT_FOUND)
            .with_hint("install `openssh-server` in the image, or unset `SSH_PORT`")
    })?;
    #[expect(unsafe_code, reason = "the keeper is this program, without the cost of starting it again")]
    // SAFETY: there is one thread, so no lock can be held by a thread that the child does not have.
    match unsafe { fork() }.context("cannot start a process for the SSH daemon")? {
        ForkResult::Parent { .. } => Ok(()),
        ForkResult::Child => {
            keep(&daemon, port);
            #[expect(unsafe_code, reason = "the exit handlers belong to the process that was forked")]
            // SAFETY: ends the process; nothing of this one has to be flushed or dropped.
            unsafe {
                nix::libc::_exit(0)
            }
        }
    }
}

/// The life of the keeper: prepares what sshd needs, runs it, and reaps until it ends.
fn keep(daemon: &Path, port: u16) {
    // A session of its own: a Ctrl-C in the container's terminal is for the app.
    let _ = setsid();
    signals::restore();
    let _ = File::open("/dev/null").map(dup2_stdin);
    let _ = prctl::set_name(&CString::new(KEEPER).unwrap_or_default());
    let _ = prctl::set_child_subreaper(true);

    // An error of these two is told by sshd itself, in its own words: it checks both.
    let _ = DirBuilder::new().mode(0o755).create(PRIVILEGE_SEPARATION);
    if let Some(generator) = first_file(&KEY_GENERATORS) {
        let _ = clean(&generator).arg("-A").stdout(Stdio::null()).status();
    }
    match clean(daemon).args(arguments(port)).spawn() {
        Ok(sshd) => match reap_until(Pid::from_raw(sshd.id().cast_signed())) {
            Some(WaitStatus::Exited(_, code)) => {
                tracing::warn!("the SSH daemon ended with status {code}; the app is not affected");
            }
            Some(WaitStatus::Signaled(_, signal, _)) => {
                tracing::warn!("the SSH daemon was ended by {signal}; the app is not affected");
            }
            _ => {}
        },
        Err(error) => {
            let reason = refusal::reason_of_error(&error);
            tracing::warn!("cannot start `{}`: {reason}; the app is not affected", daemon.display());
        }
    }
}

/// In the foreground (the keeper is the parent), logging to stderr (a container has no syslog).
fn arguments(port: u16) -> [OsString; 4] {
    ["-D".into(), "-e".into(), "-p".into(), port.to_string().into()]
}

/// A command with no variables but a search path, and nothing on its standard input.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", SEARCH_PATH).stdin(Stdio::null());
    command
}

/// Reaps every child that ends until `main` does; its status, or `None` if there is none to get.
fn reap_until(main: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(None, None) {
            Ok(ended) if ended.pid() == Some(main) => return Some(ended),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

fn first_file(candidates: &[&str]) -> Option<PathBuf> {
    candidates.iter().map(PathBuf::from).find(|path| path.is_file())
}
