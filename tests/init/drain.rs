//! A stop that is delayed until load balancers have noticed.

use std::ffi::OsStr;

use nix::libc::{SIGINT, SIGTERM, SIGWINCH};

use crate::Test;
use crate::stage::{PYSTART, Stage, namespace, proc, pystart, python, until, words};

pub(crate) const TESTS: &[Test] = &[
    ("drain::the_server_is_asked_when_the_time_is_over", asked_at_the_end),
    ("drain::meanwhile_health_says_no_and_a_second_request_ends_it", health_says_no),
    ("drain::an_interrupt_is_forwarded_at_once", interrupt),
    ("drain::a_server_that_ends_by_itself_is_not_waited_for", ends_by_itself),
    ("drain::it_implies_the_init_in_front_of_gunicorn", implies_init),
];

fn stage(child: &str, drain: &str) -> Stage {
    Stage::init_with(&words(&python(child)), &[("PYSTART_DRAIN", OsStr::new(drain))])
}

fn is_drained(stage: &Stage) -> bool {
    proc(stage.pid(), "comm") == "pystart-drain\n"
}

fn asked_at_the_end() {
    let stage = stage("record('child', then=leave(3)); say('ready'); pause()", "0.1");
    stage.expect("ready");
    stage.signal(SIGTERM);
    stage.expect("child 15");
    stage.expect("done");
    let errors = stage.end_with(3);
    assert!(errors.contains("draining for 100ms"), "{errors}");
}

fn health_says_no() {
    let ask = format!(
        "
import subprocess
def ask(*_):
    for live in [], ['--live']:
        answer = subprocess.run(['{PYSTART}', 'health', *live], capture_output=True, text=True)
        say(f'{{answer.returncode}} {{answer.stdout.strip()}}')
record('child', then=leave()); signal.signal(28, ask); say('ready')
while True: signal.pause()"
    );
    let stage = stage(&ask, "1000");
    stage.expect("ready");
    stage.signal(SIGTERM);
    until("it is drained", || is_drained(&stage).then_some(()));
    stage.signal(SIGWINCH);
    for _ in 0..2 {
        stage.expect("1 unhealthy: the site was asked to end and is drained");
    }
    stage.signal(SIGTERM);
    stage.expect("child 15");
    stage.expect("done");
    stage.end_with(0);
}

fn interrupt() {
    let child = "record('child'); signal.signal(2, lambda *_: os._exit(4)); say('ready'); pause()";
    let stage = stage(child, "1000");
    stage.expect("ready");
    stage.signal(SIGINT);
    stage.end_with(4);
}

fn ends_by_itself() {
    let child = "record('child'); signal.signal(28, lambda *_: os._exit(5)); say('ready'); pause()";
    let stage = stage(child, "1000");
    stage.expect("ready");
    stage.signal(SIGTERM);
    until("it is drained", || is_drained(&stage).then_some(()));
    stage.signal(SIGWINCH);
    stage.end_with(5);
}

fn implies_init() {
    let folder = std::env::temp_dir().join(format!("pystart-drain-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::copy("/bin/sleep", folder.join("gunicorn")).expect("a stand-in");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let launcher: Vec<_> = pystart(&["gunicorn", "1000"]).into_iter().filter(|word| *word != "always").collect();
    let launcher: Vec<_> = launcher.into_iter().filter(|word| *word != "--init").collect();
    for (drain, is_init) in [("0", false), ("9", true)] {
        let variables = [("PATH", OsStr::new(&path)), ("PYSTART_DRAIN", OsStr::new(drain))];
        let stage = Stage::play(&namespace(&launcher), &variables);
        let line = if is_init { "pystart: init\0child=2\0grace=9000ms\0drain=9000ms\0" } else { "gunicorn\0" };
        until(&format!("PID 1 is {line:?}"), || proc(stage.pid(), "cmdline").starts_with(line).then_some(()));
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}
