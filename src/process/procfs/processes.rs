//! The process table, and who is below whom.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};

use nix::libc::pid_t;
use nix::unistd::{SysconfVar, sysconf};

use super::{pids, short};
use crate::printable::printable;
use crate::shell::shells;

/// How many processes a message names; the rest is counted.
const NAMED: usize = 8;

/// One process that runs: neither ended nor waiting to be reaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number, with [`start`](Self::start) its identity: a number alone is used again.
    pub(crate) pid: pid_t,
    /// When it was started, in clock ticks since boot.
    pub(crate) start: u64,
    parent: pid_t,
    name: String,
}

impl Process {
    /// The process of this number, if it runs.
    pub(crate) fn of(pid: pid_t) -> Option<Self> {
        parse(pid, &short(&format!("/proc/{pid}/stat"))?)
    }

    /// The moment of its start, to the second; `None` if the kernel does not tell when it was booted.
    pub(crate) fn start_time(&self) -> Option<SystemTime> {
        let ticks = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok().filter(|ticks| *ticks > 0)?;
        let facts = fs::read_to_string("/proc/stat").ok()?;
        let boot: u64 = facts.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(boot + self.start / ticks))
    }

    /// Is this its name (at most 15 bytes, as the kernel keeps it)?
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name
    }
}

/// The processes at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Processes(Vec<Process>);

impl Processes {
    /// Every process that `/proc` shows. `None` if there is no `/proc`, or if it belongs to another PID namespace, whose
    /// numbers mean other processes here.
    pub(crate) fn now() -> Option<Self> {
        are_of_this_namespace().then(|| Self(pids().filter_map(Process::of).collect()))
    }

    /// The processes of this name (at most 15 bytes of it, as the kernel keeps it).
    pub(crate) fn called(&self, name: &str) -> impl Iterator<Item = &Process> {
        self.0.iter().filter(move |process| process.name == name)
    }

    /// The direct children of a process.
    pub(crate) fn children(&self, of: pid_t) -> impl Iterator<Item = &Process> {
        self.0.iter().filter(move |process| process.parent == of)
    }

    /// What a signal for everything below `root` is to be sent to: the nearest programs, through any shells in
    /// between (shells included, parents before their children).
    ///
    /// A shell does not pass a signal on, so that its children need it from elsewhere. Any other program has its own way
    /// to end what it started: a server's workers get theirs from the master, when it is time, and a second signal from
    /// us would cut what they are doing.
    pub(crate) fn nearest_programs(&self, root: pid_t, is_shell: &dyn Fn(pid_t) -> bool) -> Vec<&Process> {
        let mut receivers = Vec::new();
        let mut open = vec![root];
        while let Some(parent) = open.pop() {
            for child in self.children(parent) {
                receivers.push(child);
                if is_shell(child.pid) {
                    open.push(child.pid);
                }
            }
        }
        receivers
    }

    /// Everything below `root`, parents before their children.
    pub(crate) fn descendants(&self, root: pid_t) -> Vec<&Process> {
        self.nearest_programs(root, &|_| true)
    }
}

/// Do the numbers in `/proc` mean the same processes as here? Not where it belongs to another PID namespace.
pub(crate) fn are_of_this_namespace() -> bool {
    let own = fs::read_link("/proc/self");
    own.is_ok_and(|own| own.as_os_str().as_bytes() == std::process::id().to_string().as_bytes())
}

/// More than this many are not looked at one after the other: a look at all of them is for that.
const NEAR: usize = 16;

/// A few processes of a tree, found without a look at the others: the root, its children, theirs, as long as each was
/// started by the first thread of its parent, and without those of this name and what is below them.
///
/// Nothing follows from a process that is missing here: a kernel need not tell of children (`CONFIG_PROC_CHILDREN`).
pub(crate) fn nearest(root: pid_t, without: &str) -> impl Iterator<Item = pid_t> {
    let (mut open, mut last) = (VecDeque::from([root]), None);
    std::iter::from_fn(move || {
        open.extend(last.take().into_iter().flat_map(children_by_first_thread));
        last = std::iter::from_fn(|| open.pop_front()).find(|pid| *pid == root || !is_called(*pid, without));
        last
    })
    .take(NEAR)
}

fn children_by_first_thread(pid: pid_t) -> Vec<pid_t> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Names and numbers of processes, for a message.
pub(crate) struct ProcessList<'a>(pub(crate) &'a [&'a Process]);

impl fmt::Display for ProcessList<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, process) in self.0.iter().take(NAMED).enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(out, "{comma}`{}` ({})", printable(&process.name), process.pid)?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(out, " and {more} more"),
        }
    }
}

/// Whether there is a process of this name (at most 15 bytes of it).
pub(crate) fn any_is_called(name: &str) -> bool {
    pids().any(|pid| is_called(pid, name))
}

/// Whether this is the name of the process (at most 15 bytes of it).
pub(crate) fn is_called(pid: pid_t, name: &str) -> bool {
    super::name(pid).is_some_and(|own| own == name)
}

/// Whether the process is a shell now, by the name it was called by: a script's interpreter stands there too, while the
/// kernel's own short name is the script's.
pub(crate) fn is_shell(pid: pid_t) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|cmdline| names_shell(&cmdline))
}

fn names_shell(cmdline: &[u8]) -> bool {
    let first = cmdline.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = first.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    // A login shell has a dash in front.
    let name = name.strip_prefix(b"-").unwrap_or(name);
    // `busybox sh` is what a link to busybox is called with where there are no links.
    let name = if name == b"busybox" { cmdline.split(|byte| *byte == 0).nth(1).unwrap_or_default() } else { name };
    shells::is_shell(OsStr::from_bytes(name))
}

/// Whether the process is stopped, so that it would notice a signal only after SIGCONT.
pub(crate) fn is_stopped(pid: pid_t) -> bool {
    let stat = short(&format!("/proc/{pid}/stat")).unwrap_or_default();
    let bracket = stat.iter().rposition(|byte| *byte == b')');
    bracket.is_some_and(|bracket| stat.get(bracket + 2) == Some(&b'T'))
}

/// One `/proc/PID/stat`: `PID (NAME) STATE PARENT ...`, where the name may hold anything, brackets included.
fn parse(pid: pid_t, stat: &[u8]) -> Option<Process> {
    let open = stat.iter().position(|byte| *byte == b'(')?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let name = String::from_utf8_lossy(stat.get(open + 1..close)?).into_owned();
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    // proc_pid_stat(5): the start time is field 22, the parent was field 4.
    let started = fields.nth(17)?.parse().ok()?;
    (!ended).then_some(Process { pid, start: started, parent, name })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    fn process(pid: pid_t, parent: pid_t, name: &str) -> Process {
        Process { pid, start: 0, parent, name: name.to_owned() }
    }

    #[test]
    fn a_name_may_hold_brackets_and_blanks() {
        let rest = "S 7 9 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5812 3 4";
        let expected = Process { start: 5812, ..process(12, 7, ") R 1 (x") };
        assert_eq!(parse(12, format!("12 () R 1 (x) {rest}").as_bytes()), Some(expected));
    }

    #[test]
    fn our_own_start_is_a_moment_ago() {
        let own = Process::of(std::process::id().cast_signed()).unwrap();
        let age = SystemTime::now().duration_since(own.start_time().unwrap()).unwrap_or_default();
        assert!(age < Duration::from_hours(1), "{age:?}");
    }

    #[test]
    fn the_nearest_processes_are_the_root_and_its_children_but_for_those_of_a_name() {
        let mut shell = Command::new("sh").args(["-c", "sleep 60 & sleep 61 & wait"]).process_group(0).spawn().unwrap();
        let root = shell.id().cast_signed();
        let deadline = Instant::now() + Duration::from_mins(1);
        let are_there = || nearest(root, "").filter(|pid| is_called(*pid, "sleep")).count() == 2;
        while !are_there() {
            assert!(Instant::now() < deadline, "the shell starts two processes");
            std::thread::yield_now();
        }
        let (all, without): (Vec<_>, Vec<_>) = (nearest(root, "").collect(), nearest(root, "sleep").collect());
        nix::sys::signal::killpg(nix::unistd::Pid::from_raw(root), nix::sys::signal::Signal::SIGKILL).unwrap();
        shell.wait().unwrap();
        assert_eq!((all[0], all.len(), without), (root, 3, vec![root]));
    }

    #[test]
    fn what_has_ended_is_not_there() {
        for state in ["Z", "X"] {
            let stat = format!("12 (a) {state} 7 9 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5812 3 4");
            assert_eq!(parse(12, stat.as_bytes()), None, "{state}");
        }
    }

    #[test]
    fn a_signal_goes_through_shells_and_stops_at_the_first_program_on_each_branch() {
        let processes = Processes(vec![
            process(2, 1, "sh"),
            process(3, 2, "sh"),
            process(4, 3, "master"),
            process(5, 4, "worker"),
            process(6, 2, "tee"),
            process(9, 8, "stranger"),
        ]);
        let pids = |list: Vec<&Process>| list.into_iter().map(|process| process.pid).collect::<Vec<_>>();
        let is_shell = |pid| pid < 4;
        assert_eq!(pids(processes.nearest_programs(2, &is_shell)), [3, 6, 4]);
        assert_eq!(pids(processes.nearest_programs(1, &is_shell)), [2, 3, 6, 4]);
        assert_eq!(pids(processes.descendants(2)), [3, 6, 4, 5]);
    }

    #[test]
    fn a_shell_is_known_by_what_it_was_called() {
        let shells: [&[u8]; 5] =
            [b"/bin/sh\0./startup.sh\0", b"bash\0-c\0x\0", b"-ash\0", b"busybox\0sh\0", b"/bin/busybox\0ash\0"];
        for cmdline in shells {
            assert!(names_shell(cmdline), "{}", cmdline.escape_ascii());
        }
        let programs: [&[u8]; 5] =
            [b"", b"/usr/bin/python3\0/bin/sh\0", b"gunicorn: master [app:app]", b"busybox\0httpd\0", b"fish-sh\0"];
        for cmdline in programs {
            assert!(!names_shell(cmdline), "{}", cmdline.escape_ascii());
        }
    }

    #[test]
    fn a_message_names_a_few_and_counts_the_rest() {
        let processes: Vec<_> = (10..20).map(|pid| process(pid, 1, "a\n`")).collect();
        let all: Vec<_> = processes.iter().collect();
        assert_eq!(ProcessList(&all[..2]).to_string(), r"`a\n`` (10), `a\n`` (11)");
        assert!(ProcessList(&all).to_string().ends_with("(17) and 2 more"));
    }
}
