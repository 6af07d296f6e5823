//! Counts what a command costs by following it with `ptrace(2)`: the same numbers on every machine and at any load, and
//! no tool is needed. Processes that the command makes are followed too, up to their end.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::libc;
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// The system calls of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    /// How many there were, by number.
    pub(crate) by_number: BTreeMap<u64, u64>,
    /// What `read(2)` and `pread(2)` returned, in bytes.
    pub(crate) bytes_read: u64,
    /// The most that one of its programs had resident when it ended or became another, in KiB.
    pub(crate) peak_memory: u64,
}

impl Calls {
    /// How many there were.
    pub(crate) fn total(&self) -> u64 {
        self.by_number.values().sum()
    }

    /// How many there were of these.
    pub(crate) fn of(&self, numbers: &[libc::c_long]) -> u64 {
        self.by_number
            .iter()
            .filter(|(number, _)| numbers.contains(&number.cast_signed()))
            .map(|(_, count)| count)
            .sum()
    }
}

/// The instructions that a command executes in user mode.
///
/// A repeated string instruction (`rep movsb`) counts once for each turn.
pub(crate) fn instructions(command: &mut Command) -> nix::Result<u64> {
    let mut count = 0;
    follow(command, ptrace::step, |_, stop| {
        if matches!(stop, WaitStatus::Stopped(_, Signal::SIGTRAP)) {
            count += 1;
        }
    })?;
    Ok(count)
}

/// The system calls that a command makes.
pub(crate) fn system_calls(command: &mut Command) -> nix::Result<Calls> {
    let mut calls = Calls::default();
    // The call that each process is in.
    let mut inside: BTreeMap<Pid, u64> = BTreeMap::new();
    follow(command, ptrace::syscall, |pid, stop| {
        let WaitStatus::PtraceSyscall(_) = stop else { return };
        let Ok(info) = ptrace::syscall_info(pid) else { return };
        #[expect(unsafe_code, reason = "the kernel tells by `op` which variant it is")]
        // SAFETY: `op` says that these variants were filled in.
        let (entered, returned) = unsafe {
            match info.op {
                libc::PTRACE_SYSCALL_INFO_ENTRY => (Some(info.u.entry.nr), None),
                libc::PTRACE_SYSCALL_INFO_EXIT => (None, Some(info.u.exit.sval)),
                _ => (None, None),
            }
        };
        if let Some(number) = entered {
            inside.insert(pid, number);
            *calls.by_number.entry(number).or_default() += 1;
            if is_one_of(number, &[libc::SYS_execve, libc::SYS_exit_group]) {
                calls.peak_memory = calls.peak_memory.max(resident_memory(pid).unwrap_or_default());
            }
        }
        if let (Some(bytes), Some(number)) = (returned, inside.get(&pid))
            && is_one_of(*number, &[libc::SYS_read, libc::SYS_pread64])
        {
            calls.bytes_read += u64::try_from(bytes).unwrap_or_default();
        }
    })?;
    Ok(calls)
}

fn is_one_of(number: u64, numbers: &[libc::c_long]) -> bool {
    numbers.contains(&number.cast_signed())
}

/// How much of a process is resident, in KiB, page by page: the kernel's running counts are off by up to some hundred
/// kibibytes. A launcher has the most at its end.
fn resident_memory(pid: Pid) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    rollup.lines().find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// Runs a command to its end, process by process and stop by stop; `resume` says how far each goes at a time.
fn follow(
    command: &mut Command,
    resume: impl Fn(Pid, Option<Signal>) -> nix::Result<()>,
    mut look: impl FnMut(Pid, WaitStatus),
) -> nix::Result<()> {
    let follow_me = || ptrace::traceme().map_err(std::io::Error::from);
    #[expect(unsafe_code, reason = "a process has to ask for being followed itself")]
    // SAFETY: the closure makes one system call.
    let command = unsafe { command.pre_exec(follow_me) };
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(first) = silent.spawn().map(|child| Pid::from_raw(child.id().cast_signed())) else {
        return Err(nix::errno::Errno::last());
    };
    // Stopped behind its `execve`.
    waitpid(first, None)?;
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(first, options)?;
    resume(first, None)?;
    let mut alive = 1;
    while alive > 0 {
        // This thread's children only: tests run side by side.
        let stop = waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD))?;
        let Some(pid) = stop.pid() else { continue };
        look(pid, stop);
        match stop {
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => alive -= 1,
            WaitStatus::PtraceEvent(_, _, event) => {
                let makes = [Event::PTRACE_EVENT_FORK, Event::PTRACE_EVENT_VFORK, Event::PTRACE_EVENT_CLONE];
                alive += u32::from(makes.iter().any(|made| *made as i32 == event));
                resume(pid, None)?;
            }
            // SIGTRAP is ours, SIGSTOP the first stop of a new process.
            WaitStatus::Stopped(_, Signal::SIGTRAP | Signal::SIGSTOP) | WaitStatus::PtraceSyscall(_) => {
                resume(pid, None)?;
            }
            WaitStatus::Stopped(_, signal) => resume(pid, Some(signal))?,
            _ => {}
        }
    }
    Ok(())
}
