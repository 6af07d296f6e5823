//! The init itself: sleep until a signal arrives, pass it on, reap, and end when there is nothing left to look after.

use std::time::{Duration, Instant};

use nix::libc::{SIGCHLD, SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGTERM, c_int, pid_t};

use super::Supervision;
use super::processes::{self, Named, Process, Processes};
use super::reap::{self, News};
use super::terminal::Terminal;
use super::upgrade;
use crate::environ::Environ;
use crate::log;
use crate::process::signals::{self, Received};
use crate::process::sshd;

/// How long what was killed may take to be gone; only a process stuck in the kernel takes longer.
const KILLED: Duration = Duration::from_secs(1);

/// An init and the child it looks after.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resident {
    main: pid_t,
    /// The process group that the first main child made and its successors are in.
    group: pid_t,
    how: Supervision,
    terminal: Option<Terminal>,
    /// Somebody asked us to end.
    stopping: bool,
    /// Who has been asked to end, by number and start time: being asked twice means "faster" to many servers.
    told: Vec<(pid_t, u64)>,
}

impl Resident {
    /// For a child that runs, and the terminal it was given.
    pub(super) fn new(main: pid_t, how: Supervision, terminal: Option<Terminal>) -> Self {
        Self { main, group: main, how, terminal, stopping: false, told: Vec::new() }
    }

    /// The main child.
    pub(super) fn main(&self) -> pid_t {
        self.main
    }

    /// How it is looked after.
    pub(super) fn how(&self) -> Supervision {
        self.how
    }

    /// The terminal it was given.
    pub(super) fn terminal(&self) -> Option<Terminal> {
        self.terminal
    }

    /// Stays until everything has ended. Returns the main child's exit status.
    pub(super) fn run(mut self) -> u8 {
        let status = self.follow();
        if let Some(terminal) = self.terminal {
            terminal.take_back(self.group);
        }
        self.see_off(status);
        status
    }

    /// Looks after the main child until it has ended without a successor.
    fn follow(&mut self) -> u8 {
        let mut arrived = None;
        loop {
            // After each wait and not only after a SIGCHLD: one stands for many, under a flood of other signals it
            // would wait for its turn, and what has arrived is for the successor of a main child that has just ended.
            if let Some(status) = self.reap() {
                let upgraded = status == 0 && !self.stopping;
                match upgraded.then(|| upgrade::successor(self.main, self.how.shell)).flatten() {
                    Some(successor) => self.adopt(successor),
                    None => return status,
                }
            }
            match arrived.take() {
                Some(signal) => self.pass_on(&signal),
                None => arrived = signals::wait(None),
            }
        }
    }

    /// Reaps everything that has ended. Returns the main child's status if it was among them.
    fn reap(&mut self) -> Option<u8> {
        let mut ended = None;
        loop {
            match reap::next() {
                News::Ended(pid, status) if pid == self.main => ended = Some(status),
                News::Stopped(pid) if pid == self.main => self.suspend(),
                News::Ended(..) | News::Stopped(_) => {}
                News::Nothing | News::Childless => return ended,
            }
        }
    }

    fn pass_on(&mut self, signal: &Received) {
        match signal.number() {
            // Ours: it says that there is something to reap.
            SIGCHLD => {}
            SIGTERM | SIGINT | SIGQUIT => {
                self.stopping = true;
                // Looked up before anybody is told: a shell may be gone the next moment, and its children elsewhere.
                let processes = if processes::is_shell(self.main) { Processes::now() } else { None };
                signal.pass_to(self.main);
                wake(self.main);
                if let Some(processes) = processes {
                    self.tell(&processes.nearest_programs(self.main, &processes::is_shell), signal.number());
                }
            }
            _ => signal.pass_to(self.main),
        }
    }

    /// The terminal stopped the main child (Ctrl-Z), and the shell that started us waits for us: stop too.
    fn suspend(&self) {
        // A PID 1 has no shell above it: it stays awake, so that SIGCONT can be passed on.
        let Some(terminal) = self.terminal.filter(|_| std::process::id() != 1) else { return };
        terminal.take_back(self.group);
        signals::suspend_self();
        // Continued. If it was in the foreground, we have the terminal again to give.
        terminal.hand_over(self.group);
        signals::discard(SIGCONT);
        signals::send(-self.group, SIGCONT);
    }

    fn adopt(&mut self, successor: pid_t) {
        say(&format!("process {} ended after an upgrade; {successor} took over and is followed now", self.main));
        self.main = successor;
        self.how.shell = false;
    }

    /// Ends what the main child left, and waits for it within the grace.
    fn see_off(&mut self, status: u8) {
        let own = std::process::id().cast_signed();
        let deadline = Instant::now() + self.how.grace;
        let mut said = false;
        while is_somebody_left() {
            match Processes::now() {
                Some(processes) => {
                    let left = processes.nearest_programs(own, &processes::is_shell);
                    // sshd's keeper is left at every stop, and ends at once.
                    let worth_naming: Vec<_> =
                        left.iter().copied().filter(|process| !process.is_called(sshd::KEEPER)).collect();
                    if !said && !worth_naming.is_empty() {
                        let (grace, list) = (self.how.grace, Named(&worth_naming));
                        say(&format!(
                            "the main process ended with status {status}; waiting up to {grace:?} for {list}"
                        ));
                    }
                    let new: Vec<_> = left.into_iter().filter(|process| !self.was_told(process)).collect();
                    self.tell(&new, SIGTERM);
                }
                None if !said => signals::send(self.everybody(), SIGTERM),
                None => {}
            }
            said = true;
            let rest = deadline.saturating_duration_since(Instant::now());
            match signals::wait(Some(rest)).map(|signal| signal.number()) {
                Some(signal @ (SIGTERM | SIGINT | SIGQUIT)) => self.hurry(signal),
                None if rest.is_zero() => return self.kill(),
                Some(_) | None => {}
            }
        }
    }

    /// Somebody asked again: that is for those who are left.
    fn hurry(&mut self, signal: c_int) {
        if let Some(processes) = Processes::now() {
            let own = std::process::id().cast_signed();
            self.tell(&processes.nearest_programs(own, &processes::is_shell), signal);
        }
    }

    /// The grace is over.
    fn kill(&mut self) {
        let own = std::process::id().cast_signed();
        let deadline = Instant::now() + KILLED;
        let mut said = false;
        while is_somebody_left() && Instant::now() < deadline {
            match Processes::now() {
                Some(processes) => {
                    let left = processes.descendants(own);
                    if !said {
                        say(&format!("killing what is left after {:?}: {}", self.how.grace, Named(&left)));
                    }
                    self.tell(&left, SIGKILL);
                }
                None => signals::send(self.everybody(), SIGKILL),
            }
            said = true;
            // A child of what was killed is ours only now; it is killed in the next round.
            let _ = signals::wait(Some(deadline.saturating_duration_since(Instant::now())));
        }
    }

    /// The number that stands for all there may be when `/proc` cannot say: for PID 1 that is everybody else, for
    /// any other process the group it made.
    fn everybody(&self) -> pid_t {
        if std::process::id() == 1 { -1 } else { -self.group }
    }

    fn tell(&mut self, processes: &[&Process], signal: c_int) {
        for process in processes {
            signals::send(process.pid, signal);
            wake(process.pid);
            self.told.push((process.pid, process.start));
        }
    }

    fn was_told(&self, process: &Process) -> bool {
        self.told.contains(&(process.pid, process.start))
    }
}

/// Continues a stopped process: else it would meet the signal it was just sent when it is too late.
fn wake(pid: pid_t) {
    if processes::is_stopped(pid) {
        signals::send(pid, SIGCONT);
    }
}

/// Reaps everything that has ended. Whether there are children that have not.
fn is_somebody_left() -> bool {
    loop {
        match reap::next() {
            News::Ended(..) | News::Stopped(_) => {}
            News::Nothing => return true,
            News::Childless => return false,
        }
    }
}

/// One line of the log, which this second life sets up only when it has something to say.
fn say(line: &str) {
    // The first life has refused a setting that is not valid.
    let _ = log::start(&Environ::of_this_process());
    tracing::info!("{line}");
}
