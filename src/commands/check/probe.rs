//! Running the interpreter with the probe: the effects of `check`, and nothing else of it.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::observation::{Ending, Observation};
use crate::environ::Environ;
use crate::process::signals;

/// Loads the app and writes what it learns, line by line, to an inherited descriptor. Never written to disk.
const PROBE: &str = include_str!("probe.py");

/// How long after the time limit the interpreter may take to say where it was.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// One run of the probe.
pub(super) struct Probe<'a> {
    /// The interpreter.
    pub(super) python: &'a Path,
    /// The words after `gunicorn`.
    pub(super) arguments: &'a [OsString],
    /// The environment.
    pub(super) environ: &'a Environ,
    /// The folder it runs in.
    pub(super) folder: &'a Path,
    /// How long it may take.
    pub(super) limit: Duration,
    /// A path to ask the loaded app for, to learn what its answer is silent about.
    pub(super) path: Option<&'a str>,
}

impl Probe<'_> {
    /// Runs it and waits until it has told everything, ended, or used up its time.
    ///
    /// The app's standard output and error become our standard error, its standard input is empty, and no byte code is
    /// written. Whatever the app started and left in its group is killed with it.
    ///
    /// # Errors
    ///
    /// Those of starting the interpreter.
    pub(super) fn run(&self) -> io::Result<(Observation, Ending)> {
        let (reader, writer) = io::pipe()?;
        fcntl(&writer, FcntlArg::F_SETFD(FdFlag::empty()))?;
        let mut command = Command::new(self.python);
        command
            .args(["-B", "-c", PROBE])
            .args([writer.as_raw_fd().to_string(), self.limit.as_secs_f64().to_string()])
            .arg(self.path.unwrap_or_default())
            .args(self.arguments)
            .env_clear()
            .envs(self.environ.iter())
            .env("PWD", self.folder)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(io::stderr().as_fd().try_clone_to_owned()?)
            .process_group(0);
        let mut child = signals::released(&mut command).spawn()?;
        drop(writer);
        let heard = listen(&reader, &mut child, Instant::now() + self.limit + LAST_WORDS);
        // The whole group: an app that forks at import must leave nothing behind.
        let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
        let status = child.wait()?;
        let (told, cut) = heard?;
        let observation = Observation::read(&told);
        let ending = ending(&observation, status, cut);
        Ok((observation, ending))
    }
}

/// Collects what comes through the channel until its last event, the child's end, or the deadline (then `true`).
///
/// The end of the file says nothing: a process that the app forked may hold the channel open, and an app that makes
/// itself a daemon closes it.
fn listen(mut channel: &PipeReader, child: &mut Child, deadline: Instant) -> io::Result<(Vec<u8>, bool)> {
    let mut told = Vec::new();
    let mut chunk = [0; 8192];
    let mut is_open = true;
    loop {
        let has_ended = child.try_wait()?.is_some();
        let mut watched = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
        let watched = &mut watched[..usize::from(is_open)];
        let wait = if has_ended { PollTimeout::ZERO } else { PollTimeout::from(10u8) };
        if poll(watched, wait)? > 0 {
            let length = channel.read(&mut chunk)?;
            is_open = length > 0;
            told.extend_from_slice(&chunk[..length]);
            if told.ends_with(b"{\"end\": {}}\n") {
                return Ok((told, false));
            }
        } else if has_ended {
            return Ok((told, false));
        } else if Instant::now() > deadline {
            return Ok((told, true));
        }
    }
}

fn ending(observation: &Observation, status: ExitStatus, was_cut: bool) -> Ending {
    if observation.complete {
        Ending::Complete
    } else if was_cut || observation.timed_out {
        Ending::TimedOut
    } else {
        status.signal().map_or_else(|| Ending::Exited(status.code().unwrap_or(1)), Ending::Signalled)
    }
}
