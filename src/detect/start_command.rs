//! The command that starts an app by hand, for people to copy.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use crate::model::Interface;
use crate::shell::words;

/// The gunicorn command line for an app that is imported from `root`.
pub(super) fn start_command(root: &Path, target: &str, interface: Interface) -> String {
    let quoted = |word: OsString| OsString::from_vec(words::quote(&word)).to_string_lossy().into_owned();
    let mut folder = OsString::from("--chdir=");
    folder.push(root);
    let folder = if root.as_os_str().is_empty() { String::new() } else { format!(" {}", quoted(folder)) };
    let class = if interface == Interface::Asgi { " -k uvicorn_worker.UvicornWorker" } else { "" };
    format!("gunicorn --bind=0.0.0.0 --timeout 600{folder}{class} {}", quoted(target.into()))
}
