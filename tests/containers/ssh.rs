//! The target `appservice`, through a real SSH client.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::docker::{Container, until};
use crate::images::images;
use crate::site::{Site, flask};
use crate::{Test, test};

/// Values that have hurt others: quotes, expansions, line ends, and commands that must not run.
const HOSTILE: [(&str, &str); 8] = [
    ("V_QUOTES", "it's \"quoted\" \\ back"),
    ("V_DOLLAR", "$HOME ${PATH} $$"),
    ("V_LINES", "one\ntwo\n'three'\n"),
    ("V_COMMAND", "$(touch /tmp/x)"),
    ("V_BACKQUOTES", "`touch /tmp/x`"),
    ("V_SEMICOLON", "a;touch /tmp/x;b=c&&touch /tmp/x"),
    ("V_CONNECTION", "Server=tcp:db,1433;Password=p=q;"),
    ("V_UNICODE", "grün 🐍"),
];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a_login_shell_has_the_app_s_variables_byte_for_byte", login_shell),
        test("a_command_has_the_app_s_variables_too", one_command),
        test("explain_and_python_work_in_a_session", tools),
        test("host_keys_are_made_at_start_and_kept_over_a_restart", host_keys),
        test("a_daemon_that_cannot_start_never_stops_the_app", failing_daemon),
        test("the_daemon_has_default_signals_and_no_standard_input", daemon_process),
        test("what_a_session_leaves_behind_is_not_gunicorn_s_to_reap", left_behind),
        test("a_session_does_not_delay_the_stop", stop_with_session),
        test("without_sshd_the_app_starts_with_a_warning", no_daemon),
        test("another_user_gets_the_app_and_no_daemon", not_root),
    ]
}

/// The container, the client's folder, and the app.
struct Session {
    container: Container,
    client: PathBuf,
    _site: Site,
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.client);
    }
}

impl Session {
    fn start(options: &[&str], words: &[&str]) -> Self {
        let site = Site::new(&[("app.py", &flask("app"))]);
        let mount = site.mount();
        // For this test only: that port is never to be published.
        let publish = ["--volume", &mount, "--publish", "127.0.0.1:0:2222"];
        let container = Container::start(&[&publish, options].concat(), &images().appservice, words);
        container.first_200();
        let client = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&container.name);
        fs::create_dir_all(&client).unwrap();
        let answer = client.join("password");
        fs::write(&answer, "#!/bin/sh\necho 'Docker!'\n").unwrap();
        fs::set_permissions(&answer, fs::Permissions::from_mode(0o700)).unwrap();
        let session = Self { container, client, _site: site };
        until("sshd to let us in", || session.ssh(&["true"], "").status.success().then_some(()));
        session
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.env("SSH_ASKPASS", self.client.join("password")).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0");
        ssh.args(["-F", "none", "-p", &self.container.published(2222).to_string(), "-o", "LogLevel=ERROR"]);
        ssh.args(["-o", "StrictHostKeyChecking=no", "-o", "PubkeyAuthentication=no", "-o", "ConnectTimeout=10"]);
        ssh.arg("-o").arg(format!("UserKnownHostsFile={}", self.client.join("known_hosts").display()));
        ssh.arg("root@127.0.0.1").args(words);
        ssh
    }

    /// Runs `ssh` with these words and this standard input.
    fn ssh(&self, words: &[&str], input: &str) -> Output {
        let mut ssh = self.command(words);
        let mut child = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A client that was refused reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn text(&self, words: &[&str], input: &str) -> String {
        let output = self.ssh(words, input);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Prints the hostile variables, each ended by a NUL byte.
const PRINT: &str = "python3 -c 'import os, sys; [sys.stdout.write(n + \"=\" + v + \"\\0\") \
                     for n, v in sorted(os.environ.items()) if n.startswith(\"V_\")]'";

fn with_hostile_variables() -> Session {
    let variables: Vec<String> = HOSTILE.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let options: Vec<&str> = variables.iter().flat_map(|variable| ["--env", variable]).collect();
    Session::start(&options, &[])
}

fn assert_hostile_variables(session: &Session, printed: &str) {
    let mut expected: Vec<String> = HOSTILE.iter().map(|(name, value)| format!("{name}={value}")).collect();
    expected.sort();
    let found: Vec<&str> = printed.split_terminator('\0').collect();
    assert_eq!(found, expected);
    assert!(!session.container.exec(&["test", "-e", "/tmp/x"]).status.success(), "a value was run as a command");
}

fn login_shell() {
    let session = with_hostile_variables();
    // Without a command sshd starts a login shell, which reads what to do from its standard input.
    let printed = session.text(&[], &format!("{PRINT}\n"));
    assert_hostile_variables(&session, &printed);
}

fn one_command() {
    let session = with_hostile_variables();
    assert_hostile_variables(&session, &session.text(&[PRINT], ""));
    // A script that is started from there sees what its caller set, not PID 1's value once more.
    assert_eq!(session.text(&["V_DOLLAR=changed bash -c 'echo $V_DOLLAR'"], ""), "changed\n");
}

fn tools() {
    let session = Session::start(&[], &[]);
    let explained = session.text(&["pystart explain"], "");
    assert!(explained.contains("app:app"), "{explained}");
    let folder = session.text(&["-tt"], "pwd; exit\n");
    assert!(folder.contains("/home/site/wwwroot"), "{folder}");
    assert_eq!(session.text(&["python -c 'import flask, os; print(os.environ[\"PORT\"])'"], ""), "8000\n");
    assert!(session.ssh(&["pystart check"], "").status.success());
}

fn host_keys() {
    let built = crate::docker::docker(&["run", "--rm", "--entrypoint", "ls", &images().appservice, "/etc/ssh"]);
    assert!(!built.contains("ssh_host"), "a key in the image would be everybody's: {built}");
    let session = Session::start(&[], &[]);
    let keys = session.container.exec_text(&["sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"]);
    assert!(keys.contains("ssh-ed25519"), "{keys}");
    crate::docker::docker(&["restart", "--time", "40", &session.container.name]);
    // The client remembers the key: another one would be refused.
    until("sshd to be back", || session.ssh(&["true"], "").status.success().then_some(()));
    assert_eq!(session.container.exec_text(&["sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"]), keys);
}

fn failing_daemon() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    // No host key can be made, and no folder for sshd.
    let options = ["--volume", &mount, "--read-only", "--tmpfs", "/tmp"];
    let container = Container::start(&options, &images().appservice, &[]);
    assert_eq!(container.first_200(), "app");
    until("the warning", || container.logs().contains("the SSH daemon ended with status").then_some(()));
    assert_eq!(container.stop(), 0);
}

fn daemon_process() {
    let session = Session::start(&[], &[]);
    let processes = session.container.processes();
    let daemon = processes.iter().find(|process| process.command.contains("sshd -D")).unwrap();
    let status = session.container.exec_text(&["cat", &format!("/proc/{}/status", daemon.pid)]);
    let set = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t")).unwrap();
        u64::from_str_radix(value, 16).unwrap()
    };
    assert_eq!(set("SigBlk"), 0, "{status}");
    // sshd itself ignores SIGPIPE, the thirteenth.
    assert_eq!(set("SigIgn") & !(1 << 12), 0, "{status}");
    let input = session.container.exec_text(&["readlink", &format!("/proc/{}/fd/0", daemon.pid)]);
    assert_eq!(input, "/dev/null\n");
}

fn left_behind() {
    let session = Session::start(&[], &[]);
    session.text(&["setsid sleep 600 > /dev/null 2>&1 < /dev/null & exit 0"], "");
    let (keeper, sleeper) = until("the session's process to be with the keeper", || {
        let processes = session.container.processes();
        let keeper = processes.iter().find(|process| process.name == "pystart-sshd")?.pid;
        let sleeper = processes.iter().find(|process| process.command == "sleep 600" && process.parent == keeper)?;
        Some((keeper, sleeper.pid))
    });
    // The status 3 stops a gunicorn that takes the process for a worker.
    session.text(&["setsid sh -c 'exit 3' > /dev/null 2>&1 < /dev/null & exit 0"], "");
    session.text(&[&format!("kill {sleeper}")], "");
    until("everything to be reaped", || {
        let processes = session.container.processes();
        let clean = processes
            .iter()
            .all(|process| process.state != 'Z' && process.parent != keeper || process.command.contains("sshd -D"));
        clean.then_some(())
    });
    assert_eq!(session.container.first_200(), "app");
}

fn stop_with_session() {
    let session = Session::start(&[], &["sh", "-c", "exec gunicorn --bind=0.0.0.0 app:app"]);
    let mut open =
        session.command(&["-tt"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the session's shell", || {
        session.container.processes().iter().any(|process| process.command == "-bash").then_some(())
    });
    let status = session.container.stop();
    let _ = open.kill();
    let _ = open.wait();
    assert_eq!(status, 0, "137 would be a kill after the grace time");
}

fn no_daemon() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount, "--env", "SSH_PORT=2222"], &images().runtime, &[]);
    assert_eq!(container.first_200(), "app");
    assert!(container.logs().contains("no SSH daemon is installed"), "{}", container.logs());
}

fn not_root() {
    let site = Site::new(&[("app.py", &flask("app"))]);
    let mount = site.mount();
    let container = Container::start(&["--volume", &mount, "--user", "12345:0"], &images().appservice, &[]);
    assert_eq!(container.first_200(), "app");
    assert!(!container.processes().iter().any(|process| process.command.contains("sshd")));
}
