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

use std::ffi::OsString;
use std::path::Path;

use crate::files::Files;
use crate::gunicorn::arguments::with_path;
use crate::model::{Detection, Interface};
use crate::shell::words;

/// Finds the web app in `root`. Total: a root that cannot be read holds none.
#[must_use]
pub fn detect(files: &dyn Files, root: &Path) -> Detection {
    let mut search = search::Search::new(files, root);
    search.run();
    search.into_detection()
}

/// The command that starts an app by hand, for people to copy.
fn command(base: &Path, target: &str, interface: Interface) -> String {
    let folder = (!base.as_os_str().is_empty()).then(|| with_path("--chdir=", base));
    let class = (interface == Interface::Asgi).then_some(["-k", "uvicorn_worker.UvicornWorker"]);
    let mut argv: Vec<OsString> = ["gunicorn", "--bind=0.0.0.0", "--timeout", "600"].map(OsString::from).into();
    argv.extend(folder);
    argv.extend(class.into_iter().flatten().map(OsString::from));
    argv.push(target.into());
    words::join(argv).to_string_lossy().into_owned()
}
