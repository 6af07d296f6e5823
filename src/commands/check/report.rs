//! What `check` established.

use serde::Serialize;

use super::observation::{Gunicorn, Module, Object, Observation, Python, Settings, Worker};
use super::problem::{Cause, Problem};
use super::site::{HOW_TO_GET_MEMORY, Site};
use crate::model::Notice;

/// What was established, for people (`Display`) and for machines (`Serialize`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Would `run` serve the user's site?
    pub ok: bool,
    /// The verdict in a sentence; the problem's message if there is one.
    pub summary: String,
    /// The interpreter, once it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<Python>,
    /// gunicorn, once imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gunicorn: Option<Gunicorn>,
    /// Its settings, once read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// Its worker class, once imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<Worker>,
    /// The app's module, once imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<Module>,
    /// The app, once loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// What runs now, since when, and what a restart would change.
    #[serde(skip)]
    pub running: Option<String>,
    /// What the site that runs answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why it would not start, or does not serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What is worth knowing besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

impl Report {
    /// The report on what the probe saw: with a problem it is that one's, without it says `success`.
    pub(super) fn new(seen: &Observation, problem: Option<Problem>, success: &str) -> Self {
        let seen = seen.clone();
        Self {
            ok: problem.is_none(),
            summary: problem.as_ref().map_or_else(|| success.to_owned(), |problem| problem.message.clone()),
            python: seen.python,
            gunicorn: seen.gunicorn,
            settings: seen.settings,
            worker: seen.worker,
            module: seen.module,
            object: seen.object,
            running: None,
            answer: None,
            problem,
            notices: Vec::new(),
        }
    }

    fn is_about_memory(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.cause == Cause::Memory)
    }

    /// The same with what is known of the site that runs.
    pub(super) fn with_site(self, site: &Site) -> Self {
        let Site { running, question, answer } = site;
        let memory = running.memory.sentence().filter(|_| !self.is_about_memory());
        let hint = Some(HOW_TO_GET_MEMORY.to_owned());
        let memory = memory.map(|message| Notice { message, hint });
        Self {
            running: Some(running.sentence()),
            answer: Some(answer.line(question)),
            notices: self.notices.into_iter().chain(memory).collect(),
            ..self
        }
    }
}
