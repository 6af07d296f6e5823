//! Who is reaped, who is waited for, who is killed.

use std::ffi::OsStr;

use nix::libc::{SIGCHLD, SIGTERM, SIGWINCH};

use crate::Test;
use crate::stage::{Stage, namespace, pystart, python, words};

pub(crate) const TESTS: &[Test] = &[
    ("orphans::a_thousand_at_once_are_reaped_and_under_a_flood_of_signals_too", reaped_in_a_flood),
    ("orphans::what_is_left_is_named_asked_and_waited_for", waited_for),
    ("orphans::what_does_not_end_is_killed_after_the_grace", killed_after_the_grace),
    ("orphans::a_child_of_what_was_left_is_asked_when_it_is_left_itself", asked_in_turn),
    ("orphans::without_a_proc_of_our_own_everybody_is_asked", without_proc),
    ("orphans::a_second_request_to_end_is_passed_on_to_what_is_left", second_request),
];

const LEFT_BEHIND: &str = "
if os.fork() == 0:
    BODY
sys.stdin.read(1)
os._exit(9)";

fn left_behind(body: &str) -> [String; 3] {
    python(&LEFT_BEHIND.replace("BODY", &body.replace('\n', "\n    ")))
}

fn reaped_in_a_flood() {
    let child = "
read, write = os.pipe()
if os.fork() == 0:
    os.close(write)
    for _ in range(1000):
        if os.fork() == 0:
            os.read(read, 1); os._exit(0)
    os._exit(0)
os.wait(); say('ready'); os.close(read); os.close(write)
wait_for(lambda: zombies() == 0 and len([p for p in os.listdir('/proc') if p.isdigit()]) == 2)
say('none left'); sys.stdin.read()";
    // Undisturbed as well: there one SIGCHLD stands for many, and no other signal wakes us for the rest.
    for flood in [0, 20_000] {
        let stage = Stage::init(&words(&python(child)));
        stage.expect("ready");
        let init = stage.pid();
        for _ in 0..flood {
            pystart::process::signals::send(init, SIGWINCH);
            pystart::process::signals::send(init, SIGCHLD);
        }
        stage.expect("none left");
        stage.end_with(0);
    }
}

fn waited_for() {
    let mut stage = Stage::init(&words(&left_behind("record('left', then=leave(after=0.2)); say('ready'); pause()")));
    stage.expect("ready");
    stage.type_in("x");
    stage.expect("left 15");
    stage.expect("done");
    let errors = stage.end_with(9);
    assert!(errors.contains("ended with status 9; waiting up to"), "{errors}");
    assert!(errors.contains("`python3` ("), "{errors}");
}

fn killed_after_the_grace() {
    let child = left_behind("record('left')\nif os.fork() == 0: record('deeper')\nsay('ready'); pause()");
    let mut stage = Stage::init_with(&words(&child), &[("PYSTART_GRACE", OsStr::new("1"))]);
    stage.expect("ready");
    stage.expect("ready");
    stage.type_in("x");
    let (status, _, errors) = stage.end();
    assert_eq!(status, 9, "{errors}");
    let killed = errors.lines().find(|line| line.contains("killing what is left after 1s")).unwrap_or_default();
    assert_eq!(killed.matches("`python3` (").count(), 2, "{errors}");
}

fn asked_in_turn() {
    let child = left_behind(
        "if os.fork() == 0: record('deeper', then=leave()); say('ready'); pause()\nrecord('left', then=leave()); say('ready'); pause()",
    );
    let mut stage = Stage::init(&words(&child));
    stage.expect("ready");
    stage.expect("ready");
    stage.type_in("x");
    for line in ["left 15", "done", "deeper 15", "done"] {
        stage.expect(line);
    }
    stage.end_with(9);
}

fn without_proc() {
    let child = left_behind("os.setsid(); record('left', then=leave()); say('ready'); pause()");
    let child = words(&child);
    let launcher = pystart(&child);
    let command: Vec<_> = namespace(&launcher).into_iter().filter(|word| *word != "--mount-proc").collect();
    let mut stage = Stage::play(&command, &[]);
    stage.expect("ready");
    stage.type_in("x");
    stage.expect("left 15");
    stage.expect("done");
    stage.end_with(9);
}

fn second_request() {
    let body = "
def obey_next():
    signal.signal(15, lambda *_: os._exit(0)); say('once more')
record('left', then=obey_next); say('ready'); pause()";
    let mut stage = Stage::init_with(&words(&left_behind(body)), &[("PYSTART_GRACE", OsStr::new("1000"))]);
    stage.expect("ready");
    stage.type_in("x");
    stage.expect("left 15");
    stage.expect("once more");
    // By now the main child has ended. Only a second signal makes the other one go.
    stage.signal(SIGTERM);
    stage.end_with(9);
}
