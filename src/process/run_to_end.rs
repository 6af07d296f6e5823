//! Running a program to its end in the foreground, signals included.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, c_int};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::signals;
use crate::model::Launch;

/// How long a signal may be missed that another thread of the process took.
const BEAT: Duration = Duration::from_millis(50);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this status (128+N: by signal N).
    Exit(u8),
    /// This signal asked us to end; the program was told and has ended.
    Stopped(c_int),
}

/// Runs it with our standard output and error. It gets a group of its own, and with it everything that it starts: what
/// asks us to end is passed to all of them. Signals must be held.
///
/// # Errors
///
/// Why it could not be started.
pub(crate) fn run_to_end(launch: &Launch, is_pid_1: bool) -> io::Result<Ended> {
    let mut command = Command::new(&launch.program);
    if let Some((name, arguments)) = launch.argv.split_first() {
        command.arg0(name).args(arguments);
    }
    command.current_dir(&launch.directory).env_clear().envs(launch.environ.iter()).stdin(Stdio::null());
    let mut child = signals::released(command.process_group(0)).spawn()?;
    let group = -child.id().cast_signed();
    let mut stop = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let Some(received) = signals::wait(Some(BEAT)) else { continue };
        if [SIGHUP, SIGINT, SIGQUIT, SIGTERM].contains(&received.number()) {
            stop = stop.or(Some(received.number()));
            signals::send(group, received.number());
        }
    };
    // As PID 1 we inherit what it leaves; a server that takes our place would take that for its workers.
    while is_pid_1
        && !matches!(waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)), Err(_) | Ok(WaitStatus::StillAlive))
    {}
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(stop.map_or(Ended::Exit(u8::try_from(code).unwrap_or(1)), Ended::Stopped))
}
