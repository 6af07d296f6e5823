//! `env`: what a shell makes of it, for hostile values, and whose environment it is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod python;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, setrlimit};

use python::App;

/// Everything that a shell could trip over. A command that runs in the wrong place leaves a file.
const HOSTILE: [&[u8]; 14] = [
    b"it's",
    b"''",
    b"'; touch injected; '",
    b"$(touch injected) `touch injected` ${HOME} $HOME",
    b"line\n; touch injected\nexport X=1",
    b"\\",
    b"\\'",
    b"a\tb  c ",
    b"*?[a-z]~ {a,b} !history",
    b"\xff\xfe\x80'\xff",
    b"Server=tcp:x;Password=p=a=ss\"w'ord\";&|<>",
    b"",
    b"\n",
    b"\r\n# x",
];

fn pystart(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin");
    command
}

#[test]
fn every_shell_gets_every_value_back_byte_for_byte_and_nothing_is_run() {
    let mut shells = 0;
    for shell in ["sh", "dash", "bash"] {
        let app = App::new(&[]);
        let mut command = pystart(&["env", "--app-root", app.root.to_str().unwrap()]);
        for (number, value) in HOSTILE.iter().enumerate() {
            command.env(format!("V{number}"), OsStr::from_bytes(value));
        }
        command.env("x-y;touch injected", "1").env("a\ntouch injected\n", "2").env("1st", "3");
        let exports = command.output().unwrap();
        assert!(exports.status.success());
        fs::write(app.root.join("exports"), &exports.stdout).unwrap();
        let started = Command::new(shell)
            .args(["-c", "eval \"$(cat exports)\" && exec env -0"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(&app.root)
            .stderr(Stdio::piped())
            .output();
        let Ok(output) = started else { continue };
        shells += 1;
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let variables: Vec<_> = output.stdout.split(|byte| *byte == 0).collect();
        for (number, value) in HOSTILE.iter().enumerate() {
            let wanted = [format!("V{number}=").as_bytes(), value].concat();
            assert!(variables.contains(&wanted.as_slice()), "{shell}: {}", String::from_utf8_lossy(&wanted));
        }
        assert!(!app.root.join("injected").exists(), "{shell} ran something");
    }
    assert!(shells > 0, "no shell was there");
}

/// What a shell will not have set, each tried alone: one error must not hide another.
const KEPT_BY_SHELLS: [&str; 11] =
    ["BASHOPTS", "BASH_VERSINFO", "EUID", "HISTCMD", "IFS", "OPTIND", "PPID", "RANDOM", "SHELLOPTS", "SRANDOM", "UID"];

#[test]
fn what_a_shell_keeps_for_itself_does_no_harm_and_is_there_for_machines() {
    for name in KEPT_BY_SHELLS {
        let app = App::new(&[]);
        let environ = |more: &[&str]| {
            let arguments = [&["env", "--app-root", app.root.to_str().unwrap()], more].concat();
            pystart(&arguments).env(name, "1 x").env("WORDS", "a b").output().unwrap().stdout
        };
        fs::write(app.root.join("exports"), environ(&[])).unwrap();
        for shell in [&["dash"][..], &["bash"], &["bash", "--posix"]] {
            let script = "eval \"$(cat exports)\"; set -- $WORDS; echo \"$#\"";
            let output = Command::new(shell[0]).args(&shell[1..]).args(["-c", script]).current_dir(&app.root).output();
            let Ok(output) = output else { continue };
            assert!(output.stderr.is_empty() && output.stdout == b"2\n", "{shell:?}, {name}: {output:?}");
        }
        let variables: serde_json::Value = serde_json::from_slice(&environ(&["--json"])).unwrap();
        assert_eq!(variables[name], "1 x");
    }
}

#[test]
fn a_hundred_thousand_variables_take_seconds_of_no_processor() {
    let app = App::new(&[]);
    let mut command = pystart(&["env", "--app-root", app.root.to_str().unwrap()]);
    command.envs((0..100_000).map(|number| (format!("V{number}"), "x")));
    // Processor time, and ten times what it takes: with each variable compared to all others it is a minute.
    let limit = || Ok(setrlimit(Resource::RLIMIT_CPU, 5, 5)?);
    #[expect(unsafe_code, reason = "a limit is set by the process that gets it")]
    // SAFETY: the closure makes one system call.
    let output = unsafe { command.pre_exec(limit) }.output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    let is_one = |line: &&[u8]| line.starts_with(b"export V");
    assert_eq!(output.stdout.split(|byte| *byte == b'\n').filter(is_one).count(), 100_000);
}

#[test]
fn a_folder_of_sources_gives_the_environment_its_app_would_get() {
    let app = App::new(&[("app.py", "from flask import Flask\napp = Flask(__name__)\n")]);
    let made =
        Command::new(python::python()).args(["-m", "venv", "--without-pip"]).arg(app.root.join("antenv")).status();
    assert!(made.unwrap().success());
    let output = pystart(&["env", "--json", "--app-root", app.root.to_str().unwrap()])
        .env("PWD", "/")
        .env("SHLVL", "3")
        .env("PYTHONHOME", "/x")
        .output()
        .unwrap();
    let variables: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let environment = app.root.join("antenv");
    assert_eq!(variables["VIRTUAL_ENV"], environment.to_str().unwrap());
    assert_eq!(variables["PATH"], format!("{}/bin:/usr/bin:/bin", environment.display()));
    for name in ["PWD", "SHLVL", "PYTHONHOME"] {
        assert!(variables.get(name).is_none(), "{name}");
    }
}

/// Until PID 1 is this script itself, or pystart in the form in which it waits: the app may be faster than that.
const READY: &str = "until [ $$ = 1 ] || grep -q '^pystart: init' /proc/1/cmdline; do :; done";

/// A container in small: pystart is PID 1 of its own namespace, and a shell is called in by hand.
///
/// The app prints what `pystart env` says when called by a process that has nothing of PID 1's environment.
fn in_container(command: &[&str], ask: &str) -> Option<String> {
    let app = App::new(&[]);
    let binary = env!("CARGO_BIN_EXE_pystart");
    // gunicorn that is no server: it calls pystart with an environment of its own, as a session would.
    app.write("gunicorn", &format!("#!/bin/sh\n{READY}\nenv -i PATH=/usr/bin:/bin {binary} {ask} > out || true\n"));
    fs::set_permissions(app.root.join("gunicorn"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let root = app.root.to_str().unwrap();
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child", binary])
        .args(command)
        .env_clear()
        .env("PATH", format!("{root}:/usr/bin:/bin"))
        .env("PYSTART_APP_ROOT", root)
        .env("SECRET", "a'b\n$(c)")
        .env("HOME", "/root-of-pid-1")
        .current_dir(&app.root)
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    let text = fs::read_to_string(app.root.join("out")).ok();
    if text.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no namespaces here: {}", String::from_utf8_lossy(&status.stderr));
    }
    text
}

#[test]
fn in_a_container_it_is_the_environment_of_pid_1_whoever_that_became() {
    // A script: pystart stays as init, and the app is its child. gunicorn: it took pystart's place.
    for command in [&["sh", "-c", "gunicorn & wait"][..], &["gunicorn", "app:app"]] {
        let Some(text) = in_container(command, "env") else { return };
        assert!(text.contains("export SECRET='a'\\''b\n$(c)'\n"), "{command:?}: {text}");
        assert!(text.contains("export PYTHONUNBUFFERED='1'\n"), "what the app got, not what we got: {text}");
        assert!(!text.contains("root-of-pid-1") && !text.contains("PYSTART_PID1"), "{text}");
    }
}

#[test]
fn in_a_container_explain_and_check_tell_what_pid_1_decided() {
    let command = ["run", "--port", "8123", "gunicorn", "shop:site"];
    let Some(text) = in_container(&command, "explain --json") else { return };
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["step"], "custom", "{text}");
    assert_eq!(report["target"], "shop:site", "{text}");
    let Some(text) = in_container(&["run", "no-such-command"], "check --json") else { return };
    assert!(text.contains("\"cause\": \"no-app\""), "{text}");
}
