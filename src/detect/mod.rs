//! Which web app is in the app root: the steps of the start-up order that look into its files.
//!
//! Pure over [`Files`]: names decide where to look, only candidates are read, nothing is executed, and every answer
//! carries its reason. From the top: `rules` are tried in their order; each asks for `candidate` files; what is in a
//! file `infer` finds out, over the files of the `project` and two tables, `frameworks` and `names`.

mod candidate;
mod frameworks;
mod infer;
mod limits;
mod named;
mod names;
mod own_server;
mod project;
mod rules;
mod start_command;
#[cfg(test)]
mod tests;
mod words;

use std::cell::RefCell;
use std::path::Path;

use crate::files::Files;
use crate::model::{Detection, NearMiss};
use candidate::server_calls;
use infer::Inference;
pub use named::NamedApp;
pub use own_server::OwnServerApp;
use project::Project;

/// The Python files of an app root: each is read and understood once, whoever asks. Nothing is read before that.
pub struct Sources<'a> {
    files: &'a dyn Files,
    root: &'a Path,
    inference: Inference<'a>,
    /// What was nearly an app of the documented steps; told when no step finds one.
    missed: RefCell<Vec<NearMiss>>,
}

impl<'a> Sources<'a> {
    /// The sources below `root`. Total: a root that cannot be read holds none.
    #[must_use]
    pub fn new(files: &'a dyn Files, root: &'a Path) -> Self {
        Self {
            files,
            root,
            inference: Inference::new(Project::new(files, root, server_calls::is_of_use)),
            missed: RefCell::default(),
        }
    }

    /// Steps 2 and 3 of the start-up order: Django, then Flask, where they are documented to be.
    ///
    /// `asgi_worker` is asked for gunicorn's worker class for ASGI, when a command is offered in which it stands.
    #[must_use]
    pub fn documented(&self, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
        rules::find_documented(self, asgi_worker)
    }

    /// Any other web app that is recognised with certainty; if there is none, what was nearly one.
    #[must_use]
    pub fn other(&self, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
        rules::find_other(self, asgi_worker)
    }
}

/// Finds the web app in `root`, whichever step it belongs to.
#[must_use]
pub fn detect(files: &dyn Files, root: &Path, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
    let sources = Sources::new(files, root);
    let Detection { app, mut evidence, mut notices, near_misses } = sources.documented(asgi_worker);
    if app.is_some() {
        return Detection { app, evidence, notices, near_misses };
    }
    let other = sources.other(asgi_worker);
    evidence.extend(other.evidence);
    notices.extend(other.notices);
    Detection { evidence, notices, ..other }
}
