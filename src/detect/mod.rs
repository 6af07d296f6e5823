//! Which web app is in the app root: steps 2, 3 and 4 of the start-up order.
//!
//! Pure over [`Files`]: names decide where to look, only candidates are read, nothing is executed, and every answer
//! carries its reason. The rules stand in `steps` in the order in which they are tried; what names and frameworks
//! mean stands in two tables, `names` and `frameworks`.

mod behind;
mod calls;
mod candidate;
mod deeper_django;
mod django;
mod entry;
mod exam;
mod frameworks;
mod meaning;
mod misses;
mod module_path;
mod names;
mod objects;
mod reasons;
mod search;
mod search_path;
mod starts;
mod steps;
mod thing;
mod workspace;

use std::path::Path;

use crate::files::Files;
use crate::model::{Detection, Interface};

/// Finds the web app in `root`. Total: a root that cannot be read holds none.
#[must_use]
pub fn detect(files: &dyn Files, root: &Path) -> Detection {
    let mut search = search::Search::new(files, root);
    search.run();
    search.into_detection()
}

/// The command that starts an app by hand, for people to copy.
fn command(base: &Path, target: &str, interface: Interface) -> String {
    let base = base.display().to_string();
    let folder = if base.is_empty() { String::new() } else { format!(" --chdir={}", quoted(&base)) };
    let class = if interface == Interface::Asgi { " -k uvicorn_worker.UvicornWorker" } else { "" };
    format!("gunicorn --bind=0.0.0.0 --timeout 600{folder}{class} {}", quoted(target))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./:@+=,".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
