//! Why a build ended early, for people.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::caches;
use super::place::interrupted;
use super::python_version::minor;
use super::remedy;
use super::run_step::{Ended, Outcome};
use super::step::Step;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::process::refusal::{self, Shortage};

/// What is true whatever has failed.
const AS_BEFORE: &str = "its own message stands above; the previous environment, if there was one, is as it was";

/// A command that failed.
#[derive(Debug)]
pub(super) struct StepFailure {
    /// For people.
    pub(super) failure: Failure,
    /// Why, if that is known.
    pub(super) cause: Option<&'static str>,
    /// What the command printed last.
    pub(super) output: String,
    /// Another tool may succeed with the same.
    pub(super) may_succeed_otherwise: bool,
    /// A signal asked us to end.
    pub(super) is_interrupted: bool,
}

impl From<Failure> for StepFailure {
    fn from(failure: Failure) -> Self {
        let is_interrupted = failure.status > 128;
        Self { failure, cause: None, output: String::new(), may_succeed_otherwise: false, is_interrupted }
    }
}

impl StepFailure {
    /// The command ended with an error, or was stopped.
    pub(super) fn new(step: &Step, outcome: &Outcome, version: &str, environ: &Environ) -> Self {
        let command = step.title();
        let output = &outcome.output;
        let known = remedy::find(output);
        let message = match &outcome.ended {
            Ended::Interrupted(signal) => return interrupted(&format!("`{command}`"), *signal).into(),
            Ended::TooLong => format!("`{command}` took too long and was stopped"),
            Ended::Exit(status) => match (known, status.signal()) {
                (Some(remedy), _) => format!("`{command}` failed: {}", remedy.cause()),
                (None, Some(9)) => format!("`{command}` was killed, as a process is when memory is short"),
                (None, _) => {
                    let words = remedy::last_words(output).map_or_else(String::new, |words| format!(": {words}"));
                    format!("`{command}` failed ({status}){words}")
                }
            },
        };
        let hint = match (known, &outcome.ended) {
            (Some(remedy), _) => {
                let noexec = caches::without_programs(environ, step.program.ends_with("uv"));
                let noexec = noexec.as_ref().map(|(folder, variable)| (folder.as_path(), *variable));
                remedy.hint(output, minor(version), environ, noexec)
            }
            (None, Ended::Exit(status)) if status.signal() == Some(9) => "give the build more memory".into(),
            _ => AS_BEFORE.into(),
        };
        Self {
            failure: Failure::usage(message).with_status(status::NO).with_hint(hint),
            cause: known.map(remedy::Remedy::cause),
            output: output.clone(),
            may_succeed_otherwise: known.is_none_or(|remedy| !remedy.is_same_for_all),
            is_interrupted: false,
        }
    }

    /// The command could not be started.
    pub(super) fn not_started(step: &Step, error: &io::Error) -> Self {
        let hint = Shortage::of_error(error)
            .map_or("it must be there and executable, on a file system that is not mounted `noexec`", Shortage::hint);
        let reason = refusal::reason_of_error(error);
        let failure = Failure::usage(format!("`{}` cannot be started: {reason}", step.title()))
            .with_status(status::NO)
            .with_hint(hint);
        Self { may_succeed_otherwise: true, ..failure.into() }
    }

    /// The same for a command that the user has given: with the status it ended with.
    pub(super) fn of_hook(self, variable: &str) -> Failure {
        if self.is_interrupted {
            return self.failure;
        }
        let message = format!("`{variable}`: {}", self.failure.message);
        Failure { message, hint: Some(AS_BEFORE.into()), ..self.failure }
    }
}

/// Something on the disk that could not be done.
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    let known = remedy::find(&error.to_string());
    let failure = Failure::usage(format!("cannot {what} `{}`: {error}", path.display())).with_status(status::NO);
    match known {
        Some(remedy) => failure.with_hint(remedy.hint("", "", &Environ::default(), None)),
        None => failure,
    }
}
