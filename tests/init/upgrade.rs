//! gunicorn that replaces itself on SIGUSR2.

use std::ffi::OsStr;

use nix::libc::{SIGTERM, SIGUSR1, SIGUSR2};

use crate::Test;
use crate::stage::{Stage, children, proc, python, until, words};

pub(crate) const TESTS: &[Test] = &[
    ("upgrade::the_new_master_is_the_main_child_when_the_old_one_ends", the_new_master_is_followed),
    ("upgrade::the_new_master_is_followed_when_a_script_waited_for_the_old_one", behind_a_script),
    ("upgrade::an_upgraded_server_that_is_asked_to_end_ends", asked_to_end),
    ("upgrade::an_old_master_that_fails_takes_the_site_down", failed_old_master),
    ("upgrade::gunicorn_itself_upgrades_behind_us", with_gunicorn),
];

/// What gunicorn's arbiter does: fork, then execute the same words with the old master's number in a variable.
const MASTER: &str = "
def upgrade(*_):
    if os.fork() == 0:
        os.environ['GUNICORN_PID'] = str(os.getppid())
        os.execvp('python3', ['python3', *sys.orig_argv[1:]])
old = os.environ.get('GUNICORN_PID', '')
record('new' if old else 'old', then=leave(EXIT))
if not old: signal.signal(signal.SIGUSR2, upgrade)
say(f'ready {os.getpid()}'); pause()";

fn master(status: i32) -> [String; 3] {
    python(&MASTER.replace("EXIT", &status.to_string()))
}

/// Upgrades and returns the numbers of the old and the new master, seen from here.
fn upgrade(stage: &Stage, old: i32) -> i32 {
    stage.until_line("ready");
    pystart::process::signals::send(old, SIGUSR2);
    stage.until_line("ready");
    until("the new master is there", || children(old).first().copied())
}

fn the_new_master_is_followed() {
    let stage = Stage::init(&words(&master(0)));
    let (old, init) = (stage.main(), stage.pid());
    let new = upgrade(&stage, old);
    pystart::process::signals::send(old, SIGTERM);
    stage.expect("old 15");
    stage.expect("done");
    until("the new master is ours", || children(init).contains(&new).then_some(()));
    stage.signal(SIGUSR1);
    stage.expect("new 10");
    stage.signal(SIGTERM);
    stage.expect("new 15");
    stage.expect("done");
    let errors = stage.end_with(0);
    assert!(errors.contains("took over"), "{errors}");
}

fn behind_a_script() {
    let [python, flags, program] = master(0);
    let shell = format!("{python} {flags} \"$1\"; exit $?");
    let stage = Stage::init(&["sh", "-c", &shell, "sh", &program]);
    let old = until("the old master is there", || children(stage.main()).first().copied());
    upgrade(&stage, old);
    pystart::process::signals::send(old, SIGTERM);
    stage.expect("old 15");
    stage.expect("done");
    let init = stage.pid();
    until("the shell is gone", || {
        let left = children(init);
        (left.len() == 1 && !proc(left[0], "cmdline").starts_with("sh")).then_some(())
    });
    stage.signal(SIGUSR1);
    stage.expect("new 10");
    stage.signal(SIGTERM);
    stage.expect("new 15");
    stage.expect("done");
    stage.end_with(0);
}

fn asked_to_end() {
    let stage = Stage::init(&words(&master(0)));
    upgrade(&stage, stage.main());
    stage.signal(SIGTERM);
    for line in ["old 15", "done", "new 15", "done"] {
        stage.expect(line);
    }
    stage.end_with(0);
}

fn failed_old_master() {
    let stage = Stage::init(&words(&master(5)));
    let old = stage.main();
    upgrade(&stage, old);
    pystart::process::signals::send(old, SIGTERM);
    for line in ["old 15", "done", "new 15", "done"] {
        stage.expect(line);
    }
    stage.end_with(5);
}

fn with_gunicorn() {
    let app = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("upgrade");
    std::fs::create_dir_all(&app).expect("a folder for the application");
    std::fs::write(app.join("upgraded.py"), "def app(environ, start):\n    start('200 OK', [])\n    return [b'']\n")
        .expect("an application");
    let socket = format!("unix:{}", app.join("socket").display());
    let gunicorn = crate::python::environment().join("bin/gunicorn");
    let (app, gunicorn) = (app.to_str().expect("UTF-8"), gunicorn.display());
    let command = format!("{gunicorn} --bind={socket} --chdir={app} --worker-tmp-dir=/dev/shm upgraded:app 2>&1");
    for script in [format!("exec {command}"), format!("{command}; exit $?")] {
        let env = [("HOME", OsStr::new(app))];
        let stage = Stage::init_with(&["sh", "-c", &script], &env);
        stage.until_line("Booting worker");
        // The old master is our child, or the shell's.
        let is_master =
            |pid: &i32| proc(*pid, "cmdline").contains("gunicorn") && !proc(*pid, "cmdline").starts_with("sh");
        let old = until("the old master is there", || {
            let main = stage.main();
            std::iter::once(main).chain(children(main)).find(is_master)
        });
        pystart::process::signals::send(old, SIGUSR2);
        stage.until_line("Booting worker");
        let new = until("the new master is there", || {
            children(old).into_iter().find(|pid| proc(*pid, "environ").contains("GUNICORN_PID="))
        });
        pystart::process::signals::send(old, SIGTERM);
        until("the new master is the only child", || (children(stage.pid()) == [new]).then_some(()));
        stage.signal(SIGTERM);
        let (status, lines, errors) = stage.end();
        assert_eq!(status, 0, "{lines:?} {errors}");
        assert!(errors.contains("took over"), "{errors}");
    }
}
