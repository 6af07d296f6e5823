//! A site that is started by a program under test, asked once, and stopped.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::ports::free_port;
use crate::python::{App, Running};

/// How long anything may take on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(90);

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

/// The first page that the site of this command serves on `port`; then it is stopped.
pub(crate) fn page_of(command: &mut Command, port: u16) -> String {
    let mut site = Running::start(command);
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(page) = page(port) {
            return page;
        }
        let ended = site.0.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < end, "no page: {ended:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn page(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    write!(stream, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}

/// What that page holds.
pub(crate) const PAGE: &str = "answered";

/// `PATH` with a folder of commands in front of those of the machine.
pub(crate) fn path_with(bin: &Path) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display())
}
