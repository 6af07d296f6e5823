//! The values that go from one stage of the decision to the next: what every step sees, what it found, what was chosen.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::command::{self, Resolved, Surroundings};
use crate::detect::Sources;
use crate::embedded::EmbeddedCopy;
use crate::error::Failure;
use crate::files::Files;
use crate::gunicorn::Gunicorn;
use crate::gunicorn::options::UserOptions;
use crate::model::{Evidence, NearMiss, Notice, Step, Verdict, WebApp};
use crate::python::environment::Python;
use crate::settings::{Given, Settings};

/// What every step sees.
pub(super) struct Inputs<'a> {
    pub(super) settings: &'a Settings,
    pub(super) files: &'a dyn Files,
    pub(super) python: Python<'a>,
    /// The Python files of the app.
    pub(super) sources: Sources<'a>,
    /// What the user has set for a gunicorn whose arguments are ours.
    pub(super) options: UserOptions,
}

impl Inputs<'_> {
    /// Understands a command, of whichever step: in the app root, with the app's environment. `was_split`: the platform
    /// has cut it at its blanks.
    pub(super) fn resolve(&self, given: &Given, was_split: bool) -> Result<Resolved, Failure> {
        let around = Surroundings {
            files: self.files,
            root: &self.settings.app_root,
            path: &self.python.search_path(),
            python: &self.python,
            was_split,
        };
        command::resolve(given, &around)
    }
}

/// What a step has to tell, whether or not it has chosen.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) evidence: Vec<Evidence>,
    pub(super) notices: Vec<Notice>,
    pub(super) near_misses: Vec<NearMiss>,
    /// Why no app was found; of the last step.
    pub(super) missing: Option<Notice>,
}

impl Trail {
    /// One line of evidence.
    pub(super) fn of(step: Step, subject: impl Into<String>, verdict: Verdict, reason: impl Into<String>) -> Self {
        let evidence = Evidence { step, subject: subject.into(), verdict, reason: reason.into() };
        Self { evidence: vec![evidence], ..Self::default() }
    }

    /// This, then what came after it.
    pub(super) fn then(mut self, next: Self) -> Self {
        self.evidence.extend(next.evidence);
        self.notices.extend(next.notices);
        self.near_misses.extend(next.near_misses);
        self.missing = self.missing.or(next.missing);
        self
    }

    /// This and one line of evidence.
    pub(super) fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// This and a warning.
    pub(super) fn with_notice(mut self, notice: Notice) -> Self {
        self.notices.push(notice);
        self
    }
}

/// What a step has chosen.
pub(super) struct Choice {
    pub(super) step: Step,
    /// The app, when a step that looks for one found it.
    pub(super) app: Option<WebApp>,
    /// The object that is served, `module:object`; `None` where that is not known.
    pub(super) target: Option<String>,
    /// The folder that the module path starts from, absolute.
    pub(super) folder: PathBuf,
    /// Is it an ASGI app, as far as the step can say?
    pub(super) is_asgi: bool,
    /// What is started for it, or why nothing can be.
    pub(super) start: Result<Start, Failure>,
}

impl Choice {
    /// A step that is final, though nothing can be started.
    pub(super) fn impossible(step: Step, failure: Failure, inputs: &Inputs) -> Self {
        let folder = inputs.settings.app_root.clone();
        Self { step, app: None, target: None, folder, is_asgi: false, start: Err(failure) }
    }
}

/// What is started, before the environment that all starts have in common is made.
pub(super) struct Start {
    pub(super) program: PathBuf,
    /// The arguments, the program's name first.
    pub(super) argv: Vec<OsString>,
    /// The folder it is started in, relative to the app root; empty for the root itself.
    pub(super) folder: PathBuf,
    /// It runs in an interpreter that is not the environment's own, which needs the packages lent.
    pub(super) needs_lent_packages: bool,
    /// What has to be written first.
    pub(super) copies: Vec<EmbeddedCopy>,
    /// Variables that this start sets, in order: a later one of the same name counts.
    pub(super) variables: Vec<(String, OsString)>,
    pub(super) server: Server,
}

/// What kind of thing is started; it decides who is PID 1.
pub(super) enum Server {
    /// gunicorn.
    Gunicorn {
        /// Where it is; `None` where the user names its file, and nobody has looked for its package.
        gunicorn: Option<Gunicorn>,
        /// What the user has set for it.
        options: Box<UserOptions>,
        /// The port that it was told.
        port: Option<u16>,
    },
    /// A shell, which does not pass signals on.
    Shell,
    /// Any other program.
    Program,
}

impl Start {
    /// A gunicorn that was looked for, with these arguments of ours, and what the user has set for it.
    pub(super) fn gunicorn(
        gunicorn: Gunicorn,
        arguments: impl IntoIterator<Item = OsString>,
        options: &UserOptions,
        inputs: &Inputs,
    ) -> Self {
        Self {
            folder: PathBuf::new(),
            program: gunicorn.program.clone(),
            argv: gunicorn.words.iter().cloned().chain(arguments).collect(),
            needs_lent_packages: gunicorn.needs_lent_packages,
            copies: Vec::new(),
            variables: Vec::new(),
            server: Server::Gunicorn {
                gunicorn: Some(gunicorn),
                options: Box::new(options.clone()),
                port: inputs.settings.port,
            },
        }
    }
}
