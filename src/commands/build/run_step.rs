//! Running the commands of a build: what they print is shown when it is printed, and its end is kept to say what failed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::libc::c_int;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{OutputFlags, SetArg, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::secrets::Masker;
use super::step::Step;
use crate::environ::Environ;
use crate::process::signals;

/// How much of the output is kept.
const KEPT: usize = 64 * 1024;

/// What is written at once: a pipe that has room at all takes so much without blocking (`PIPE_BUF`).
const PIECE: usize = 4096;

/// How long a tool may take to end that was asked to.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long nothing may happen to a tool's output after its end: a process that it left may hold it open, and nobody
/// may be reading ours.
const AFTERMATH: Duration = Duration::from_millis(200);

/// How a command ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Exit(ExitStatus),
    /// A signal asked this process to end; the command was told and has ended.
    Interrupted(c_int),
    /// It took too long and was stopped.
    TooLong,
}

/// What came of a command.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How it ended.
    pub(super) ended: Ended,
    /// The end of what it printed, without secrets.
    pub(super) output: String,
}

/// Runs a command with these variables. Its output goes to standard error; on a terminal it sees a terminal, so that
/// progress looks as the tool makes it look.
///
/// # Errors
///
/// It could not be started.
pub(super) fn run(step: &Step, environ: &Environ, masker: Masker, limit: Option<Duration>) -> io::Result<Outcome> {
    let (reader, writer) = channel()?;
    let stdout = match &step.output {
        Some(path) => OwnedFd::from(File::create(path)?),
        None => writer.try_clone()?,
    };
    let mut command = Command::new(&step.program);
    command
        .args(&step.arguments)
        .current_dir(&step.folder)
        .env_clear()
        .envs(environ.iter())
        .envs(step.variables.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(writer);
    let child = signals::released(&mut command).spawn()?;
    // The command holds the writing end until it is dropped.
    drop(command);
    let mut watch = Watch {
        child,
        reader: Some(File::from(reader)),
        pending: Vec::new(),
        kept: VecDeque::new(),
        masker,
        deadline: limit.map(|limit| Instant::now() + limit),
        stop: None,
        ended: None,
    };
    let ended = watch.wait_for_end()?;
    reap_orphans();
    Ok(Outcome { ended, output: String::from_utf8_lossy(watch.kept.make_contiguous()).into_owned() })
}

/// A pipe, or a terminal of our own where ours is one.
fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    let standard_error = io::stderr();
    if standard_error.is_terminal()
        && let Ok(size) = rustix::termios::tcgetwinsize(&standard_error)
    {
        let size = nix::pty::Winsize { ws_row: size.ws_row, ws_col: size.ws_col, ws_xpixel: 0, ws_ypixel: 0 };
        if let Ok(pair) = openpty(&size, None) {
            // What is written there goes to a terminal that does this itself.
            let mut attributes = tcgetattr(&pair.slave)?;
            attributes.output_flags.remove(OutputFlags::OPOST);
            tcsetattr(&pair.slave, SetArg::TCSANOW, &attributes)?;
            close_on_exec(&pair.master)?;
            close_on_exec(&pair.slave)?;
            return Ok((pair.master, pair.slave));
        }
    }
    let (reader, writer) = io::pipe()?;
    Ok((reader.into(), writer.into()))
}

fn close_on_exec(descriptor: &OwnedFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::CLOEXEC)?)
}

/// A command at work.
struct Watch {
    child: Child,
    /// `None`: there is no more output.
    reader: Option<File>,
    /// Output that is still to be shown.
    pending: Vec<u8>,
    kept: VecDeque<u8>,
    masker: Masker,
    deadline: Option<Instant>,
    stop: Option<Ended>,
    ended: Option<ExitStatus>,
}

impl Watch {
    fn wait_for_end(&mut self) -> io::Result<Ended> {
        let arrived = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        loop {
            if self.ended.is_none() {
                self.ended = self.child.try_wait()?;
                if self.ended.is_some() {
                    self.deadline = Some(Instant::now() + AFTERMATH);
                }
            }
            let is_over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if let Some(status) = self.ended
                && (is_over || (self.reader.is_none() && self.pending.is_empty()))
            {
                return Ok(self.stop.take().unwrap_or(Ended::Exit(status)));
            }
            if is_over {
                self.hurry();
            }
            self.wait(&arrived)?;
        }
    }

    /// The time is over: first a request, then an order.
    fn hurry(&mut self) {
        if self.stop.is_none() {
            self.stop = Some(Ended::TooLong);
            signals::send(self.child.id().cast_signed(), nix::libc::SIGTERM);
        } else {
            let _ = self.child.kill();
        }
        self.deadline = Some(Instant::now() + PATIENCE);
    }

    /// Waits until something can be done, and does it.
    fn wait(&mut self, arrived: &SignalFd) -> io::Result<()> {
        let standard_error = io::stderr();
        let output = if self.pending.is_empty() {
            self.reader.as_ref().map(|reader| PollFd::new(reader.as_fd(), PollFlags::POLLIN))
        } else {
            Some(PollFd::new(standard_error.as_fd(), PollFlags::POLLOUT))
        };
        let mut sources = vec![PollFd::new(arrived.as_fd(), PollFlags::POLLIN)];
        sources.extend(output);
        match poll(&mut sources, self.timeout()) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let is_ready: Vec<bool> = sources.iter().map(|source| source.any() == Some(true)).collect();
        if is_ready[0] {
            self.take_signals();
        }
        if is_ready.get(1) == Some(&true) {
            if self.pending.is_empty() { self.read() } else { self.show(standard_error.as_fd()) }
        }
        Ok(())
    }

    fn timeout(&self) -> PollTimeout {
        let Some(deadline) = self.deadline else { return PollTimeout::NONE };
        // Rounded up, so that the time is over when it has passed.
        let left = deadline.saturating_duration_since(Instant::now()).as_millis() + 1;
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    }

    fn take_signals(&mut self) {
        while let Some(received) = signals::wait(Some(Duration::ZERO)) {
            if received.asks_to_end() && self.ended.is_none() {
                received.forward_to(self.child.id().cast_signed());
                if self.stop.is_none() {
                    self.stop = Some(Ended::Interrupted(received.number()));
                    self.deadline = Some(Instant::now() + PATIENCE);
                }
            }
        }
    }

    fn read(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        let mut piece = [0; PIECE];
        match reader.read(&mut piece) {
            Ok(count @ 1..) => {
                let shown = self.masker.mask(&piece[..count]);
                self.keep(shown);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A terminal whose other end is closed gives EIO.
            _ => {
                self.reader = None;
                let rest = self.masker.rest();
                self.keep(rest);
            }
        }
    }

    fn keep(&mut self, shown: Vec<u8>) {
        self.kept.extend(&shown);
        let excess = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..excess);
        self.pending.extend(shown);
    }

    /// Only so much as does not block: a reader who has stopped reading must not hold up a stop.
    fn show(&mut self, to: BorrowedFd<'_>) {
        let count = self.pending.len().min(PIECE);
        match rustix::io::write(to, &self.pending[..count]) {
            Ok(written) => {
                drop(self.pending.drain(..written));
                if self.ended.is_some() {
                    self.deadline = Some(Instant::now() + AFTERMATH);
                }
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            // Nobody reads it any more: the tool goes on.
            Err(_) => self.pending.clear(),
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
