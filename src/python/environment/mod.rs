//! The Python environment of the app: which virtual environment, which interpreter, which packages it will see.
//!
//! Environments are often built elsewhere and moved. Links to interpreters and first lines of scripts may then point
//! nowhere, so nothing of an environment is taken on trust, `activate` is never sourced, and no Python is started to
//! find out.

mod enter;
mod find;
mod minor;
mod notices;
mod packages;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::files::Files;
pub use minor::Minor;

/// The search path when the environment has none: that of the official Python images, and of glibc behind it.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A Python interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Its path; for one of an environment the path in the environment, which is what makes Python use it.
    pub path: PathBuf,
    /// Its version, if the name of the file that it leads to tells.
    pub minor: Option<Minor>,
}

/// Who says that a folder is the environment of the app; the order of the variants is the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A build, which has put it elsewhere.
    Build,
    /// It is in the app root.
    AppRoot,
    /// `VIRTUAL_ENV`.
    VirtualEnv,
    /// The first Python on `PATH` is its own: `ENV PATH=/opt/venv/bin:$PATH`.
    SearchPath,
    /// This program itself lies in it, and was called by its path: `/venv/bin/pystart`.
    Program,
}

/// A virtual environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// Its name as the user knows it: relative to the app root if it is in there.
    pub name: String,
    /// Who says that it is the one.
    pub origin: Origin,
    /// The versions that it has packages for, the newest first.
    pub minors: Vec<Minor>,
    /// Its own interpreter, if that one works and fits the packages.
    pub interpreter: Option<Interpreter>,
    /// Why its own interpreter is not used.
    pub fault: Option<String>,
}

impl Environment {
    /// The folder of its programs.
    fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    fn packages(&self, minor: Minor) -> PathBuf {
        self.folder.join(format!("lib/python{minor}/site-packages"))
    }
}

/// The Python that the app gets, as a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonInUse {
    /// The interpreter that the app runs in.
    pub interpreter: Option<Interpreter>,
    /// The environment of the app, if it has one.
    pub environment: Option<Environment>,
}

/// The search for the Python of the app; what it has not looked at yet it looks at when it is asked.
pub struct Python<'a> {
    files: &'a dyn Files,
    /// The environment of the app, if it has one.
    pub environment: Option<Environment>,
    /// The search path that we were given.
    own_path: OsString,
    user_packages: Vec<PathBuf>,
    /// The folder of packages that stands in for an environment.
    pub package_folder: Option<PathBuf>,
    image: OnceCell<Option<Interpreter>>,
}

impl Python<'_> {
    /// Follows links until a name tells the version: `python` -> `python3` -> `/usr/local/bin/python3.12`.
    fn minor_of_program(&self, path: &Path) -> Option<Minor> {
        self.followed(path).find_map(|path| path.file_name().and_then(OsStr::to_str).and_then(Minor::of_name))
    }

    /// A path, then what each link leads to.
    fn followed(&self, path: &Path) -> impl Iterator<Item = PathBuf> {
        let next = |path: &PathBuf| Some(path.parent()?.join(self.files.link(path)?));
        // More links than the kernel follows (`MAXSYMLINKS`) cannot be; a handful is all that occurs.
        std::iter::successors(Some(path.to_owned()), next).take(8)
    }

    /// The Python of the image: `python3`, else `python`, on the search path that we were given, less the environment
    /// that is on it.
    #[must_use]
    pub fn image(&self) -> Option<&Interpreter> {
        self.image.get_or_init(|| self.first_on(&self.path_of_image())).as_ref()
    }

    /// The Python that a shell would run with the search path that we were given.
    #[must_use]
    pub fn on_path(&self) -> Option<Interpreter> {
        self.first_on(&self.own_path)
    }

    fn first_on(&self, path: &OsStr) -> Option<Interpreter> {
        let program = |name: &str| self.files.program(OsStr::new(name), path);
        let path = program("python3").or_else(|| program("python"))?;
        let minor = self.minor_of_program(&path);
        Some(Interpreter { path, minor })
    }

    fn path_of_image(&self) -> Cow<'_, OsStr> {
        let Some(bin) = self.environment.as_ref().map(Environment::bin) else { return Cow::Borrowed(&self.own_path) };
        let is_its_own = |folder: &PathBuf| *folder == bin;
        if !std::env::split_paths(&self.own_path).any(|folder| is_its_own(&folder)) {
            return Cow::Borrowed(&self.own_path);
        }
        let others = std::env::split_paths(&self.own_path).filter(|folder| !is_its_own(folder));
        // What came out of a search path goes into one.
        Cow::Owned(std::env::join_paths(others).unwrap_or_default())
    }

    /// The interpreter that the app runs in.
    #[must_use]
    pub fn interpreter(&self) -> Option<&Interpreter> {
        let own = self.environment.as_ref().and_then(|environment| environment.interpreter.as_ref());
        own.or_else(|| self.image())
    }

    /// What was found.
    #[must_use]
    pub fn in_use(&self) -> PythonInUse {
        PythonInUse { interpreter: self.interpreter().cloned(), environment: self.environment.clone() }
    }

    /// Does the environment's own interpreter work?
    #[must_use]
    pub fn runs_own_interpreter(&self) -> bool {
        self.environment.as_ref().is_some_and(|environment| environment.interpreter.is_some())
    }
}

/// What the tests of the parts have in common.
#[cfg(test)]
mod scene {
    pub(super) use crate::environ::Environ;
    pub(super) use crate::files::Memory;

    pub(super) const ROOT: &str = "/site";

    pub(super) fn environ(vars: &[(&str, &str)]) -> Environ {
        std::iter::once(("PATH", "/bin")).chain(vars.iter().copied()).collect()
    }

    /// An image with Python 3.12.
    pub(super) fn image() -> Memory {
        Memory::default()
            .program("/bin/python3.12", "")
            .program("/bin/python3", "")
            .dead_link("/bin/python3", "python3.12")
    }
}
