//! A site that is started by a program under test, asked once, and stopped.

use std::path::Path;
use std::process::Command;

use crate::ports::free_port;
use crate::python::{App, page_of};

/// A WSGI app that needs no package.
const APP: &str = "\
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'answered']
";

/// The page that the program serves when `path` is where it finds its Python and gunicorn.
pub(crate) fn first_page(program: &mut Command, path: &str) -> String {
    let app = App::new(&[("app.py", APP)]);
    let port = free_port();
    program.args(["run", "--app-root"]).arg(&app.root).arg("--port").arg(port.to_string());
    page_of(program.env_clear().env("PATH", path).env("HOME", &app.root), port)
}

/// What that page holds.
pub(crate) const PAGE: &str = "answered";

/// `PATH` with a folder of commands in front of those of the machine.
pub(crate) fn path_with(bin: &Path) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display())
}
