//! A virtual environment with real packages, made once and shared by all test binaries; throw-away app roots.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// What the tests need, and all that this needs: installed without looking for dependencies, so that a new release of
/// one of them changes nothing here.
const PACKAGES: [&str; 41] = [
    "aiofiles==25.1.0",
    "aiohappyeyeballs==2.7.1",
    "aiohttp==3.14.5",
    "aiosignal==1.4.0",
    "annotated-types==0.8.0",
    "anyio==4.16.0",
    "asgiref==3.13.0",
    "attrs==26.1.0",
    "blinker==1.9.0",
    "click==8.5.1",
    "django==4.2.16",
    "fastjsonschema==2.22.3",
    "fastapi==0.115.0",
    "flask==3.0.3",
    "frozenlist==1.8.0",
    "gunicorn==23.0.0",
    "h11==0.16.0",
    "html5tagger==2.0.0",
    "httptools==0.9.0",
    "idna==3.20",
    "itsdangerous==2.2.0",
    "jinja2==3.1.6",
    "markupsafe==3.0.4",
    "multidict==7.2.1",
    "packaging==26.3",
    "propcache==0.5.4",
    "pydantic==2.14.3",
    "pydantic_core==2.50.4",
    "sanic==25.12.1",
    "sanic-routing==23.12.0",
    "sqlparse==0.6.1",
    "starlette==0.38.6",
    "tracerite==2.6.5",
    "typing-inspection==0.4.5",
    "typing_extensions==4.16.0",
    "uv==0.9.7",
    "uvicorn==0.54.0",
    "uvicorn-worker==0.4.0",
    "websockets==17.4",
    "werkzeug==3.1.9",
    "yarl==1.25.1",
];

/// What `build` installs from this disk.
const WHEELS: [&str; 2] = ["gunicorn==23.0.0", "packaging==26.3"];

/// The folder of the environment.
pub(crate) fn environment() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
        // Test binaries may run at once: the first one makes it, and the stamp is written when all is there.
        let lock = File::create(folder.with_extension("lock")).unwrap();
        let _lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
        let stamp = folder.join("complete");
        let wanted = format!("{}, wheels: {}", PACKAGES.join(" "), WHEELS.join(" "));
        if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
            let _ = fs::remove_dir_all(&folder);
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
            let pip = |word| {
                let mut command = Command::new(folder.join("bin/python"));
                command.args(["-m", "pip", word, "--quiet", "--no-deps", "--disable-pip-version-check"]);
                command
            };
            succeed(pip("install").args(PACKAGES));
            succeed(pip("download").args(WHEELS).arg("--dest").arg(folder.join("wheels")));
            fs::write(&stamp, wanted).unwrap();
        }
        folder
    })
}

/// An environment with the packages of a file of this folder, beside the one of the tests, and with nothing else.
pub(crate) fn environment_of(list: &str) -> PathBuf {
    let folder = environment().with_file_name(list);
    let lock = File::create(folder.with_extension("lock")).unwrap();
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(list).with_extension("txt");
    let (stamp, wanted) = (folder.join("complete"), fs::read(&file).unwrap());
    if fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        let _ = fs::remove_dir_all(&folder);
        succeed(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&folder));
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "--python"]).arg(folder.join("bin/python"));
        pip.args(["install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check", "-r"]).arg(&file);
        succeed(&mut pip);
        fs::write(&stamp, wanted).unwrap();
    }
    folder
}

/// A folder for PATH with every program of the environment, which stand for those of an image: no `pyvenv.cfg` is
/// beside it, so that nobody takes the packages for an environment.
pub(crate) fn image() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(make_image).clone()
}

fn make_image() -> PathBuf {
    let (own, folder) = (environment().join("bin"), environment().join("image/bin"));
    let lock = File::create(environment().with_extension("image.lock")).unwrap();
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    if folder.exists() {
        return folder;
    }
    let unfinished = environment().join("image/unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished).unwrap();
    let numbered = fs::read_dir(environment().join("lib")).unwrap().next().unwrap().unwrap().file_name();
    for name in fs::read_dir(&own).unwrap().map(|entry| entry.unwrap().file_name()) {
        let target =
            if name == "python" || name == "python3" { Path::new(&numbered).to_owned() } else { own.join(&name) };
        if name != numbered {
            std::os::unix::fs::symlink(target, unfinished.join(name)).unwrap();
        }
    }
    // By a link the interpreter would be that of the machine, without the packages.
    let script = format!("#!/bin/sh\nexec {}/${{0##*/}} \"$@\"\n", own.display());
    fs::write(unfinished.join(&numbered), script).unwrap();
    fs::set_permissions(unfinished.join(&numbered), fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(unfinished, &folder).unwrap();
    folder
}

/// A folder for PATH that holds uv and nothing else.
pub(crate) fn uv() -> PathBuf {
    folder_with("uv", &environment().join("bin/uv"))
}

/// A folder for PATH that holds the interpreter which the environment was made with, as `python3`, and nothing else:
/// what else the machine has in the same place must not matter.
pub(crate) fn bare_python() -> PathBuf {
    folder_with("python3", &python().canonicalize().unwrap())
}

fn folder_with(name: &str, program: &Path) -> PathBuf {
    let folder = environment().join("only").join(name);
    fs::create_dir_all(&folder).unwrap();
    // Another test may have been faster.
    let _ = std::os::unix::fs::symlink(program, folder.join(name));
    folder
}

/// The interpreter of the environment.
pub(crate) fn python() -> PathBuf {
    environment().join("bin/python")
}

/// Its version, as `3.11.7`.
pub(crate) fn version() -> String {
    static VERSION: OnceLock<String> = OnceLock::new();
    let ask = || {
        let output = Command::new(python()).args(["-c", "import platform; print(platform.python_version())"]).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    };
    VERSION.get_or_init(ask).clone()
}

fn succeed(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// An app root that is removed in the end.
pub(crate) struct App {
    pub(crate) root: PathBuf,
}

impl App {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("app-{}-{number}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let app = Self { root: root.canonicalize().unwrap() };
        for (name, text) in files {
            app.write(name, text);
        }
        app
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A process that does not outlive its test, nor do those that it started: not even when the test panics.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts it in a group of its own.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.process_group(0).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The number of a process that was waited for may be another's by now; its group keeps its own.
        if let Ok(None) = self.0.try_wait() {
            // Looked up while the parent lives: afterwards nobody knows whose they were.
            let descendants = descendants(self.pid());
            let _ = self.0.kill();
            for pid in descendants {
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// Every process below `pid`: pystart as init gives its child a group of its own.
fn descendants(pid: Pid) -> Vec<Pid> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| Some(Pid::from_raw(child.parse().ok()?)));
    children.flat_map(|child| descendants(child).into_iter().chain([child])).collect()
}

/// How long a first page may take on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(90);

/// The first page that the site of this command serves on `port`; then it is stopped.
pub(crate) fn page_of(command: &mut Command, port: u16) -> String {
    let mut site = Running::start(command);
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(page) = page(port) {
            return page;
        }
        let ended = site.0.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < end, "no page: {ended:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn page(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    write!(stream, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}
