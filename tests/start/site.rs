//! A site started by the real binary, and a client to talk to it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub(crate) use crate::ports::free_port;
use crate::python::{self, Running};

/// How long anything may take on a busy machine. Only a test that fails takes so long.
const DEADLINE: Duration = Duration::from_mins(1);

/// A command that starts pystart with an environment that holds nothing but what is given here.
pub(crate) fn pystart(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
    command.env_clear().env("PATH", path()).env("PYSTART_APP_ROOT", root).env("HOME", root).stdin(Stdio::null());
    command
}

/// The packages of the tests stand for those of the image: their `bin` is first on the search path.
pub(crate) fn path() -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", python::image().display())
}

/// A site that runs until it is dropped.
pub(crate) struct Site {
    running: Running,
    pub(crate) port: u16,
    errors: Receiver<String>,
    seen: Vec<String>,
}

impl Site {
    /// Starts the site on a free port and waits until it answers.
    pub(crate) fn start(command: &mut Command) -> Self {
        let port = free_port();
        Self::start_on(command.env("PORT", port.to_string()), port)
    }

    /// Starts the site and waits until it answers on `port`.
    pub(crate) fn start_on(command: &mut Command, port: u16) -> Self {
        let mut site = Self::spawn(command, port);
        let end = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = site.running.0.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "no site ({ended:?}):\n{}", site.log());
            thread::sleep(Duration::from_millis(5));
        }
        site
    }

    /// Starts it and waits for nothing.
    pub(crate) fn spawn(command: &mut Command, port: u16) -> Self {
        let mut running = Running::start(command.stderr(Stdio::piped()));
        let (sender, errors) = channel();
        let stderr = BufReader::new(running.0.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { running, port, errors, seen: Vec::new() }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.running.pid()
    }

    pub(crate) fn stdout(&mut self) -> std::process::ChildStdout {
        self.running.0.stdout.take().unwrap()
    }

    /// Everything on standard error so far.
    pub(crate) fn log(&mut self) -> String {
        self.seen.extend(self.errors.try_iter());
        self.seen.join("\n")
    }

    /// Waits for a line on standard error that holds `part`.
    pub(crate) fn wait_for_line(&mut self, part: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(line) = self.seen.iter().find(|line| line.contains(part)) {
                return line.clone();
            }
            match self.errors.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("no line with {part:?} ({error}):\n{}", self.log()),
            }
        }
    }

    /// The body of `GET path`, which must be answered with 200.
    pub(crate) fn get(&mut self, path: &str) -> String {
        let (status, body) = get(self.port, path);
        assert_eq!(status, 200, "{body}\n{}", self.log());
        body
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        self.wait()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.running).unwrap_or_else(|| panic!("still running:\n{}", self.log()))
    }
}

/// Its status; `None` if it does not end.
fn wait(running: &mut Running) -> Option<ExitStatus> {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        if let Some(status) = running.0.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

/// The status and the body of one request.
pub(crate) fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, body.to_owned())
}

/// What a command printed, and its status.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command that ends by itself.
pub(crate) fn ended(command: &mut Command) -> Ended {
    let mut running = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let (out, err) = (text_of(running.0.stdout.take()), text_of(running.0.stderr.take()));
    let status = wait(&mut running).expect("it ends by itself");
    // What it left behind may hold the pipes.
    drop(running);
    Ended { status: status.code().unwrap_or(-1), out: out.join().unwrap(), err: err.join().unwrap() }
}

fn text_of(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// What `explain --json` says about the same call.
pub(crate) fn explain(root: &Path, words: &[&OsStr]) -> serde_json::Value {
    let mut command = pystart(root);
    command.args(["explain", "--json"]);
    if !words.is_empty() {
        command.arg("--").args(words);
    }
    let ended = ended(&mut command);
    assert_eq!(ended.status, 0, "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The environment of the tests as it would look after a move: the packages are there, the interpreter is not.
pub(crate) fn moved_environment(root: &Path, name: &str) -> PathBuf {
    let real = python::environment();
    let lib = fs::read_dir(real.join("lib")).unwrap().next().unwrap().unwrap();
    let moved = root.join(name);
    fs::create_dir_all(moved.join("bin")).unwrap();
    let packages = moved.join("lib").join(lib.file_name());
    fs::create_dir_all(&packages).unwrap();
    std::os::unix::fs::symlink(lib.path().join("site-packages"), packages.join("site-packages")).unwrap();
    std::os::unix::fs::symlink("/opt/python/gone/bin/python3", moved.join("bin/python")).unwrap();
    fs::write(
        moved.join("bin/gunicorn"),
        "#!/tmp/8dc3/antenv/bin/python\nfrom gunicorn.app.wsgiapp import run\nrun()\n",
    )
    .unwrap();
    fs::write(moved.join("pyvenv.cfg"), "home = /opt/python/gone/bin\ninclude-system-site-packages = false\n").unwrap();
    fs::set_permissions(moved.join("bin/gunicorn"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    moved
}
