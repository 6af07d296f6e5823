//! Which web app is in the app root: steps 2, 3 and 4 of the start-up order.
//!
//! Pure over [`Files`]: names decide where to look, only candidates are read, nothing is executed, and every answer
//! carries its reason. From the top: `rules` are tried in their order; each asks for `candidate` files; what is in a
//! file `infer` finds out, over the files of the `project` and two tables, `frameworks` and `names`.

mod candidate;
mod frameworks;
mod infer;
mod limits;
mod names;
mod project;
mod rules;
mod start_command;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;

use crate::files::Files;
use crate::model::Detection;

/// Finds the web app in `root`. Total: a root that cannot be read holds none.
///
/// `asgi_worker` is asked for gunicorn's worker class for ASGI, when a command is offered in which it stands.
#[must_use]
pub fn detect(files: &dyn Files, root: &Path, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
    rules::find_app(files, root, asgi_worker)
}
