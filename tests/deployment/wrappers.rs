//! What is put in front of the server is the real thing: a debugger that can be reached, tracers that have taken hold of
//! the app.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::ports::free_port;
use crate::python::App;
use crate::site::Site;

/// They and all that they need, installed without looking for dependencies.
const PACKAGES: [&str; 24] = [
    "blinker==1.9.0",
    "bytecode==0.19.1",
    "click==8.5.1",
    "ddtrace==4.16.0",
    "ddtrace-internal==0.1.0",
    "debugpy==1.8.22",
    "envier==0.6.1",
    "flask==3.0.3",
    "gunicorn==23.0.0",
    "itsdangerous==2.2.0",
    "jinja2==3.1.6",
    "markupsafe==3.0.4",
    "opentelemetry-api==1.45.1",
    "opentelemetry-distro==0.66b1",
    "opentelemetry-instrumentation==0.66b1",
    "opentelemetry-instrumentation-flask==0.66b1",
    "opentelemetry-instrumentation-wsgi==0.66b1",
    "opentelemetry-sdk==1.45.1",
    "opentelemetry-semantic-conventions==0.66b1",
    "opentelemetry-util-http==0.66b1",
    "packaging==26.3",
    "typing_extensions==4.16.0",
    "werkzeug==3.1.9",
    "wrapt==2.5.2",
];

/// Says what it has become, and what was imported in front of it.
const APP: &str = "import sys\nimport flask\napp = flask.Flask(__name__)\n\n\n@app.get('/')\ndef home():\n    \
                   names = 'ddtrace', 'debugpy', 'opentelemetry'\n    \
                   return ' '.join([type(app).__name__, *(name for name in names if name in sys.modules)])\n";

/// An environment with the packages, made once.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrappers");
    let lock = File::create(folder.with_extension("lock")).unwrap();
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).unwrap();
    let (stamp, wanted) = (folder.join("complete"), PACKAGES.join(" "));
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        let _ = fs::remove_dir_all(&folder);
        let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]);
        run(pip.args(PACKAGES));
        fs::write(&stamp, wanted).unwrap();
    }
    folder
}

/// The site behind what these variables put in front of it.
fn site(app: &App, variables: &[(&str, &str)]) -> Site {
    let mut command = crate::site::pystart(&app.root);
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("VIRTUAL_ENV", environment());
    // Nobody collects what they find out.
    let exporters = ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"];
    command.envs(exporters.map(|name| (name, "none"))).env("DD_TRACE_ENABLED", "false");
    Site::start(command.envs(variables.iter().copied()))
}

#[test]
fn tracers_take_hold_of_the_app() {
    let app = App::new(&[("app.py", APP)]);
    for (wrapper, expected) in
        [("ddtrace-run", "Flask ddtrace"), ("opentelemetry-instrument", "_InstrumentedFlask opentelemetry")]
    {
        let mut site = site(&app, &[("PYSTART_WITH", wrapper)]);
        assert_eq!(site.get("/"), expected, "{}", site.log());
        assert!(site.stop().success(), "{wrapper}");
    }
}

#[test]
fn a_debugger_can_be_reached_and_the_app_answers() {
    let app = App::new(&[("app.py", APP)]);
    let port = free_port();
    let port = port.to_string();
    let wrapper = format!("python -m debugpy --listen 127.0.0.1:{port}");
    let of_the_platform = [("APPSVC_REMOTE_DEBUGGING", "TRUE"), ("APPSVC_TUNNEL_PORT", port.as_str())];
    for variables in [&[("PYSTART_WITH", wrapper.as_str())][..], &of_the_platform] {
        let mut site = site(&app, variables);
        assert_eq!(site.get("/"), "Flask debugpy", "{}", site.log());
        let reached = TcpStream::connect(format!("127.0.0.1:{port}"));
        assert!(reached.is_ok(), "{reached:?}: {}", site.log());
        assert!(site.stop().success());
        // Its adapter is a process of its own, and ends when it notices.
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
            assert!(Instant::now() < deadline, "the debugger has not ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
