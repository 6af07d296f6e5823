//! Apps with packages that install in a moment, and builds of them.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::python::{self, App, Running};

/// A package that installs in a moment and without the network, with a template in it that is no Python: setuptools is not needed for a wheel, which is a zip
/// archive, and Python can write one.
pub(crate) fn wheel(app: &App, name: &str) -> PathBuf {
    const MAKE: &str = "import sys, zipfile\n\
        folder, name = sys.argv[1:]\n\
        info = name + '-1.0.dist-info/'\n\
        with zipfile.ZipFile(folder + '/' + name + '-1.0-py3-none-any.whl', 'w') as wheel:\n\
        \x20   wheel.writestr(name + '/__init__.py', '__version__ = \"1.0\"\\n')\n\
        \x20   wheel.writestr(name + '/__main__.py', 'def run():\\n    print(\"run by\", __import__(\"sys\").executable)\\n')\n\
        \x20   wheel.writestr(name + '/template.py', 'class {{ name }}\\n')\n\
        \x20   wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ' + name + '\\nVersion: 1.0\\n')\n\
        \x20   wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
        \x20   wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\n' + name + ' = ' + name + '.__main__:run\\n')\n\
        \x20   wheel.writestr(info + 'RECORD', '')\n";
    let folder = app.root.join("wheels");
    fs::create_dir_all(&folder).unwrap();
    let status = Command::new(python::python()).args(["-c", MAKE]).arg(&folder).arg(name).status().unwrap();
    assert!(status.success());
    folder
}

/// `pystart build` with uv, which is ten times faster than pip, on packages of the app's own `wheels` alone.
pub(crate) fn building(app: &App) -> Command {
    let mut command = with_pip(app, Command::new(env!("CARGO_BIN_EXE_pystart")));
    command.env("PATH", format!("{}:{}", python::uv().display(), search_path()));
    command
}

/// The same without uv.
pub(crate) fn with_pip(app: &App, mut command: Command) -> Command {
    command
        .arg("build")
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", app.root.with_extension("home"))
        .env("UV_OFFLINE", "1")
        .env("UV_FIND_LINKS", app.root.join("wheels"))
        .env("UV_CACHE_DIR", python::environment().join("cache"))
        .env("PYSTART_APP_ROOT", &app.root)
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", app.root.join("wheels"))
        // Would install elsewhere, were they passed on.
        .env("PIP_TARGET", "/nowhere")
        .env("PYTHONHOME", "/nowhere");
    command
}

/// The interpreter that the test environment was made with, and nothing else: a uv of the machine must not be found.
pub(crate) fn search_path() -> String {
    python::bare_python().display().to_string()
}

pub(crate) fn build(app: &App) -> Output {
    building(app).output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn app(requirements: &str) -> App {
    let app = App::new(&[("app.py", ""), ("requirements.txt", requirements)]);
    wheel(&app, "gunicorn");
    wheel(&app, "shop");
    app
}

pub(crate) fn installed(app: &App, package: &str) -> bool {
    packages(app).join(package).is_dir()
}

pub(crate) fn packages(app: &App) -> PathBuf {
    let library = app.root.join("antenv/lib");
    let version = fs::read_dir(&library).unwrap().flatten().next().expect("a version");
    version.path().join("site-packages")
}

/// A build that has come to a step.
pub(crate) fn started(app: &App, step: &str) -> Running {
    come_to(&mut building(app), step)
}

pub(crate) fn come_to(build: &mut Command, step: &str) -> Running {
    let mut child = Running::start(build.stderr(Stdio::piped()));
    let mut lines = BufReader::new(child.0.stderr.take().unwrap());
    let mut line = String::new();
    while !(line.starts_with("pystart: ") && line.contains(step)) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the build ended early");
    }
    // The tools' words are not waited for, but they must not find a closed pipe.
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    child
}

/// Waits for an answer of the site and returns the status line's code.
pub(crate) fn answered(port: u16, site: &mut Running) -> u16 {
    let question = pystart::commands::health::Question { port, path: "/".into(), limit: Duration::from_secs(20) };
    let deadline = Instant::now() + Duration::from_mins(6);
    loop {
        if let pystart::commands::health::Answer::Status(status) = pystart::commands::health::ask(&question) {
            return status;
        }
        assert!(site.0.try_wait().unwrap().is_none(), "the site ended");
        assert!(Instant::now() < deadline, "no answer");
        std::thread::sleep(Duration::from_millis(5));
    }
}
