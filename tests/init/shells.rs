//! Scripts between us and the server.

use nix::libc::{SIGHUP, SIGTERM, SIGUSR2};

use crate::Test;
use crate::stage::{Stage, python, words};

pub(crate) const TESTS: &[Test] = &[
    ("shells::a_server_behind_a_script_is_asked_to_end_and_finishes", server_finishes),
    ("shells::a_server_is_asked_to_end_while_its_shell_goes_on_waiting", shell_that_waits),
    ("shells::a_server_behind_two_scripts_is_asked_once_and_its_worker_is_not", asked_once),
    ("shells::only_the_shell_gets_what_is_not_a_request_to_end", nothing_else_reaches_the_group),
    ("shells::a_script_that_became_the_server_is_a_server", exec_in_a_script),
    ("shells::the_next_command_of_a_script_is_not_run_after_a_request_to_end", no_next_command),
];

/// A script with `$SERVER` standing for the program.
fn script(text: &str, server: &str) -> Vec<String> {
    let [python, flags, program] = python(server);
    let text = text.replace("$SERVER", &format!("{python} {flags} \"$1\""));
    vec!["sh".to_owned(), "-c".to_owned(), text, "sh".to_owned(), program]
}

fn server_finishes() {
    let stage = Stage::init(&words(&script(
        "$SERVER; exit 3",
        "record('server', then=leave(after=0.3)); say('ready'); pause()",
    )));
    stage.expect("ready");
    stage.signal(SIGTERM);
    stage.expect("server 15");
    stage.expect("done");
    let errors = stage.end_with(143);
    assert!(errors.contains("`python3` ("), "{errors}");
}

fn shell_that_waits() {
    // A shell runs its trap only when the command in the foreground has ended: nobody but us can end it.
    let shell = "trap 'echo trapped' TERM; $SERVER; exit 4";
    let stage = Stage::init(&words(&script(shell, "record('server', then=leave()); say('ready'); pause()")));
    stage.expect("ready");
    stage.signal(SIGTERM);
    for line in ["server 15", "done", "trapped"] {
        stage.expect(line);
    }
    stage.end_with(4);
}

fn asked_once() {
    let server = "
record('server', then=leave(after=0.1))
if os.fork() == 0:
    record('worker', then=leave()); say('ready')
pause()";
    let stage = Stage::init(&words(&script("sh -c '$SERVER; exit 3' sh \"$1\"; exit 4", server)));
    stage.expect("ready");
    stage.signal(SIGTERM);
    // The worker hears of it only when its server is gone and it is ours.
    for line in ["server 15", "done", "worker 15", "done"] {
        stage.expect(line);
    }
    stage.end_with(143);
}

fn nothing_else_reaches_the_group() {
    let shell = "trap 'echo shell HUP' HUP; trap 'echo shell USR2' USR2; $SERVER & while :; do wait; done";
    let stage = Stage::init(&words(&script(shell, "record('server', then=leave()); say('ready'); pause()")));
    stage.expect("ready");
    for (number, name) in [(SIGHUP, "HUP"), (SIGUSR2, "USR2")] {
        stage.signal(number);
        stage.expect(&format!("shell {name}"));
    }
    stage.signal(SIGTERM);
    stage.expect("server 15");
    stage.expect("done");
    stage.end_with(143);
}

fn exec_in_a_script() {
    let server = "
if os.fork() == 0:
    record('worker'); say('ready'); pause()
record('server'); say('ready'); pause()";
    let stage = Stage::init(&words(&script("exec $SERVER", server)));
    stage.expect("ready");
    stage.expect("ready");
    stage.signal(SIGTERM);
    stage.expect("server 15");
    // The worker has not been told: the next line is the server's again.
    stage.signal(SIGHUP);
    stage.expect("server 1");
}

fn no_next_command() {
    for _ in 0..20 {
        let stage = Stage::init(&words(&script("$SERVER; echo next", "say('ready'); pause()")));
        stage.expect("ready");
        stage.signal(SIGTERM);
        stage.end_with(143);
    }
}
