//! What stays in memory while the main child runs.

use std::ffi::OsStr;

use nix::libc::{SIGTERM, SIGWINCH};

use crate::Test;
use crate::stage::{PYSTART, Stage, children, namespace, proc, pystart, python, until, words};

pub(crate) const TESTS: &[Test] = &[
    ("resident::it_sleeps_in_one_call_and_wakes_for_two_looks_at_most", sleeps),
    ("resident::it_keeps_little_memory", memory),
    ("resident::it_holds_three_descriptors_however_many_orphans_it_reaped", descriptors),
    ("resident::without_a_proc_it_does_the_same_without_the_re_exec", without_proc),
    ("resident::it_reads_well_in_ps_and_has_the_environment_of_the_child_and_what_it_was_given", looks),
];

/// Waits until the re-exec is done.
fn settled(stage: &Stage) {
    until("it waits for signals", || waiting(stage.pid()).map(drop));
}

/// Whether it sleeps without a time limit: nothing but a signal wakes it.
pub(crate) fn sleeps_for_good(pid: i32) -> bool {
    // The third argument is the limit.
    waiting(pid).is_some_and(|arguments| arguments.get(2).is_some_and(|limit| limit == "0x0"))
}

/// The arguments of the `rt_sigtimedwait` that the process sleeps in.
fn waiting(pid: i32) -> Option<Vec<String>> {
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
    let mut words = call.split_ascii_whitespace().map(str::to_owned);
    let number: i64 = words.next()?.parse().ok()?;
    (number == nix::libc::SYS_rt_sigtimedwait).then(|| words.collect())
}

fn sleeps() {
    let stage = Stage::init(&["sleep", "1000"]);
    settled(&stage);
    // The site is looked for twice; after that nothing wakes it, which the tests of the look are about.
    assert!(proc(stage.pid(), "cmdline").contains("\0port=8000@10000ms,60000ms\0"), "{}", proc(stage.pid(), "cmdline"));
    assert!(proc(stage.pid(), "status").contains("Threads:\t1\n"));
}

fn descriptors() {
    let orphans = "i=0; while [ $i -lt 100 ]; do (sleep 0 &); i=$((i+1)); done; echo made; exec sleep 1000";
    let stage = Stage::init(&["sh", "-c", orphans]);
    stage.expect("made");
    settled(&stage);
    until("every orphan is reaped", || (children(stage.pid()).len() == 1).then_some(()));
    let open = std::fs::read_dir(format!("/proc/{}/fd", stage.pid())).expect("it is ours").count();
    assert_eq!(open, 3, "the standard streams");
}

fn memory() {
    let stage = Stage::init(&["sleep", "1000"]);
    settled(&stage);
    let rollup = proc(stage.pid(), "smaps_rollup");
    let anonymous = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")?.trim().strip_suffix(" kB"));
    let anonymous: u32 = anonymous.and_then(|size| size.trim().parse().ok()).unwrap_or(u32::MAX);
    // A debug build has more data than a release build, whose memory the cost tests look at. Without the re-exec
    // it would be several hundred.
    assert!(anonymous <= 96, "{rollup}");
}

fn looks() {
    let stage = Stage::init_with(&["sleep", "1000"], &[("A_VARIABLE", OsStr::new("a value"))]);
    settled(&stage);
    let cmdline = proc(stage.pid(), "cmdline");
    assert!(cmdline.starts_with("pystart: init\0child=2\0grace="), "{cmdline:?}");
    assert_eq!(proc(stage.pid(), "comm"), "pystart\n");
    assert!(proc(stage.pid(), "environ").contains("A_VARIABLE=a value\0"));
    // What it was given is for those who read it here; the child has no use for it.
    let given = format!("PYSTART_PID1={}\0", pystart(&["sleep", "1000"]).join(" ").replacen(PYSTART, "pystart", 1));
    assert_eq!(proc(stage.pid(), "environ"), proc(stage.main(), "environ") + &given);
}

fn without_proc() {
    let child = python(
        "
if os.fork() == 0:
    record('left', then=leave()); say('ready'); pause()
record('child', then=leave(9)); say('ready'); pause()",
    );
    let child = words(&child);
    let hidden = ["sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"];
    let command: Vec<_> = hidden.into_iter().chain(pystart(&child)).collect();
    let stage = Stage::play(&namespace(&command), &[]);
    stage.expect("ready");
    stage.expect("ready");
    assert_eq!(proc(stage.pid(), "cmdline").replace('\0', " "), pystart(&child).join(" ") + " ");
    stage.signal(SIGWINCH);
    stage.expect("child 28");
    stage.signal(SIGTERM);
    for line in ["child 15", "done", "left 15", "done"] {
        stage.expect(line);
    }
    stage.end_with(9);
}
