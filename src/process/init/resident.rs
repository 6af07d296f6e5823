//! The init itself: sleep until a signal arrives, forward it, reap, and end when nothing is left below us.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use nix::libc::{SIGCHLD, SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGTERM, c_int, pid_t};

use super::Supervision;
use super::drain::Drain;
use super::look::{self, Look};
use super::terminal::Terminal;
use super::upgrade;
use super::wait::{WaitOutcome, reap_all, wait_for_any};
use crate::environ::Environ;
use crate::log;
use crate::process::procfs::processes::{self, Process, ProcessList, Processes};
use crate::process::signals::{self, Received};
use crate::process::sshd;

/// How long what was killed may take to be gone; only a process stuck in the kernel takes longer.
const KILL_LIMIT: Duration = Duration::from_secs(1);

/// An init and the main child it looks after.
pub(super) struct Resident {
    main: pid_t,
    /// The process group that the first main child made and its successors are in.
    group: pid_t,
    supervision: Supervision,
    terminal: Option<Terminal>,
    /// The looks at the site's port that are still to be taken.
    look: Option<Look>,
    /// A request to end that has not been forwarded yet.
    drain: Option<Drain>,
    /// A request to end has been forwarded.
    is_stopping: bool,
    /// What was asked to end, by number and start time: a second request means "faster" to many servers.
    asked: Vec<(pid_t, u64)>,
}

impl Resident {
    /// For a child that runs, and the terminal it was given.
    pub(super) fn new(main: pid_t, supervision: Supervision, terminal: Option<Terminal>) -> Self {
        Self {
            main,
            group: main,
            supervision,
            terminal,
            look: supervision.expected.map(Look::new),
            drain: None,
            is_stopping: false,
            asked: Vec::new(),
        }
    }

    /// The main child.
    pub(super) fn main(&self) -> pid_t {
        self.main
    }

    /// How it is looked after.
    pub(super) fn supervision(&self) -> Supervision {
        self.supervision
    }

    /// The terminal it was given.
    pub(super) fn terminal(&self) -> Option<Terminal> {
        self.terminal
    }

    /// Stays until everything has ended. Returns the main child's exit status.
    pub(super) fn run(mut self) -> u8 {
        let status = self.exit_status();
        if let Some(terminal) = self.terminal {
            terminal.take_back(self.group);
        }
        self.terminate_descendants(status);
        status
    }

    /// Looks after the main child until it has ended without a successor.
    fn exit_status(&mut self) -> u8 {
        let mut arrived = None;
        loop {
            // After each wait and not only after a SIGCHLD: one stands for many, under a flood of other signals it
            // would wait for its turn, and what has arrived is for the successor of a main child that has just ended.
            if let Some(status) = self.reap() {
                let may_be_upgrade = status == 0 && !self.is_stopping;
                match may_be_upgrade.then(|| upgrade::successor(self.main, self.supervision.shell)).flatten() {
                    Some(successor) => self.follow(successor),
                    None => return status,
                }
            }
            match arrived.take() {
                Some(signal) => self.receive(signal),
                None => arrived = self.sleep(),
            }
        }
    }

    /// Sleeps until a signal arrives, or until something is to be done without one, and does that.
    ///
    /// The second is rare: a site is looked for twice in its life, and drained at its end. Between, nothing wakes us.
    fn sleep(&mut self) -> Option<Received> {
        let times = [self.look.as_ref().and_then(Look::time), self.drain.as_ref().map(Drain::end)];
        let limit = times.into_iter().flatten().min().map(|time| time.saturating_duration_since(Instant::now()));
        let arrived = signals::wait(limit);
        if arrived.is_none() {
            if let Some(look) = &mut self.look {
                look.take_if_due();
            }
            if let Some(signal) = self.drain.as_ref().and_then(Drain::request_if_over) {
                self.drain = None;
                self.forward(&signal);
            }
        }
        arrived
    }

    /// Forwards a signal that arrived, at once unless it is the first request to end of a site that is drained.
    fn receive(&mut self, signal: Received) {
        let is_request = [SIGTERM, SIGINT, SIGQUIT].contains(&signal.number());
        if is_request {
            // A site that ends is not missed.
            self.look = None;
        }
        let drain = self.supervision.drain;
        if signal.number() == SIGTERM && !drain.is_zero() && !self.is_stopping && self.drain.is_none() {
            info(&format!("asked to end; draining for {drain:?}: `health` says no, and the server goes on"));
            self.drain = Some(Drain::begin(signal, drain));
            return;
        }
        if is_request {
            self.drain = None;
        }
        self.forward(&signal);
    }

    /// Reaps every child that has ended. Returns the main child's status if it was among them.
    fn reap(&mut self) -> Option<u8> {
        let mut status = None;
        loop {
            match wait_for_any() {
                WaitOutcome::Ended(pid, own) if pid == self.main => status = Some(own),
                WaitOutcome::Stopped(pid) if pid == self.main => self.suspend(),
                WaitOutcome::Ended(pid, own) => self.look.iter_mut().for_each(|look| look.conclude(pid, own)),
                WaitOutcome::Stopped(_) => {}
                WaitOutcome::Unchanged | WaitOutcome::NoChildren => return status,
            }
        }
    }

    /// Sends a signal to the main child; a request to end also to the programs behind its shells.
    fn forward(&mut self, signal: &Received) {
        match signal.number() {
            // It is about our own children.
            SIGCHLD => {}
            SIGTERM | SIGINT | SIGQUIT => {
                self.is_stopping = true;
                // Before anything is sent: a shell may be gone the next moment, and its children elsewhere.
                let processes = if processes::is_shell(self.main) { Processes::now() } else { None };
                signal.forward_to(self.main);
                wake(self.main);
                if let Some(processes) = processes {
                    self.ask(&processes.nearest_programs(self.main, &processes::is_shell), signal.number());
                }
            }
            _ => signal.forward_to(self.main),
        }
    }

    /// The terminal stopped the main child (Ctrl-Z), and the shell that started us waits for us: stop too.
    fn suspend(&self) {
        // A PID 1 has no shell above it: it stays awake, so that SIGCONT can be forwarded.
        let Some(terminal) = self.terminal.filter(|_| std::process::id() != 1) else { return };
        terminal.take_back(self.group);
        signals::suspend_self();
        // Continued. If it was in the foreground, we have the terminal again to give.
        terminal.hand_over(self.group);
        signals::discard(SIGCONT);
        signals::send(-self.group, SIGCONT);
    }

    /// From now on this is the main child.
    fn follow(&mut self, successor: pid_t) {
        info(&format!("process {} ended after an upgrade; {successor} took over and is followed now", self.main));
        self.main = successor;
        self.supervision.shell = false;
    }

    /// Asks what the main child left to end, waits for it within the grace time, and kills the rest.
    fn terminate_descendants(&mut self, status: u8) {
        let own = std::process::id().cast_signed();
        let deadline = Instant::now() + self.supervision.grace;
        let mut is_first_round = true;
        while reap_all() {
            match Processes::now() {
                Some(processes) => {
                    let left = processes.nearest_programs(own, &processes::is_shell);
                    let named: Vec<_> = left.iter().copied().filter(|process| !is_ours(process)).collect();
                    if is_first_round && !named.is_empty() {
                        let (grace, list) = (self.supervision.grace, ProcessList(&named));
                        info(&format!(
                            "the main process ended with status {status}; waiting up to {grace:?} for {list}"
                        ));
                    }
                    let new: Vec<_> = left.into_iter().filter(|process| !self.was_asked(process)).collect();
                    self.ask(&new, SIGTERM);
                }
                None if is_first_round => signals::send(self.everything(), SIGTERM),
                None => {}
            }
            is_first_round = false;
            let rest = deadline.saturating_duration_since(Instant::now());
            match signals::wait(Some(rest)).map(|signal| signal.number()) {
                Some(signal @ (SIGTERM | SIGINT | SIGQUIT)) => self.ask_again(signal),
                None if rest.is_zero() => return self.kill_descendants(),
                Some(_) | None => {}
            }
        }
    }

    /// Another request to end has arrived: it is for what is left.
    fn ask_again(&mut self, signal: c_int) {
        if let Some(processes) = Processes::now() {
            let own = std::process::id().cast_signed();
            self.ask(&processes.nearest_programs(own, &processes::is_shell), signal);
        }
    }

    /// The grace time is over.
    fn kill_descendants(&mut self) {
        let own = std::process::id().cast_signed();
        let deadline = Instant::now() + KILL_LIMIT;
        let mut is_first_round = true;
        while reap_all() && Instant::now() < deadline {
            match Processes::now() {
                Some(processes) => {
                    let left = processes.descendants(own);
                    if is_first_round {
                        let (grace, list) = (self.supervision.grace, ProcessList(&left));
                        info(&format!("killing what is left after {grace:?}: {list}"));
                    }
                    self.ask(&left, SIGKILL);
                }
                None => signals::send(self.everything(), SIGKILL),
            }
            is_first_round = false;
            // A child of what was killed is ours only now; it is killed in the next round.
            let _ = signals::wait(Some(deadline.saturating_duration_since(Instant::now())));
        }
    }

    /// The number that stands for all there may be when `/proc` cannot say: for PID 1 that is every other process, for
    /// any other process the group it made.
    fn everything(&self) -> pid_t {
        if std::process::id() == 1 { -1 } else { -self.group }
    }

    fn ask(&mut self, processes: &[&Process], signal: c_int) {
        for process in processes {
            signals::send(process.pid, signal);
            wake(process.pid);
            self.asked.push((process.pid, process.start));
        }
    }

    fn was_asked(&self, process: &Process) -> bool {
        self.asked.contains(&(process.pid, process.start))
    }
}

/// Is it a process of pystart's own? sshd's keeper is left at every stop, and a look may be; both end at once.
fn is_ours(process: &Process) -> bool {
    [sshd::KEEPER, look::NAME].iter().any(|name| process.is_called(name))
}

/// Continues a stopped process: else it would meet the signal it was just sent when it is too late.
fn wake(pid: pid_t) {
    if processes::is_stopped(pid) {
        signals::send(pid, SIGCONT);
    }
}

/// One line of the log, which is set up only when there is something to say.
fn info(line: &str) {
    // A setting that is not valid was refused before the re-exec.
    let _ = log::start(&Environ::of_this_process());
    tracing::info!("{line}");
}
