//! Running the commands of a plan.

use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, c_int};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::Request;
use super::plan::Step;
use crate::error::{Failure, status};
use crate::process::signals;

/// Variables that would send packages elsewhere, or pip to the wrong modules.
const HARMFUL: [&str; 7] =
    ["PIP_PREFIX", "PIP_TARGET", "PIP_USER", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"];

/// Runs a command in the app root; its output is our standard error, so that progress is seen when it is made.
///
/// # Errors
///
/// It could not be started or failed (status 1), or a signal asked us to end (128+N).
pub(super) fn run(step: &Step, request: &Request<'_>) -> Result<(), Failure> {
    tracing::info!("{}", step.command());
    let failed =
        |why: String| Failure { message: format!("`{}` {why}", step.command()), hint: None, status: status::NO };
    let mut child = start(step, request).map_err(|error| failed(format!("cannot be started: {error}")))?;
    match wait(&mut child) {
        Ok((ended, None)) if ended.success() => Ok(()),
        Ok((ended, None)) => Err(failed(format!("failed: {ended}"))
            .with_hint("its own message stands above; the previous environment, if there was one, is as it was")),
        Ok((_, Some(signal))) => {
            let status = u8::try_from(128 + signal).unwrap_or(status::NO);
            Err(failed(format!("was interrupted by signal {signal}")).with_status(status))
        }
        Err(error) => Err(failed(format!("cannot be waited for: {error}"))),
    }
}

fn start(step: &Step, request: &Request<'_>) -> io::Result<Child> {
    let mut environ = request.environ.clone();
    for name in HARMFUL {
        environ.remove(name);
    }
    let mut command = Command::new(&step.program);
    command
        .args(&step.arguments)
        .current_dir(request.app_root)
        .env_clear()
        .envs([("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1"), ("PIP_ROOT_USER_ACTION", "ignore")])
        .envs(environ.iter())
        .envs(step.variable.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(io::stderr().as_fd().try_clone_to_owned()?);
    signals::released(&mut command).spawn()
}

/// How long a signal may be missed that another thread of the process took.
const BEAT: Duration = Duration::from_millis(50);

/// Waits for the child; passes on what asks us to end, and tells which signal it was.
fn wait(child: &mut Child) -> io::Result<(ExitStatus, Option<c_int>)> {
    let mut stop = None;
    loop {
        if let Some(ended) = child.try_wait()? {
            reap_orphans();
            return Ok((ended, stop));
        }
        let Some(received) = signals::wait(Some(BEAT)) else { continue };
        if [SIGHUP, SIGINT, SIGQUIT, SIGTERM].contains(&received.number()) {
            stop = stop.or(Some(received.number()));
            received.forward_to(child.id().cast_signed());
        }
    }
}

/// As PID 1 we inherit what a tool leaves behind; a server that takes our place would take them for its workers.
fn reap_orphans() {
    let is_init = std::process::id() == 1;
    while is_init
        && !matches!(waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)), Err(_) | Ok(WaitStatus::StillAlive))
    {}
}
