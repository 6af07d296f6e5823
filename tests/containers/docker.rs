//! The Docker engine, through its command line: containers that are removed whatever happens.

use std::fmt::Write as _;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::http;

/// How long anything may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(90);

/// Marks what this run of the tests started.
fn label() -> String {
    format!("pystart.test.run={}", std::process::id())
}

/// Whether an engine answers.
pub(crate) fn answers() -> bool {
    Command::new("docker").arg("version").output().is_ok_and(|output| output.status.success())
}

/// Removes what a test that was cut short left behind.
pub(crate) fn remove_leftovers() {
    for (list, remove) in [(["ps", "--all"], ["rm", "--force"]), (["network", "ls"], ["network", "rm"])] {
        let Ok(found) =
            Command::new("docker").args(list).args(["--quiet", "--filter"]).arg(format!("label={}", label())).output()
        else {
            return;
        };
        for id in String::from_utf8_lossy(&found.stdout).split_whitespace() {
            let _ = Command::new("docker").args(remove).arg(id).output();
        }
    }
}

/// Runs `docker` with these words; its output, whatever the status.
pub(crate) fn output(words: &[&str]) -> Output {
    Command::new("docker").args(words).output().expect("docker can be run")
}

/// Runs `docker` with these words and returns what it printed, without the final line end.
pub(crate) fn docker(words: &[&str]) -> String {
    let output = output(words);
    assert!(output.status.success(), "docker {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Asks until there is an answer. Panics, with `what` was waited for, when patience is at its end.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A network that is removed at the end.
pub(crate) struct Network(pub(crate) String);

impl Network {
    /// A bridge network with a name of its own.
    pub(crate) fn new() -> Self {
        let name = unique_name();
        docker(&["network", "create", "--label", &label(), &name]);
        Self(name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = output(&["network", "rm", &self.0]);
    }
}

/// A container; removed when dropped, with its logs shown if the test is failing.
pub(crate) struct Container {
    pub(crate) name: String,
}

/// A process in a container.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// One letter, as in `/proc/PID/stat`.
    pub(crate) state: char,
    pub(crate) name: String,
    /// The words, joined by spaces.
    pub(crate) command: String,
}

/// Prints one line per process, this one left out. Python, because the image has no `ps`.
const PROCESSES: &str = r"
import os
for pid in sorted(int(name) for name in os.listdir('/proc') if name.isdigit()):
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file: stat = file.read().decode()
        with open(f'/proc/{pid}/cmdline', 'rb') as file: command = file.read().replace(b'\0', b' ').decode()
    except OSError: continue
    name, rest = stat[stat.index('(') + 1 : stat.rindex(')')], stat[stat.rindex(')') + 2 :].split()
    if pid != os.getpid(): print(pid, rest[1], rest[0], name.replace(' ', '_'), command.replace('\n', ' ').strip(), sep='\t')
";

impl Container {
    /// `docker run --detach OPTIONS IMAGE WORDS`, with port 8000 published on a free port of the loopback address.
    pub(crate) fn start(options: &[&str], image: &str, words: &[&str]) -> Self {
        let publish = ["--publish", "127.0.0.1:0:8000"];
        Self::start_unpublished(&[&publish, options].concat(), image, words)
    }

    /// The same without a published port.
    pub(crate) fn start_unpublished(options: &[&str], image: &str, words: &[&str]) -> Self {
        let container = Self::named();
        let label = label();
        let own = ["run", "--detach", "--label", &label, "--name", &container.name];
        docker(&[&own, options, &[image], words].concat());
        container
    }

    /// A name for one that is about to be run.
    pub(crate) fn named() -> Self {
        Self { name: unique_name() }
    }

    /// The host's port for `port` of the container.
    pub(crate) fn published(&self, port: u16) -> u16 {
        // A container that has just ended has no ports: say that instead.
        let found = output(&["port", &self.name, &port.to_string()]);
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let port = text.lines().next().and_then(|line| line.rsplit(':').next()).and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port is published:\n{}", self.logs()))
    }

    /// Waits for the first answer with status 200 on `/`, and returns its body.
    pub(crate) fn first_200(&self) -> String {
        let port = self.published(8000);
        until("the first answer with status 200", || {
            assert!(self.is_running(), "the container has ended:\n{}", self.logs());
            http::get(port, "/").ok().filter(|answer| answer.status == 200).map(|answer| answer.body)
        })
    }

    /// `docker inspect` with this format.
    pub(crate) fn inspect(&self, format: &str) -> String {
        docker(&["inspect", "--format", format, &self.name])
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&self) -> bool {
        self.inspect("{{.State.Running}}") == "true"
    }

    /// Runs a command inside; its output, whatever the status.
    pub(crate) fn exec(&self, words: &[&str]) -> Output {
        output(&[&["exec", &self.name], words].concat())
    }

    /// What a command inside printed.
    pub(crate) fn exec_text(&self, words: &[&str]) -> String {
        let output = self.exec(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Every process, sorted by number.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let text = self.exec_text(&["python3", "-c", PROCESSES]);
        let parse = |line: &str| {
            let mut fields = line.splitn(5, '\t');
            Some(Process {
                pid: fields.next()?.parse().ok()?,
                parent: fields.next()?.parse().ok()?,
                state: fields.next()?.chars().next()?,
                name: fields.next()?.to_owned(),
                command: fields.next()?.to_owned(),
            })
        };
        text.lines().map(|line| parse(line).unwrap_or_else(|| panic!("cannot read {line:?}"))).collect()
    }

    /// PID 1.
    pub(crate) fn first_process(&self) -> Process {
        self.processes().into_iter().find(|process| process.pid == 1).expect("PID 1 is there")
    }

    /// Standard output and standard error, in the order in which Docker received them.
    pub(crate) fn logs(&self) -> String {
        let output = output(&["logs", &self.name]);
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        let _ = write!(text, "{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// `docker stop`, and the exit status; 137 would mean that it had to be killed.
    pub(crate) fn stop(&self) -> i32 {
        docker(&["stop", "--time", "40", &self.name]);
        self.exit_status()
    }

    /// Waits for the end by itself; the exit status.
    pub(crate) fn wait(&self) -> i32 {
        until("the container to end", || (!self.is_running()).then(|| self.exit_status()))
    }

    fn exit_status(&self) -> i32 {
        self.inspect("{{.State.ExitCode}}").parse().expect("a status")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln_logs(&self.name, &self.logs());
        }
        let _ = output(&["rm", "--force", "--volumes", &self.name]);
    }
}

#[expect(clippy::print_stderr, reason = "the reason for a failure")]
fn eprintln_logs(name: &str, logs: &str) {
    eprintln!("--- logs of {name}\n{logs}---");
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("pystart-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
