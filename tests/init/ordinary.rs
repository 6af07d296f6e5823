//! Not PID 1: under another init, or by hand.

use nix::libc::SIGTERM;

use crate::Test;
use crate::stage::{Stage, namespace, pystart, python, words};

pub(crate) const TESTS: &[Test] = &[
    ("ordinary::orphans_come_to_us", orphans_come_to_us),
    ("ordinary::nobody_else_is_touched_when_what_is_left_is_ended", bystanders),
    ("ordinary::a_request_to_end_is_passed_on", request_to_end),
    ("ordinary::a_job_can_be_suspended_and_resumed_from_the_shell_that_started_it", job_control),
    ("ordinary::the_terminal_is_given_back", terminal_is_given_back),
];

fn orphans_come_to_us() {
    let child = "
launcher = os.getppid()
if os.fork() == 0:
    middle = os.getpid()
    if os.fork() == 0:
        wait_for(lambda: os.getppid() != middle)
        say('adopted' if os.getppid() == launcher else 'lost')
    os._exit(0)
os.wait(); sys.stdin.read()";
    let stage = Stage::ordinary(&words(&python(child)));
    stage.expect("adopted");
    stage.end_with(0);
}

fn bystanders() {
    let child = python(
        "
if os.fork() == 0:
    record('left'); say('ready'); pause()
sys.stdin.read(1); os._exit(9)",
    );
    // The shell is PID 1 here: even kill(-1) would stay in the namespace.
    let shell = "sleep 1000 & \"$@\"; echo \"status $?\"; kill -0 $! && echo untouched";
    let child = words(&child);
    let launcher = pystart(&child);
    let command: Vec<_> = ["sh", "-c", shell, "sh"].into_iter().chain(launcher).collect();
    let mut stage = Stage::play(&namespace(&command), &[("PYSTART_GRACE", "1".as_ref())]);
    stage.expect("ready");
    stage.type_in("x");
    stage.expect("left 15");
    stage.expect("status 9");
    stage.expect("untouched");
}

fn request_to_end() {
    let stage = Stage::ordinary(&words(&python("say('ready'); pause()")));
    stage.expect("ready");
    stage.signal(SIGTERM);
    stage.end_with(143);
}

/// An interactive shell on a terminal of its own; what is typed into the stage goes to the terminal, without an echo.
fn terminal() -> Stage {
    let shell = "stty -echo; echo terminal; PS1= exec bash --norc --noprofile --noediting -i";
    let stage = Stage::play(&namespace(&["sh", "-c", "exec script -qefc \"$1\" /dev/null", "sh", shell]), &[]);
    stage.skip_to("terminal");
    stage
}

fn job_control() {
    let mut stage = terminal();
    let child = python(
        "signal.signal(2, lambda *_: say('INT')); signal.signal(18, lambda *_: say('CONT')); say('ready'); pause()",
    );
    let launcher = pystart(&words(&child)).iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    stage.type_in(&format!("{launcher}\n"));
    stage.skip_to("ready");
    stage.type_in("\u{3}");
    stage.skip_to("INT");
    stage.type_in("\u{1a}");
    stage.until_line("Stopped");
    stage.type_in("echo the shell is back\n");
    stage.skip_to("the shell is back");
    stage.type_in("fg\n");
    stage.skip_to("CONT");
    // Had it come twice, or Ctrl-C, the next line would say so.
    stage.type_in("\u{3}");
    stage.expect("INT");
    // Ctrl-\: it has no handler for that.
    stage.type_in("\u{1c}");
    stage.type_in("echo \"status $?\"\n");
    stage.until_line("status 131");
}

fn terminal_is_given_back() {
    let mut stage = terminal();
    // A shell without job control shares its group with us and reads on afterwards: only from the foreground.
    let launcher = pystart(&["true"]).iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let inner = format!("{launcher}; echo over; read -r line && echo \"read $line\"");
    stage.type_in(&format!("sh -c {}\n", quoted(&inner)));
    stage.skip_to("over");
    stage.type_in("a line\n");
    stage.skip_to("read a line");
}

fn quoted(word: &str) -> String {
    // The terminal takes one line at a time, 4096 bytes at most.
    let escaped = word.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
    format!("$'{escaped}'")
}
