//! The processes that can be seen from here, as `/proc` tells them.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, SystemTime};

use nix::unistd::{SysconfVar, sysconf};

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    /// Its number.
    pub(super) pid: i32,
    /// That of its parent.
    pub(super) parent: i32,
    /// The kernel's short name for it.
    pub(super) name: String,
    /// Its command line, as it stands in its memory: some servers write a title there.
    pub(super) argv: Vec<OsString>,
    /// When it was started, in clock ticks since boot.
    pub(super) start: u64,
}

/// Every process, sorted by number; none where `/proc` cannot be read.
pub(super) fn all() -> Vec<Process> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut all: Vec<Process> = pids.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect();
    all.sort_unstable_by_key(|process| process.pid);
    all
}

fn read(pid: i32) -> Option<Process> {
    let facts = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    parse(pid, &facts, &cmdline)
}

/// proc_pid_stat(5): the name stands in brackets and may hold some itself; the parent is field 4, the start field 22.
fn parse(pid: i32, facts: &[u8], cmdline: &[u8]) -> Option<Process> {
    let (open, close) = (facts.iter().position(|byte| *byte == b'(')?, facts.iter().rposition(|byte| *byte == b')')?);
    let name = String::from_utf8_lossy(facts.get(open + 1..close)?).into_owned();
    let mut fields = str::from_utf8(facts.get(close + 1..)?).ok()?.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    let words = cmdline.strip_suffix(b"\0").unwrap_or(cmdline).split(|byte| *byte == 0);
    let argv = words.filter(|_| !cmdline.is_empty()).map(|word| OsString::from_vec(word.to_owned())).collect();
    Some(Process { pid, parent, name, argv, start })
}

/// The moment of a process's start, to the second; `None` if the kernel does not tell when it was booted.
pub(super) fn time_of(start: u64) -> Option<SystemTime> {
    let ticks = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok().filter(|ticks| *ticks > 0)?;
    let kernel = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = kernel.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(boot + start / ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_holds() {
        let rest = "S 7 9 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5812 3 4";
        let got = parse(12, format!("12 () R 1 (x) {rest}").as_bytes(), b"python3\0-m\0\0x y\0").unwrap();
        let argv = ["python3", "-m", "", "x y"].map(OsString::from).to_vec();
        assert_eq!(got, Process { pid: 12, parent: 7, name: ") R 1 (x".into(), argv, start: 5812 });
        assert_eq!(parse(2, format!("2 (kthreadd) {rest}").as_bytes(), b"").unwrap().argv, Vec::<OsString>::new());
        assert_eq!(parse(2, b"2 (short) S 1", b""), None);
    }

    #[test]
    fn our_own_start_is_a_moment_ago() {
        let own = std::process::id().cast_signed();
        let all = all();
        let process = all.iter().find(|process| process.pid == own).unwrap();
        let age = SystemTime::now().duration_since(time_of(process.start).unwrap()).unwrap_or_default();
        assert!(age < Duration::from_hours(1), "{age:?}");
    }
}
