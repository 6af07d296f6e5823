//! A virtual environment with real packages, made once and shared by all test binaries; throw-away app roots.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::fcntl::{Flock, FlockArg};

const PACKAGES: [&str; 6] = [
    "aiohttp==3.14.5",
    "flask==3.0.3",
    "django==4.2.16",
    "fastapi==0.115.0",
    "gunicorn==23.0.0",
    "uvicorn-worker==0.2.0",
];

/// The folder of the environment.
pub(crate) fn environment() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
        let lock = File::create(folder.with_extension("lock")).unwrap();
        let _lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
        let stamp = folder.join("complete");
        let wanted = PACKAGES.join(" ");
        if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
            let _ = fs::remove_dir_all(&folder);
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder));
            succeed(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES));
            fs::write(&stamp, wanted).unwrap();
        }
        folder
    })
}

/// The interpreter of the environment.
pub(crate) fn python() -> PathBuf {
    environment().join("bin/python")
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
