//! The program as it is released, compiled by the script that releases use: once for each architecture, and for this
//! machine's own once more in another folder, as a wheel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{root, succeed, tools};

/// This machine's architecture.
pub(crate) const NATIVE: &str = std::env::consts::ARCH;

/// The other one.
pub(crate) const FOREIGN: &str = if cfg!(target_arch = "x86_64") { "aarch64" } else { "x86_64" };

/// Where cargo compiles: `target/TRIPLE/tmp` is that of the tests, since the configuration of this project always names a
/// target.
pub(crate) fn target_folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).ancestors().nth(2).unwrap()
}

/// The program for this machine, compiled in the checkout.
pub(crate) fn native() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile(NATIVE))
}

/// The program for the other architecture, cross-compiled in the checkout.
pub(crate) fn foreign() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile(FOREIGN))
}

fn compile(architecture: &str) -> PathBuf {
    let mut command = Command::new(root().join("packaging/compile"));
    succeed(command.arg(architecture).env("CARGO_TARGET_DIR", target_folder())).into()
}

/// What stands in brackets behind the version: the commit.
pub(crate) fn commit() -> String {
    let version = succeed(Command::new(native()).arg("--version"));
    let made_from = version.split_once('(').unwrap_or_else(|| panic!("{version}")).1;
    made_from.split(' ').next().unwrap().to_owned()
}

/// A copy of the sources in another folder, with a cargo folder of its own. What it compiles is kept between runs.
pub(crate) struct Elsewhere {
    folder: PathBuf,
}

impl Elsewhere {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elsewhere/sources");
        let list = succeed(Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]));
        let names: Vec<&str> = list.split_terminator('\0').collect();
        // What an earlier run has copied and is no longer there.
        let before = fs::read_to_string(folder.with_extension("list")).unwrap_or_default();
        for name in before.split_terminator('\0').filter(|name| !names.contains(name)) {
            let _ = fs::remove_file(folder.join(name));
        }
        for name in &names {
            let (from, to) = (root().join(name), folder.join(name));
            // One that was removed, and not yet from the index.
            let Ok(content) = fs::read(&from) else { continue };
            // cargo compares times: what is the same keeps its own.
            if fs::read(&to).ok().as_ref() != Some(&content) {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(&from, &to).unwrap();
            }
        }
        fs::write(folder.with_extension("list"), &list).unwrap();
        let cargo = folder.with_file_name("cargo");
        fs::create_dir_all(&cargo).unwrap();
        let home = std::env::var_os("CARGO_HOME")
            .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"), PathBuf::from);
        // The sources of the dependencies are there: the checkout was compiled from them.
        let _ = std::os::unix::fs::symlink(home.join("registry"), cargo.join("registry"));
        Self { folder }
    }

    /// Runs one of the scripts for releases there.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join("packaging").join(name));
        command
            .env("CARGO_HOME", self.folder.with_file_name("cargo"))
            .env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("PATH", tools::path()).env("PYSTART_COMMIT", commit()).env("CARGO_NET_OFFLINE", "true");
        command
    }
}

/// The wheel for this machine, made elsewhere.
pub(crate) fn wheel() -> &'static Path {
    static WHEEL: OnceLock<PathBuf> = OnceLock::new();
    WHEEL.get_or_init(|| {
        native();
        let elsewhere = Elsewhere::new();
        let folder = elsewhere.folder.join("dist");
        let _ = fs::remove_dir_all(&folder);
        succeed(elsewhere.script("wheel").args([NATIVE, "dist"]));
        let mut files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let wheel = files.next().expect("a wheel was made");
        assert_eq!(files.next(), None, "one wheel");
        wheel
    })
}
