//! The decision: which step of the start-up order it is, why, and the start that follows from it.
//!
//! Pure: it reads through [`Files`] and touches nothing, so `run`, `explain` and `check` all make the same one. Each
//! step of the order has its file here: [`custom`], [`web_app`], [`default_site`]; [`server`] is what they have in common.

mod custom;
mod default_site;
mod server;
mod web_app;

use std::path::PathBuf;

use crate::error::Failure;
use crate::files::Files;
use crate::gunicorn::Gunicorn;
use crate::gunicorn::options::UserOptions;
use crate::model::Launch;
use crate::model::{Evidence, Interface, NearMiss, Notice, Step, Verdict, WebApp};
use crate::python::environment::Python;
use crate::settings::Settings;

/// What is started, and everything that led to it.
pub struct Decision<'a> {
    /// The step that won.
    pub step: Step,
    /// The app, when a step that looks for one found it.
    pub app: Option<WebApp>,
    /// The object that gunicorn serves, `module:object`; `None` where that is not known.
    pub target: Option<String>,
    /// The folder that the module path starts from, absolute.
    pub folder: PathBuf,
    /// The start, or why there can be none.
    pub outcome: Result<Launch, Failure>,
    /// The reasoning, step by step.
    pub evidence: Vec<Evidence>,
    /// What the user should hear.
    pub notices: Vec<Notice>,
    /// The custom command names a worker class for ASGI.
    pub has_asgi_worker: bool,
    /// The port that gunicorn will listen on, where that is ours to say.
    pub port: Option<u16>,
    /// What was nearly it; for the default site.
    pub near_misses: Vec<NearMiss>,
    /// The Python of the app.
    pub python: Python<'a>,
    /// The gunicorn that runs, if one does.
    pub gunicorn: Option<Gunicorn>,
}

impl Decision<'_> {
    /// Is what gunicorn serves an ASGI app, as far as anybody said so?
    #[must_use]
    pub fn is_asgi(&self) -> bool {
        match &self.app {
            Some(app) => app.interface == Interface::Asgi,
            None => self.has_asgi_worker,
        }
    }
}

/// Decides. Always comes to something: where the start is impossible, [`Decision::outcome`] says so.
#[must_use]
pub fn decide<'a>(settings: &Settings, files: &'a dyn Files) -> Decision<'a> {
    let root = settings.app_root.as_path();
    let mut python = Python::find(files, root, &settings.environ);
    if let Some(folder) = &settings.environment {
        python = python.with_environment(root, folder);
    }
    let mut making = Making {
        settings,
        files,
        user: UserOptions::gather(files, root, &[], settings.environ.filled("GUNICORN_CMD_ARGS")),
        decision: Decision {
            step: Step::DefaultSite,
            app: None,
            target: None,
            folder: root.to_owned(),
            outcome: Err(Failure::usage("nothing was decided")),
            evidence: Vec::new(),
            notices: settings.notices.clone(),
            has_asgi_worker: false,
            port: None,
            near_misses: Vec::new(),
            python,
            gunicorn: None,
        },
    };
    making.decision.notices.extend(making.decision.python.notice());
    if making.user.cannot_be_split {
        making.decision.notices.push(Notice {
            message: "`GUNICORN_CMD_ARGS` has a quote that is not closed; gunicorn will refuse it".into(),
            hint: Some("close the quote".into()),
        });
    }
    if !making.custom() {
        making.detected();
    }
    making.decision
}

/// A decision while it is made.
struct Making<'a, 's> {
    settings: &'s Settings,
    files: &'a dyn Files,
    user: UserOptions,
    decision: Decision<'a>,
}

impl Making<'_, '_> {
    fn note(&mut self, step: Step, subject: impl Into<String>, verdict: Verdict, reason: impl Into<String>) {
        self.decision.evidence.push(Evidence { step, subject: subject.into(), verdict, reason: reason.into() });
    }
}
