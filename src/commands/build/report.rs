//! What a build came to: a last line for people, an object for machines.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use walkdir::WalkDir;

use super::environment;
use crate::error::Failure;
use crate::printable::byte_size;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The environment was made.
    Built,
    /// It was there and up to date.
    Current,
    /// Nothing lists a package, and the image has gunicorn: no environment is needed.
    Unneeded,
    /// The platform's build has put it into an archive: it is what it is.
    InArchive,
}

/// The report on a build that went well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was done.
    pub outcome: Outcome,
    /// The folder of the environment.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub environment: Option<PathBuf>,
    /// The file that says what the project needs, relative to the app root if it is in there.
    #[serde(rename = "from")]
    pub source: Option<String>,
    /// What installed it; only where something was installed.
    pub installer: Option<&'static str>,
    /// The version of Python; only where something was installed.
    pub python: Option<String>,
    /// How many packages there are.
    pub packages: usize,
    /// How large the environment is.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    /// Of an environment that is in an archive.
    pub(super) fn of_archive(archive: &Path) -> Self {
        let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            outcome: Outcome::InArchive,
            environment: None,
            source: Some(name),
            installer: None,
            python: None,
            packages: 0,
            bytes: 0,
            seconds: 0.0,
        }
    }

    /// The same with what there is in the environment counted, and the time.
    #[must_use]
    pub fn counted(mut self, took: Duration) -> Self {
        self.seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        if let Some(folder) = self.environment.as_deref() {
            self.packages = packages(folder);
            self.bytes = bytes(folder);
        }
        self
    }

    /// The last line of a build.
    #[must_use]
    pub fn line(&self) -> String {
        let environment = self.environment.as_deref().unwrap_or(Path::new("")).display();
        match self.outcome {
            Outcome::Current => format!("`{environment}` is up to date"),
            Outcome::Unneeded => "nothing to build: nothing lists a package, and the image has gunicorn".into(),
            Outcome::InArchive => {
                format!("nothing to build: the environment is in `{}`", self.source.as_deref().unwrap_or_default())
            }
            Outcome::Built => {
                let source = self.source.as_ref().map_or_else(String::new, |source| format!(" from {source}"));
                let plural = if self.packages == 1 { "" } else { "s" };
                format!(
                    "built `{environment}`{source} with {} for Python {}: {} package{plural}, {}, {:.1} s",
                    self.installer.unwrap_or_default(),
                    self.python.as_deref().unwrap_or_default(),
                    self.packages,
                    byte_size(self.bytes),
                    self.seconds,
                )
            }
        }
    }
}

/// The report on a build that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FailureReport<'a> {
    /// Always `failed`.
    pub(super) outcome: &'static str,
    /// What failed.
    pub(super) message: &'a str,
    /// What to do about it.
    pub(super) hint: Option<&'a str>,
    /// The exit status.
    pub(super) status: u8,
}

impl<'a> From<&'a Failure> for FailureReport<'a> {
    fn from(failure: &'a Failure) -> Self {
        let Failure { message, hint, status } = failure;
        Self { outcome: "failed", message, hint: hint.as_deref(), status: *status }
    }
}

fn packages(folder: &Path) -> usize {
    let entries = environment::packages(folder).map(fs::read_dir).into_iter().flatten().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "dist-info")).count()
}

fn bytes(folder: &Path) -> u64 {
    let entries = WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome) -> Report {
        Report {
            outcome,
            environment: Some("/site/antenv".into()),
            source: Some("backend/uv.lock".into()),
            installer: Some("uv"),
            python: Some("3.13.1".into()),
            packages: 12,
            bytes: 34_560_000,
            seconds: 2.06,
        }
    }

    #[test]
    fn the_last_line_says_what_was_built_from_what_and_how_large_it_is() {
        let expected = "built `/site/antenv` from backend/uv.lock with uv for Python 3.13.1: 12 packages, 34 MB, 2.1 s";
        assert_eq!(report(Outcome::Built).line(), expected);
        let alone = Report { packages: 1, source: None, ..report(Outcome::Built) };
        assert_eq!(alone.line(), "built `/site/antenv` with uv for Python 3.13.1: 1 package, 34 MB, 2.1 s");
        assert_eq!(report(Outcome::Current).line(), "`/site/antenv` is up to date");
    }

    #[test]
    fn machines_get_every_field() {
        let json = serde_json::to_string(&report(Outcome::Built)).unwrap();
        let expected = r#"{"outcome":"built","environment":"/site/antenv","from":"backend/uv.lock","installer":"uv","python":"3.13.1","packages":12,"bytes":34560000,"seconds":2.06}"#;
        assert_eq!(json, expected);
        let failure = Failure::usage("x").with_status(1).with_hint("y");
        let json = serde_json::to_string(&FailureReport::from(&failure)).unwrap();
        assert_eq!(json, r#"{"outcome":"failed","message":"x","hint":"y","status":1}"#);
    }
}
