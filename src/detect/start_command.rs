//! The command that starts an app by hand, for people to copy.

use std::ffi::OsString;
use std::path::Path;

use crate::gunicorn::AIOHTTP_WORKER;
use crate::gunicorn::arguments::with_path;
use crate::model::Interface;
use crate::shell::words;

/// The gunicorn command line for an app that is imported from `root`.
pub(super) fn start_command(root: &Path, target: &str, interface: Interface) -> String {
    let folder = (!root.as_os_str().is_empty()).then(|| with_path("--chdir=", root));
    let class = match interface {
        Interface::Wsgi => None,
        Interface::Asgi => Some("uvicorn_worker.UvicornWorker"),
        Interface::Aiohttp => Some(AIOHTTP_WORKER),
    };
    let mut argv: Vec<OsString> = ["gunicorn", "--bind=0.0.0.0", "--timeout", "600"].map(OsString::from).into();
    argv.extend(folder);
    argv.extend(class.into_iter().flat_map(|class| ["-k".into(), class.into()]));
    argv.push(target.into());
    words::join(argv).to_string_lossy().into_owned()
}
