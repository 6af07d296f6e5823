//! Commands of the user's own before, after and instead of the installation: the platform's settings of these names.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::step::Step;
use crate::command::{self, Runs, Surroundings};
use crate::environ::Environ;
use crate::error::Failure;
use crate::files::Files;
use crate::python::environment::Python;
use crate::settings::Given;

/// When a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// In the empty environment, before anything is installed.
    Before,
    /// Instead of the installation.
    Instead,
    /// When everything is installed.
    After,
}

/// The settings, in the order in which they run.
const VARIABLES: [(When, &str); 3] =
    [(When::Before, "PRE_BUILD_COMMAND"), (When::Instead, "CUSTOM_BUILD_COMMAND"), (When::After, "POST_BUILD_COMMAND")];

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hook {
    /// When it runs.
    pub(super) when: When,
    /// The variable that holds it.
    pub(super) variable: &'static str,
    /// Its text.
    text: std::ffi::OsString,
}

/// The commands that the user has set.
#[must_use]
pub(super) fn of(environ: &Environ) -> Vec<Hook> {
    let set = VARIABLES.iter().filter_map(|(when, variable)| {
        let text = environ.filled(variable)?.to_owned();
        Some(Hook { when: *when, variable, text })
    });
    set.collect()
}

impl Hook {
    /// The text, for the digest.
    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_encoded_bytes()
    }

    /// The script of the app root that the command begins with, if it begins with one.
    #[must_use]
    pub(super) fn script(&self, root: &Path, files: &dyn Files) -> Option<PathBuf> {
        let words = crate::shell::words::split(&self.text).ok()?.words;
        let candidates = [Some(&self.text), words.first()].into_iter().flatten();
        candidates.map(|word| root.join(word)).find(|path| files.is_file(path))
    }

    /// The command: a start command's forms all work, but for gunicorn's arguments alone.
    ///
    /// # Errors
    ///
    /// It cannot be understood, or its program is not there.
    pub(super) fn step(&self, root: &Path, python: &Python<'_>, files: &dyn Files) -> Result<Step, Failure> {
        let path = python.search_path();
        let around = Surroundings { files, root, path: OsStr::new(&path), python, was_split: false };
        let in_variable =
            |failure: Failure| Failure { message: format!("`{}`: {}", self.variable, failure.message), ..failure };
        let resolved = command::resolve(&Given::Text(self.text.clone()), &around).map_err(in_variable)?;
        if matches!(resolved.runs, Runs::Gunicorn | Runs::GunicornArguments) {
            return Err(Failure::usage(format!("`{}` is a start command, not one that builds", self.variable))
                .with_hint("move it to `PYSTART_COMMAND`"));
        }
        let mut words = resolved.argv.into_iter();
        words.next();
        let step = Step::new(&resolved.program, words).in_folder(root);
        if resolved.assignments.is_empty() {
            return Ok(step);
        }
        // A program that sets variables for another one is what `env` is.
        let pairs = resolved.assignments.iter().map(|(name, value)| {
            let mut pair = std::ffi::OsString::from(name);
            pair.push("=");
            pair.push(value);
            pair
        });
        let arguments = pairs.chain([step.program.into()]).chain(step.arguments);
        Ok(Step::new(Path::new("/usr/bin/env"), arguments).in_folder(root))
    }
}
