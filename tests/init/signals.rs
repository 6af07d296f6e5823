//! What reaches whom, how often, and when.

use std::ffi::CString;
use std::io::Write as _;
use std::process::{Command, ExitCode};

use nix::libc::{SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGTSTP, SIGUSR1};
use pystart::process::exec::{Image, NotReplaced};

use crate::Test;
use crate::stage::{Stage, namespace, pystart, python, until_state, words};

pub(crate) const TESTS: &[Test] = &[
    ("signals::every_signal_that_can_be_caught_reaches_the_child_once", every_signal),
    ("signals::real_time_signals_queue", real_time_signals_queue),
    ("signals::a_value_that_was_queued_with_a_signal_arrives_with_it", queued_value),
    ("signals::stop_and_continue_suspend_and_resume_a_child_without_handlers", suspend_and_resume),
    ("signals::a_suspended_child_can_still_be_ended", suspended_child_ends),
    ("signals::a_signal_held_since_before_our_start_reaches_the_child", held_since_before_the_start),
    ("signals::a_child_that_ignores_being_asked_is_left_to_the_orchestrator", ignoring_child),
    ("signals::a_server_that_takes_our_place_is_not_started_once_we_are_asked_to_end", stopped_before_replacement),
    ("signals::a_program_that_cannot_take_our_place_leaves_signals_held", failed_replacement),
    ("signals::a_command_we_run_ourselves_starts_with_clean_signals", released_command),
];

/// Does what a test asks of a child of this test program: these calls change the signals of the whole process.
pub(crate) fn act() -> Option<ExitCode> {
    let mut args = std::env::args().skip(1);
    match args.next()?.as_str() {
        "replace" => replace(args.next()?, args.next()?.parse().ok()?),
        "release" => release(),
        _ => None,
    }
}

/// Holds signals, sends one to itself, and says what became of an attempt to be replaced.
fn replace(program: String, signal: i32) -> Option<ExitCode> {
    let program = CString::new(program).ok()?;
    pystart::process::signals::hold();
    pystart::process::signals::send(std::process::id().cast_signed(), signal);
    let image = Image { argv: vec![program.clone()], program, env: Vec::new() };
    let outcome = match image.replace() {
        NotReplaced::Stopped { signal } => format!("stopped {signal}"),
        NotReplaced::Failed(errno) => format!("failed {errno:?}"),
    };
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t"))?;
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t"))?;
    writeln!(std::io::stdout(), "{outcome} blocked={mask} ignored={ignored}").ok()?;
    Some(ExitCode::SUCCESS)
}

/// Holds signals and shows with what a command starts.
fn release() -> Option<ExitCode> {
    pystart::process::signals::hold();
    let mut command = Command::new("grep");
    command.args(["-E", "Sig(Blk|Ign)", "/proc/self/status"]);
    pystart::process::signals::released(&mut command).status().ok()?;
    Some(ExitCode::SUCCESS)
}

fn every_signal() {
    let stage = Stage::init(&words(&python("record('child'); say('ready'); pause()")));
    stage.expect("ready");
    // 32 and 33 belong to the C library; SIGCHLD is about our own children.
    let catchable = (1..=64).filter(|number| ![SIGKILL, SIGSTOP, 17, 32, 33].contains(number));
    for number in catchable {
        stage.signal(number);
        stage.expect(&format!("child {number}"));
    }
    // A signal that had come twice would be seen here.
    stage.signal(SIGUSR1);
    stage.expect(&format!("child {SIGUSR1}"));
}

fn real_time_signals_queue() {
    let child =
        "signal.pthread_sigmask(signal.SIG_BLOCK, {37}); say('ready')\nwhile True: say(str(signal.sigwait({37})))";
    let stage = Stage::init(&words(&python(child)));
    stage.expect("ready");
    // Stopped meanwhile, so that all of them wait at once.
    pystart::process::signals::send(stage.main(), SIGSTOP);
    until_state(stage.main(), "T");
    (0..3).for_each(|_| stage.signal(37));
    pystart::process::signals::send(stage.main(), SIGCONT);
    (0..3).for_each(|_| stage.expect("37"));
}

fn queued_value() {
    let child = "
import ctypes
signal.pthread_sigmask(signal.SIG_BLOCK, {40}); say('ready')
info = (ctypes.c_int * 32)(); mask = ctypes.c_ulong(1 << 39)
ctypes.CDLL(None).sigwaitinfo(ctypes.byref((ctypes.c_ulong * 16)(1 << 39)), ctypes.byref(info))
say(f'signal {info[0]} value {info[6]}')";
    let stage = Stage::init(&words(&python(child)));
    stage.expect("ready");
    let sender = format!("import ctypes; ctypes.CDLL(None).sigqueue({}, 40, ctypes.c_void_p(1234))", stage.pid());
    let sent = Command::new("python3").args(["-ISc", &sender]).status().expect("python3");
    assert!(sent.success());
    stage.expect("signal 40 value 1234");
    stage.end_with(0);
}

fn suspend_and_resume() {
    let stage = Stage::init(&["sleep", "1000"]);
    let child = stage.main();
    until_state(child, "S");
    stage.signal(SIGTSTP);
    until_state(child, "T");
    stage.signal(SIGCONT);
    until_state(child, "S");
    stage.signal(SIGTERM);
    stage.end_with(143);
}

fn suspended_child_ends() {
    let stage = Stage::init(&words(&python("say('ready'); pause()")));
    stage.expect("ready");
    stage.signal(SIGTSTP);
    until_state(stage.main(), "T");
    stage.signal(SIGTERM);
    stage.end_with(143);
}

fn held_since_before_the_start() {
    let start = "
import signal, os, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGRTMIN + 3})
os.kill(os.getpid(), int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])";
    for number in [15, 37] {
        let number_word = number.to_string();
        let launcher = pystart(&["sleep", "1000"]);
        let command = ["python3", "-ISc", start, &number_word].into_iter().chain(launcher).collect::<Vec<_>>();
        Stage::play(&namespace(&command), &[]).end_with(128 + number);
    }
}

fn ignoring_child() {
    let stage = Stage::init(&words(&python("record('child'); say('ready'); pause()")));
    stage.expect("ready");
    for _ in 0..3 {
        stage.signal(SIGTERM);
        stage.expect("child 15");
    }
    stage.signal(SIGUSR1);
    stage.expect("child 10");
}

fn stopped_before_replacement() {
    let this = this_program();
    for number in [1, 2, 3, 15] {
        // As PID 1: anybody else would be ended by the signal itself.
        let stage = Stage::play(&namespace(&[&this, "replace", "/bin/true", &number.to_string()]), &[]);
        let line = stage.until_line("stopped");
        assert!(line.starts_with(&format!("stopped {number} blocked=fffffffffffbfeff")), "{line}");
    }
}

fn failed_replacement() {
    let this = this_program();
    let stage = Stage::play(&namespace(&[&this, "replace", concat!(env!("CARGO_BIN_EXE_pystart"), "/x"), "28"]), &[]);
    // Everything but SIGKILL and SIGSTOP is held, and SIGPIPE alone is ignored.
    stage.expect("failed ENOTDIR blocked=fffffffffffbfeff ignored=0000000000001000");
    stage.end_with(0);
}

fn released_command() {
    let stage = Stage::play(&[&this_program(), "release"], &[]);
    stage.expect("SigBlk:\t0000000000000000");
    stage.expect("SigIgn:\t0000000000000000");
    stage.end_with(0);
}

fn this_program() -> String {
    std::env::current_exe().expect("a path").into_os_string().into_string().expect("UTF-8")
}
