//! What puts packages into an environment: uv, or pip.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::step::Step;

/// Installs packages.
pub(super) trait Installer {
    /// Its name, for messages.
    fn name(&self) -> &'static str;

    /// Installs what `words` say, as `pip install` understands them, into an environment.
    fn install(&self, environment: &Path, words: &[OsString]) -> Step;

    /// The file of a project that it reads the dependencies from itself, with settings of its own in it.
    fn project_file(&self) -> Option<&'static str> {
        None
    }

    /// It is uv.
    fn as_uv(&self) -> Option<Uv> {
        None
    }
}

/// uv (<https://docs.astral.sh/uv/pip/>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uv {
    program: PathBuf,
    /// It is not on this machine, but fetched for one build.
    pub(super) is_fetched: bool,
}

impl Uv {
    /// The program at this path.
    #[must_use]
    pub(super) fn new(program: PathBuf) -> Self {
        Self { program, is_fetched: false }
    }

    /// The one that is installed as a build tool.
    pub(super) fn fetched(program: PathBuf) -> Self {
        Self { program, is_fetched: true }
    }

    /// Installs a locked project: nothing is resolved, and the lock is not touched.
    pub(super) fn sync(&self, environment: &Path, with_project: bool) -> Step {
        let mut step = Step::new(&self.program, ["sync", "--frozen", "--no-dev", "--inexact", "--python"]);
        step.arguments.push(environment.join("bin/python").into());
        if !with_project {
            step.arguments.push("--no-install-project".into());
        }
        step.variables.push(("UV_PROJECT_ENVIRONMENT", environment.into()));
        step
    }
}

impl Installer for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn install(&self, environment: &Path, words: &[OsString]) -> Step {
        let own = environment.join("bin/python");
        let head = ["pip", "install", "--python"].map(OsStr::new);
        Step::new(&self.program, head.into_iter().chain([own.as_os_str()]).chain(words.iter().map(OsString::as_os_str)))
    }

    fn project_file(&self) -> Option<&'static str> {
        Some("pyproject.toml")
    }

    fn as_uv(&self) -> Option<Uv> {
        Some(self.clone())
    }
}

/// pip. What it installs is compiled once, in parallel, at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pip {
    /// The file of the image's pip that runs it in another environment (`pip --python` runs it as well), so that the
    /// environment needs no pip of its own: making one takes longer than a small build. `None`: it has its own.
    pub(super) runner: Option<PathBuf>,
}

impl Installer for Pip {
    fn name(&self) -> &'static str {
        "pip"
    }

    fn install(&self, environment: &Path, words: &[OsString]) -> Step {
        let head: Vec<OsString> = match &self.runner {
            Some(runner) => vec![runner.into()],
            None => vec!["-m".into(), "pip".into()],
        };
        let install = ["install".into(), "--no-compile".into()];
        Step::new(&environment.join("bin/python"), head.iter().chain(&install).chain(words))
    }
}
