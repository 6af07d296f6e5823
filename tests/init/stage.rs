//! A stage for one play: pystart with a main child, in a PID namespace of its own or as an ordinary process.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::libc::SIGKILL;

/// Far more than anything takes; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program that makes namespaces.
const UNSHARE: &str = "unshare";

/// The launcher under test.
pub(crate) const PYSTART: &str = env!("CARGO_BIN_EXE_pystart");

/// Puts the launcher in front of a command.
pub(crate) fn pystart<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let launcher = [PYSTART, "run", "--strict", "--init", "always", "--app-root", ".", "--"];
    launcher.into_iter().chain(command.iter().copied()).collect()
}

/// Puts a new PID namespace with a `/proc` of its own around a command, which becomes PID 1 there.
pub(crate) fn namespace<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let root = nix::unistd::geteuid().is_root();
    let unshare = [UNSHARE, "--pid", "--fork", "--kill-child", "--mount-proc"];
    let mapped = ["--user", "--map-root-user"];
    unshare.into_iter().chain(mapped.into_iter().filter(|_| !root)).chain(command.iter().copied()).collect()
}

/// A Python program with the stand-ins' vocabulary.
pub(crate) fn python(body: &str) -> [String; 3] {
    let program = format!("{}\n{body}", include_str!("stand_in.py"));
    ["python3".to_owned(), "-ISc".to_owned(), program]
}

/// The words of [`python`] as a command.
pub(crate) fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// A running play. Everything in it is killed when this is dropped.
pub(crate) struct Stage {
    outer: Child,
    namespaced: bool,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Stage {
    /// Runs pystart as PID 1 with this main child.
    pub(crate) fn init(command: &[&str]) -> Self {
        Self::init_with(command, &[])
    }

    /// The same with variables.
    pub(crate) fn init_with(command: &[&str], env: &[(&str, &OsStr)]) -> Self {
        Self::play(&namespace(&pystart(command)), env)
    }

    /// Runs pystart as an ordinary process with this main child.
    pub(crate) fn ordinary(command: &[&str]) -> Self {
        Self::play(&pystart(command), &[])
    }

    /// Runs any command, with nothing in its environment but a path and these variables.
    pub(crate) fn play(command: &[&str], env: &[(&str, &OsStr)]) -> Self {
        let mut outer = Command::new(command[0])
            .args(&command[1..])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let lines = follow(outer.stdout.take().expect("piped"));
        let errors = follow(outer.stderr.take().expect("piped"));
        let (namespaced, input) = (command[0] == UNSHARE, outer.stdin.take());
        Self { outer, namespaced, input, lines, errors }
    }

    /// The launcher's number, seen from here.
    #[track_caller]
    pub(crate) fn pid(&self) -> i32 {
        let outer = self.outer.id().cast_signed();
        if self.namespaced { until("PID 1 is there", || children(outer).first().copied()) } else { outer }
    }

    /// The main child's number, seen from here.
    pub(crate) fn main(&self) -> i32 {
        until("the main child is there", || children(self.pid()).first().copied())
    }

    /// Sends a signal to the launcher.
    pub(crate) fn signal(&self, number: i32) {
        pystart::process::signals::send(self.pid(), number);
    }

    /// Types something.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.input.as_mut().expect("open").write_all(text.as_bytes()).expect("somebody reads");
    }

    /// The next line of stdout must be this one.
    #[track_caller]
    pub(crate) fn expect(&self, line: &str) {
        assert_eq!(self.line().as_deref(), Some(line), "stderr: {:?}", self.errors.try_iter().collect::<Vec<_>>());
    }

    /// The next line of stdout; `None` at its end.
    #[track_caller]
    pub(crate) fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("no line on stdout; stderr: {:?}", self.errors.try_iter().collect::<Vec<_>>())
            }
        }
    }

    /// The next line of stderr; `None` at its end.
    #[track_caller]
    pub(crate) fn error_line(&self) -> Option<String> {
        match self.errors.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line on stderr"),
        }
    }

    /// Reads stdout up to a line that contains `part`, and returns it.
    #[track_caller]
    pub(crate) fn until_line(&self, part: &str) -> String {
        self.read_up_to(part, |line| line.contains(part))
    }

    /// Reads stdout up to this very line.
    #[track_caller]
    pub(crate) fn skip_to(&self, line: &str) {
        self.read_up_to(line, |candidate| candidate == line);
    }

    #[track_caller]
    fn read_up_to(&self, wanted: &str, is_it: impl Fn(&str) -> bool) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.line() {
            if is_it(&line) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line with {wanted:?} in {seen:?}");
    }

    /// Waits for the end. Returns the exit status, the rest of stdout and all of stderr.
    #[track_caller]
    pub(crate) fn end(mut self) -> (i32, Vec<String>, String) {
        self.input = None;
        let status = until("it has ended", || self.outer.try_wait().expect("a child of ours"));
        let status = status.code().unwrap_or_else(|| -status.signal().unwrap_or_default());
        let errors: Vec<_> = self.errors.iter().collect();
        (status, self.lines.iter().collect(), errors.join("\n"))
    }

    /// Waits for the end, which must have this status and say nothing more on stdout. Returns stderr.
    #[track_caller]
    pub(crate) fn end_with(self, status: i32) -> String {
        let (actual, lines, errors) = self.end();
        assert_eq!((actual, lines), (status, Vec::new()), "stderr: {errors}");
        errors
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The end of a PID 1 is the end of all in its namespace; in case `--kill-child` does not work where this runs.
        for pid in children(self.outer.id().cast_signed()) {
            pystart::process::signals::send(pid, SIGKILL);
        }
        let _ = self.outer.kill();
        let _ = self.outer.wait();
    }
}

/// Waits until a condition holds, and returns what it found.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a process is in one of these states (`T`: stopped).
#[track_caller]
pub(crate) fn until_state(pid: i32, states: &str) {
    until(&format!("{pid} is in state {states}"), || {
        field(pid, 0).filter(|state| states.contains(state.as_str())).map(drop)
    });
}

/// The children of a process, oldest first.
pub(crate) fn children(of: i32) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc").expect("a /proc").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut children: Vec<i32> = pids.filter(|pid| field(*pid, 1) == Some(of.to_string())).collect();
    children.sort_by_key(|pid| field(*pid, 19).and_then(|start| start.parse::<u64>().ok()));
    children
}

/// A file of a process in `/proc`.
pub(crate) fn proc(pid: i32, file: &str) -> String {
    let content = std::fs::read(format!("/proc/{pid}/{file}")).expect("the process is there");
    String::from_utf8_lossy(&content).into_owned()
}

/// A field of `/proc/PID/stat`, counted from the state.
fn field(pid: i32, position: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(position).map(str::to_owned)
}

fn follow(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            if sender.send(text).is_err() {
                break;
            }
            line.clear();
        }
    });
    receiver
}
