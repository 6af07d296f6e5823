//! Follows pystart with `ptrace(2)` from its `main` up to what it starts, and meddles once: a system call fails, or a
//! signal comes behind one.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sched::CloneFlags;
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Far more than anything takes here; what takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The calls to which a signal is all that can happen. `close` gives back the descriptor whatever it says (close(2)); and the
/// standard library reads from a pair of sockets, which only it has, what it writes to itself between fork and exec.
const ONLY_INTERRUPTED: [i64; 2] = [libc::SYS_close, libc::SYS_recvfrom];

/// A system call of pystart: of the process that was called, or of a child of it that has not become another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) in_child: bool,
    /// Its number in that process, from 0, counted from `main`.
    pub(crate) index: usize,
}

/// What is done, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meddling {
    Nothing,
    /// The call is not made, and returns this error.
    Fail(Place, Errno),
    /// The signal is sent to the process that was called when the call has returned.
    Send(Place, Signal),
    /// The same, after a first signal that was sent as soon as the server ran: places are counted from there.
    SendAgain(Place, Signal),
}

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The calls of pystart, by number.
    pub(crate) calls: BTreeMap<Place, i64>,
    /// How the process that was called ended.
    pub(crate) end: WaitStatus,
    /// The call that failed: where threads are about, its number may be another's the next time.
    pub(crate) failed: Option<i64>,
    /// Whether it had to be killed.
    pub(crate) hung: bool,
    /// Another program took the place of pystart, or of its child.
    pub(crate) started: bool,
}

impl Outcome {
    /// The exit status, as a shell has it.
    pub(crate) fn status(&self) -> i32 {
        match self.end {
            WaitStatus::Exited(_, status) => status,
            WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
            _ => -1,
        }
    }
}

/// Where a process is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// How many times it has set an alternative signal stack: the second time is the last that the runtime does before
    /// `main`.
    stacks: u32,
    calls: usize,
    is_inside: bool,
    /// The error that the call is to return.
    failing: Option<Errno>,
    sends: Option<Signal>,
    /// It is another program now.
    is_server: bool,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, output: &File, errors: &File, meddling: Meddling) -> Outcome {
    let follow_me = || ptrace::traceme().map_err(std::io::Error::from);
    #[expect(unsafe_code, reason = "a process has to ask for being followed itself")]
    // SAFETY: the closure makes one system call.
    let command = unsafe { command.pre_exec(follow_me) };
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(errors.try_clone().unwrap());
    let root = Pid::from_raw(command.process_group(0).spawn().unwrap().id().cast_signed());
    waitpid(root, None).unwrap();
    // A thread whose children are to be in another namespace can start no thread.
    if let Ok(own) = File::open("/proc/thread-self/ns/pid") {
        let _ = nix::sched::setns(own, CloneFlags::CLONE_NEWPID);
    }
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(root, options).unwrap();
    ptrace::syscall(root, None).unwrap();
    let guard = Guard::new(root);
    let mut tracer = Tracer {
        root,
        meddling,
        is_done: false,
        stopped: None,
        processes: BTreeMap::new(),
        calls: BTreeMap::new(),
        failed: None,
    };
    tracer.processes.insert(root, Progress::default());
    let (end, started) = tracer.follow();
    Outcome { calls: tracer.calls, failed: tracer.failed, end, hung: guard.fired(), started }
}

/// Kills a process that hangs.
struct Guard {
    is_over: Arc<AtomicBool>,
    has_fired: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Guard {
    fn new(root: Pid) -> Self {
        let (is_over, has_fired) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (over, fired) = (Arc::clone(&is_over), Arc::clone(&has_fired));
        let deadline = Instant::now() + PATIENCE;
        let watch = move || {
            while !over.load(Ordering::Acquire) {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    fired.store(true, Ordering::Release);
                    let _ = nix::sys::signal::killpg(root, Signal::SIGKILL);
                    let _ = kill(root, Signal::SIGKILL);
                    return;
                }
                thread::park_timeout(left);
            }
        };
        Self { is_over, has_fired, thread: thread::spawn(watch) }
    }

    fn fired(self) -> bool {
        self.is_over.store(true, Ordering::Release);
        self.thread.thread().unpark();
        let _ = self.thread.join();
        self.has_fired.load(Ordering::Acquire)
    }
}

struct Tracer {
    root: Pid,
    meddling: Meddling,
    is_done: bool,
    /// The first signal was sent; how many calls there were by then.
    stopped: Option<BTreeMap<bool, usize>>,
    processes: BTreeMap<Pid, Progress>,
    calls: BTreeMap<Place, i64>,
    failed: Option<i64>,
}

impl Tracer {
    fn follow(&mut self) -> (WaitStatus, bool) {
        let mut end = WaitStatus::StillAlive;
        let mut started = false;
        while !self.processes.is_empty() {
            // This thread's children only: tests run side by side.
            let Ok(stop) = waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)) else { break };
            let Some(pid) = stop.pid() else { continue };
            let mut deliver = None;
            match stop {
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {
                    self.processes.remove(&pid);
                    if pid == self.root {
                        end = stop;
                        // What is left over is none of the outcome.
                        for left in self.processes.keys() {
                            let _ = kill(*left, Signal::SIGKILL);
                        }
                    }
                    continue;
                }
                WaitStatus::PtraceSyscall(_) => self.system_call(pid),
                WaitStatus::PtraceEvent(_, _, event) if event == Event::PTRACE_EVENT_EXEC as i32 => {
                    let progress = self.processes.entry(pid).or_default();
                    // The first `execve` of the process that was called is that of pystart itself.
                    progress.is_server = progress.calls > 0 || pid != self.root;
                    started |= progress.is_server;
                    if progress.is_server && matches!(self.meddling, Meddling::SendAgain(..)) {
                        self.stopped = Some(self.counts());
                        let _ = kill(self.root, Signal::SIGTERM);
                    }
                }
                WaitStatus::PtraceEvent(_, _, event) => {
                    let made = [Event::PTRACE_EVENT_FORK, Event::PTRACE_EVENT_VFORK, Event::PTRACE_EVENT_CLONE];
                    let is_server = self.processes.get(&pid).is_some_and(|progress| progress.is_server);
                    if made.iter().any(|made| *made as i32 == event)
                        && let Ok(child) = ptrace::getevent(pid)
                    {
                        let child = Pid::from_raw(i32::try_from(child).unwrap());
                        let progress = self.processes.entry(child).or_default();
                        (progress.stacks, progress.is_server) = (2, is_server);
                    }
                }
                // SIGTRAP is ours, SIGSTOP the first stop of a new process.
                WaitStatus::Stopped(_, Signal::SIGTRAP) => {}
                WaitStatus::Stopped(_, Signal::SIGSTOP) => {
                    self.processes.entry(pid).or_insert(Progress { stacks: 2, ..Progress::default() });
                }
                WaitStatus::Stopped(_, signal) => deliver = Some(signal),
                _ => {}
            }
            let _ = ptrace::syscall(pid, deliver);
        }
        (end, started)
    }

    fn counts(&self) -> BTreeMap<bool, usize> {
        [false, true].map(|child| (child, self.calls.keys().filter(|place| place.in_child == child).count())).into()
    }

    fn system_call(&mut self, pid: Pid) {
        let in_child = pid != self.root;
        let Ok(mut registers) = ptrace::getregs(pid) else { return };
        let progress = self.processes.entry(pid).or_default();
        if progress.is_server {
            return;
        }
        progress.is_inside = !progress.is_inside;
        let number = registers.orig_rax.cast_signed();
        if !progress.is_inside {
            if let Some(errno) = progress.failing.take() {
                registers.rax = (-i64::from(errno as i32)).cast_unsigned();
                let _ = ptrace::setregs(pid, registers);
            }
            if let Some(signal) = progress.sends.take() {
                let _ = kill(self.root, signal);
            }
            return;
        }
        if progress.stacks < 2 {
            progress.stacks += u32::from(number == libc::SYS_sigaltstack);
            return;
        }
        progress.calls += 1;
        let index = self.calls.keys().filter(|place| place.in_child == in_child).count();
        let place = Place { in_child, index };
        self.calls.insert(place, number);
        if self.is_done {
            return;
        }
        match self.meddling {
            Meddling::Fail(at, errno) if at == place => {
                self.failed = Some(number);
                match number {
                    // It knows no errors: the kernel answers with the break as it is, as it does for this address.
                    libc::SYS_brk => registers.rdi = 0,
                    // It does what it does, too.
                    libc::SYS_close => {}
                    // No call has this number: the kernel makes none.
                    _ => registers.orig_rax = u64::MAX,
                }
                self.is_done = ptrace::setregs(pid, registers).is_ok();
                let errno = if ONLY_INTERRUPTED.contains(&number) { Errno::EINTR } else { errno };
                progress.failing = Some(errno).filter(|_| number != libc::SYS_brk);
            }
            Meddling::Send(at, signal) if at == place => {
                self.is_done = true;
                progress.sends = Some(signal);
            }
            Meddling::SendAgain(at, signal) => {
                let before = self.stopped.as_ref().map(|counts| counts[&in_child]);
                if before.is_some_and(|before| Place { in_child: at.in_child, index: at.index + before } == place) {
                    self.is_done = true;
                    progress.sends = Some(signal);
                }
            }
            _ => {}
        }
    }
}
