//! The proof: real apps are loaded by real interpreters with real packages.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use crate::python::{self, App};
use pystart::commands::check::{Calling, Cause, Problem, Report, Site, Start, Target, prove};
use pystart::commands::health::{Answer, Question};
use pystart::commands::running::{Memory, Running};
use pystart::model::Notice;

const FLASK: &str = "from flask import Flask\nprint('import noise')\napp = Flask(__name__)\n";

/// A port that nobody listens on in tests: they ask the kernel for theirs.
const FREE: &str = "--bind=127.0.0.1:1";

fn target(app: &App, start: Start) -> Target {
    Target {
        start,
        environ: [("PATH", "/usr/bin:/bin")].into_iter().collect(),
        folder: app.root.clone(),
        app_root: app.root.clone(),
        environment: None,
        limit: Duration::from_secs(50),
        site: None,
    }
}

fn gunicorn(words: &[&str]) -> Start {
    let arguments = [FREE].iter().chain(words).map(OsString::from).collect();
    Start::Gunicorn { python: python::python(), arguments }
}

fn load(files: &[(&str, &str)], words: &[&str]) -> Report {
    prove(&target(&App::new(files), gunicorn(words)))
}

fn problem(files: &[(&str, &str)], words: &[&str]) -> Problem {
    load(files, words).problem.expect("a problem")
}

fn lines(problem: &Problem) -> Vec<(&str, u32, &str)> {
    problem.lines.iter().map(|line| (line.file.as_str(), line.line, line.function.as_str())).collect()
}

#[test]
fn a_flask_app_loads_and_its_noise_and_byte_code_go_nowhere() {
    let app = App::new(&[("app.py", FLASK), ("gunicorn.conf.py", "workers = 2\nprint('more noise')\n")]);
    let report = prove(&target(&app, gunicorn(&["app:app"])));
    assert!(report.ok, "{report}");
    let object = report.object.unwrap();
    assert_eq!((object.kind.as_str(), object.interface), ("flask.app.Flask", Calling::Wsgi));
    assert_eq!(report.gunicorn.unwrap().version, "23.0.0");
    assert_eq!(PathBuf::from(report.module.unwrap().file), app.root.join("app.py"));
    assert_eq!(report.python.unwrap().prefix, python::environment().to_str().unwrap());
    assert_eq!(report.worker.unwrap().name, "gunicorn.workers.sync.SyncWorker");
    assert!(!app.root.join("__pycache__").exists());
}

#[test]
fn a_django_project_loads_from_the_folder_of_chdir() {
    let settings = "SECRET_KEY = 'x'\nROOT_URLCONF = 'site_.urls'\n";
    let wsgi = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')\napplication = get_wsgi_application()\n";
    let files = [("web/site_/__init__.py", ""), ("web/site_/settings.py", settings), ("web/site_/wsgi.py", wsgi)];
    let report = load(&files, &["--chdir", "web", "site_.wsgi"]);
    assert!(report.ok, "{report}");
    assert_eq!(report.object.unwrap().kind, "django.core.handlers.wsgi.WSGIHandler");
}

#[test]
fn settings_errors_of_django_surface_with_the_line_that_led_there() {
    let wsgi = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')\napplication = get_wsgi_application()\n";
    let improper = problem(
        &[
            ("site_/wsgi.py", wsgi),
            (
                "site_/settings.py",
                "from django.core.exceptions import ImproperlyConfigured\n\
                 def need(name):\n    raise ImproperlyConfigured(f'Set the {name} environment variable')\n\
                 SECRET_KEY = need('SECRET_KEY')\n",
            ),
        ],
        &["site_.wsgi"],
    );
    assert_eq!(improper.cause, Cause::DjangoSettings);
    assert!(improper.message.contains("Set the SECRET_KEY environment variable"), "{}", improper.message);
    assert_eq!(
        lines(&improper),
        [("site_/wsgi.py", 4, "<module>"), ("site_/settings.py", 4, "<module>"), ("site_/settings.py", 3, "need")]
    );
    let key = problem(
        &[("site_/wsgi.py", wsgi), ("site_/settings.py", "import os\nSECRET_KEY = os.environ['DJANGO_KEY']\n")],
        &["site_.wsgi"],
    );
    assert_eq!(key.cause, Cause::Raised);
    assert!(key.hint.as_ref().is_some_and(|hint| hint.contains("`DJANGO_KEY`")), "{key:?}");
    assert_eq!(lines(&key).last(), Some(&("site_/settings.py", 2, "<module>")));
    let app = problem(
        &[("site_/wsgi.py", wsgi), ("site_/settings.py", "SECRET_KEY = 'x'\nINSTALLED_APPS = ['rest_framework']\n")],
        &["site_.wsgi"],
    );
    assert_eq!(app.cause, Cause::ModuleNotFound);
    assert!(app.hint.is_some_and(|hint| hint.contains("`djangorestframework`")));
}

#[test]
fn a_module_that_is_not_installed_is_named_with_the_package_and_whether_it_was_asked_for() {
    let code = ("app.py", "import yaml\n");
    let unlisted = problem(&[code, ("requirements.txt", "flask\n")], &["app:app"]);
    assert_eq!(unlisted.cause, Cause::ModuleNotFound);
    assert_eq!(unlisted.message, "module `yaml` is not installed");
    assert_eq!(unlisted.hint.as_deref(), Some("add `PyYAML` to requirements.txt, then run `pystart build`"));
    assert_eq!(lines(&unlisted), [("app.py", 1, "<module>")]);
    let unbuilt = problem(&[code, ("requirements.txt", "flask\npyyaml>=6\n")], &["app:app"]);
    assert_eq!(
        unbuilt.hint.as_deref(),
        Some("`PyYAML` is in requirements.txt, but no environment was built: run `pystart build`")
    );
    let project = problem(&[code, ("pyproject.toml", "[project]\n")], &["app:app"]);
    assert_eq!(project.hint.as_deref(), Some("add `PyYAML` to pyproject.toml, then run `pystart build`"));
    let none = problem(&[code], &["app:app"]);
    assert_eq!(none.hint.as_deref(), Some("add a requirements.txt with `PyYAML` in it, then run `pystart build`"));
}

#[test]
fn what_other_files_and_a_project_beside_the_app_list_was_asked_for() {
    let included = problem(
        &[
            ("app.py", "import yaml\n"),
            ("requirements.txt", "-r requirements/base.txt\n"),
            ("requirements/base.txt", "PyYAML==6\n"),
        ],
        &["app:app"],
    );
    let expected = "`PyYAML` is in requirements.txt, but no environment was built: run `pystart build`";
    assert_eq!(included.hint.as_deref(), Some(expected));
    let nested = problem(
        &[("backend/main.py", "import yaml\n"), ("backend/pyproject.toml", "[project]\ndependencies = ['pyyaml']\n")],
        &["--chdir=backend", "main:app"],
    );
    let expected = "`PyYAML` is in backend/pyproject.toml, but no environment was built: run `pystart build`";
    assert_eq!(nested.hint.as_deref(), Some(expected));
}

#[test]
fn a_missing_part_of_an_installed_package_is_no_missing_package() {
    let part = problem(&[("app.py", "import flask.nosuch\n"), ("requirements.txt", "flask\n")], &["app:app"]);
    assert_eq!(part.message, "the package of `flask` is installed and has no module `flask.nosuch`");
    let expected = "look for a misspelt name, or ask for the release of `flask` that has it";
    assert_eq!(part.hint.as_deref(), Some(expected));
}

#[test]
fn an_environment_of_another_python_is_the_reason_that_is_given() {
    let app = App::new(&[
        ("app.py", "import yaml\n"),
        ("requirements.txt", "pyyaml\n"),
        ("antenv/lib/python3.9/site-packages/yaml.py", ""),
        ("antenv/lib/python3.5/site-packages/yaml.py", ""),
        ("antenv/lib/python3.7/site-packages/yaml.py", ""),
        ("antenv/lib/python3.6/site-packages/yaml.py", ""),
        ("antenv/lib/python3.4/remnant", ""),
    ]);
    let target = Target { environment: Some(app.root.join("antenv")), ..target(&app, gunicorn(&["app:app"])) };
    let hint = prove(&target).problem.unwrap().hint.unwrap();
    assert!(hint.starts_with("`antenv` is for Python 3.5, this is 3."), "{hint}");
}

#[test]
fn a_module_of_the_users_own_in_another_folder_is_found() {
    let problem = problem(&[("wsgi.py", "import shop\n"), ("backend/shop.py", "")], &["wsgi"]);
    assert!(problem.hint.as_ref().is_some_and(|hint| hint.contains("--chdir backend")), "{problem:?}");
}

#[test]
fn of_several_folders_with_the_module_the_first_by_name_is_named_and_no_hidden_one() {
    let files = [
        ("wsgi.py", "import shop\n"),
        ("z/shop.py", ""),
        (".cache/shop.py", ""),
        ("docs/shop.py", ""),
        ("m/shop.py", ""),
        ("q/shop.py", ""),
    ];
    let problem = problem(&files, &["wsgi"]);
    assert!(problem.hint.as_ref().is_some_and(|hint| hint.contains("`--chdir m`")), "{problem:?}");
}

#[test]
fn the_app_is_told_the_folder_it_is_in() {
    let code = "import os\nassert os.environ['PWD'] == os.getcwd()\ndef app(environ, start_response): pass\n";
    let report = load(&[("app.py", code)], &["app:app"]);
    assert!(report.ok, "{report}");
}

#[test]
fn an_interpreter_that_hangs_before_it_can_tell_anything_is_cut_off() {
    let app = App::new(&[("sitecustomize.py", "while True: pass\n")]);
    let mut target = Target { limit: Duration::from_millis(1), ..target(&app, gunicorn(&["app:app"])) };
    target.environ.set("PYTHONPATH", &app.root);
    assert_eq!(prove(&target).problem.unwrap().cause, Cause::TimedOut);
}

#[test]
fn a_syntax_error_is_told_with_file_line_and_source() {
    let problem = problem(&[("app.py", "import views\n"), ("views.py", "x = 1\ndef f(:\n    pass\n")], &["app:app"]);
    assert_eq!(problem.cause, Cause::Syntax);
    assert!(problem.message.starts_with("`views.py`, line 2: "), "{}", problem.message);
    assert_eq!(problem.lines[0].source, "def f(:");
}

#[test]
fn a_wrong_object_name_lists_what_could_have_been_meant() {
    let code = "from flask import Flask\nsite = Flask(__name__)\nlimit = 3\nclass Config: pass\n\
                def create_app():\n    return site\ndef helper(): pass\n";
    let problem = problem(&[("app.py", code)], &["app:app"]);
    assert_eq!(problem.cause, Cause::NameNotFound);
    assert_eq!(problem.hint.as_deref(), Some("it has `site`, `create_app()`: try `gunicorn 'app:site'`"));
}

#[test]
fn what_gunicorn_cannot_parse_or_call_is_no_app() {
    let code = ("app.py", "value = 3\nclass Dash: server = None\ndash = Dash()\ndef create(name): pass\n");
    for words in ["app:value", "app:dash.server", "app:create()", "app:dash["] {
        let problem = problem(&[code], &[words]);
        assert_eq!(problem.cause, Cause::NotAnApp, "{words}: {problem:?}");
    }
}

#[test]
fn a_factory_is_called_and_what_it_raises_is_shown_in_the_users_lines() {
    let good = "from flask import Flask\ndef create_app(name='x'):\n    return Flask(name)\n";
    assert!(load(&[("app.py", good)], &["app:create_app(name='shop')"]).ok);
    let bad = "def connect():\n    raise RuntimeError('no database')\ndef create_app():\n    return connect()\n";
    let problem = problem(&[("app.py", bad)], &["app:create_app()"]);
    assert_eq!(problem.cause, Cause::Factory);
    assert_eq!(problem.message, "calling `create_app()` of `app` raises `RuntimeError`: no database");
    assert_eq!(lines(&problem), [("app.py", 4, "create_app"), ("app.py", 2, "connect")]);
}

#[test]
fn an_app_that_hangs_on_import_is_told_with_the_line_it_hangs_on() {
    let code = "import threading\ndef wait():\n    threading.Event().wait()\nwait()\n";
    let app = App::new(&[("app.py", code)]);
    let target = Target { limit: Duration::from_secs(3), ..target(&app, gunicorn(&["app:app"])) };
    let problem = prove(&target).problem.unwrap();
    assert_eq!(problem.cause, Cause::TimedOut);
    assert_eq!(problem.message, "importing `app` is not done after 3 s, at `app.py` line 3");
    assert_eq!(lines(&problem), [("app.py", 4, "<module>"), ("app.py", 3, "wait")]);
}

#[test]
fn an_app_that_ends_the_interpreter_or_crashes_is_told_so() {
    let rows = [
        ("import sys\nsys.exit(7)\n", Cause::Exited, "importing `app` calls `sys.exit(7)`"),
        ("import os\nos._exit(5)\n", Cause::Exited, "importing `app` ended the interpreter with status 5"),
        (
            "import os\nos.closerange(3, 99)\nos._exit(6)\n",
            Cause::Exited,
            "importing `app` ended the interpreter with status 6",
        ),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
            Cause::Killed,
            "importing `app` ended with signal SIGSEGV",
        ),
    ];
    for (code, cause, message) in rows {
        let problem = problem(&[("app.py", code)], &["app:app"]);
        assert_eq!((problem.cause, problem.message.as_str()), (cause, message));
    }
}

#[test]
fn what_the_app_forked_does_not_hold_up_the_answer_and_is_gone_after_it() {
    let code = "import os, time\nif os.fork() == 0:\n    time.sleep(600)\nopen('pids', 'w').write(str(os.getpgid(0)))\n\
                def application(environ, start_response): pass\n";
    let app = App::new(&[("app.py", code)]);
    assert!(prove(&target(&app, gunicorn(&["app"]))).ok);
    let group: i32 = std::fs::read_to_string(app.root.join("pids")).unwrap().parse().unwrap();
    let gone = || nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), None).is_err();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !gone() {
        // A killed process stays in its group until its new parent reaps it; only a living one is a failure.
        if is_dead(group) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "group {group} lives");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Is every process of the group a zombie?
fn is_dead(group: i32) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().all(|entry| {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { return true };
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[2] != group.to_string() || fields[0] == "Z"
    })
}

#[test]
fn asgi_and_wsgi_are_told_apart_by_the_real_object_and_a_mismatch_is_a_problem() {
    let fast = ("app.py", "from fastapi import FastAPI\napp = FastAPI()\n");
    let wrong = problem(&[fast], &["app:app"]);
    assert_eq!(wrong.cause, Cause::Interface);
    assert!(wrong.message.contains("`fastapi.applications.FastAPI`) is ASGI"), "{}", wrong.message);
    let right = load(&[fast], &["-k", "uvicorn_worker.UvicornWorker", "app:app"]);
    assert!(right.ok, "{right}");
    let flask = problem(&[("app.py", FLASK)], &["-k", "uvicorn_worker.UvicornWorker", "app:app"]);
    assert_eq!(flask.cause, Cause::Interface);
    let rows = [
        ("def app(environ, start_response): pass", Calling::Wsgi),
        ("class A:\n    def __call__(self, environ, start_response): pass\napp = A()", Calling::Wsgi),
        ("class A:\n    async def __call__(self, scope, receive, send): pass\napp = A()", Calling::Asgi),
        (
            "import functools\nasync def f(x, scope, receive, send): pass\nasync def g(s, r, t): pass\napp = functools.partial(g)",
            Calling::Asgi,
        ),
        ("def app(*args, **kwargs): pass", Calling::Unknown),
        ("async def app(): pass", Calling::Unknown),
        ("class app:\n    def __init__(self, environ, start_response): pass", Calling::Unknown),
    ];
    for (code, interface) in rows {
        let report = load(&[("app.py", &format!("{code}\n"))], &["app:app"]);
        assert_eq!(report.object.expect(code).interface, interface, "{code}");
    }
}

/// A site that runs and answers 500; nothing of it is looked at but that.
fn failing_site() -> Site {
    let running = Running {
        what: "the site".into(),
        pid: 1,
        since: None,
        restart_would_start: None,
        changed_files: Vec::new(),
        port: 1,
        listeners: Vec::new(),
        own_listeners: Vec::new(),
        memory: Memory::default(),
    };
    let question = Question { port: 1, path: "/up?deep=1".into(), limit: Duration::from_secs(1) };
    Site { running, question, answer: Answer::Status(500) }
}

#[test]
fn an_app_that_fails_when_it_is_asked_is_asked_as_its_server_would() {
    let wsgi = "def app(environ, start_response):\n    \
                assert environ['PATH_INFO'] + environ['REQUEST_METHOD'] + environ['HTTP_HOST'] == '/upGETlocalhost'\n    \
                assert environ['QUERY_STRING'] == 'deep=1'\n    raise RuntimeError('no database')\n";
    let django = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                  os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf')\napp = get_wsgi_application()\n";
    let conf = "SECRET_KEY = 'x'\nROOT_URLCONF = 'urls'\nALLOWED_HOSTS = ['*']\n";
    let urls = "from django.urls import path\ndef index(request):\n    raise RuntimeError('no database')\n\
                urlpatterns = [path('up', index)]\n";
    let fastapi = "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\n\n\
                   @asynccontextmanager\nasync def life(app):\n    app.state.ready = True\n    yield\n\n\
                   app = FastAPI(lifespan=life)\n\n@app.get('/up')\nasync def index(deep: int):\n    \
                   assert app.state.ready and deep == 1\n    raise RuntimeError('no database')\n";
    let uvicorn = &["-k", "uvicorn_worker.UvicornWorker", "app:app"][..];
    let rows = [
        (&[("app.py", wsgi)][..], &["app:app"][..], ("app.py", 4)),
        (&[("app.py", django), ("conf.py", conf), ("urls.py", urls)], &["app:app"], ("urls.py", 3)),
        (&[("app.py", fastapi)], uvicorn, ("app.py", 14)),
    ];
    for (files, words, place) in rows {
        let app = App::new(files);
        let report = prove(&Target { site: Some(failing_site()), ..target(&app, gunicorn(words)) });
        let problem = report.problem.as_ref().unwrap();
        assert_eq!(problem.cause, Cause::ServerError, "{report}");
        assert_eq!(problem.message, "answering the request raises `RuntimeError`: no database", "{report}");
        let last = lines(problem).last().map(|(file, line, _)| (*file, *line));
        assert_eq!(last, Some(place), "{report}");
    }
}

#[test]
fn a_worker_class_that_is_not_installed_is_named_with_its_package() {
    let problem = problem(&[("app.py", FLASK)], &["-k", "gevent_of_nobody.Worker", "app:app"]);
    assert_eq!(problem.cause, Cause::Worker);
    assert!(problem.message.contains("No module named 'gevent_of_nobody'"), "{}", problem.message);
}

#[test]
fn bad_options_and_a_broken_configuration_file_are_gunicorns_settings() {
    assert_eq!(problem(&[("app.py", FLASK)], &["--no-such-option", "app:app"]).cause, Cause::Settings);
    let app = App::new(&[("app.py", FLASK), ("gunicorn.conf.py", "workers = 'many'\n")]);
    assert_eq!(prove(&target(&app, gunicorn(&["app:app"]))).problem.unwrap().cause, Cause::Settings);
}

#[test]
fn arguments_in_the_variable_count_as_they_do_for_gunicorn() {
    let app = App::new(&[("web/app.py", FLASK)]);
    let mut target = target(&app, gunicorn(&["app:app"]));
    target.environ.set("GUNICORN_CMD_ARGS", "--chdir web -k gthread");
    let report = prove(&target);
    assert!(report.ok, "{report}");
    assert_eq!(report.worker.unwrap().name, "gunicorn.workers.gthread.ThreadWorker");
}

#[test]
fn a_connection_that_the_threads_of_a_worker_cannot_use_is_told_with_its_name_and_file() {
    let app = |connect: &str| format!("import sqlite3\n{connect}\ndef app(environ, start_response): pass\n");
    let bound = "db = sqlite3.connect(':memory:')";
    let told = |connect: &str, words: &[&str]| {
        let report = load(&[("app.py", "from shop import app\n"), ("shop.py", &app(connect))], words);
        assert!(report.ok, "{report}");
        report.notices.iter().map(|notice| notice.message.clone()).collect::<Vec<_>>()
    };
    let threads = &["--threads", "4", "app:app"][..];
    let notices = told(bound, threads);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("`db` in `shop.py` is a connection to SQLite for the thread that"), "{notices:?}");
    for (connect, words) in [
        (bound, &["app:app"][..]),
        ("db = sqlite3.connect(':memory:', check_same_thread=False)", threads),
        ("db = sqlite3.connect(':memory:')\ndb.close()", threads),
        ("def db(): return sqlite3.connect(':memory:')", threads),
    ] {
        assert_eq!(told(connect, words), [""; 0], "{connect} {words:?}");
    }
}

#[test]
fn a_port_in_use_is_a_problem() {
    let app = App::new(&[("app.py", FLASK)]);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let start = Start::Gunicorn {
        python: python::python(),
        arguments: vec![format!("--bind=0.0.0.0:{port}").into(), "app:app".into()],
    };
    let problem = prove(&target(&app, start)).problem.unwrap();
    assert_eq!(problem.cause, Cause::PortTaken);
    let own = format!("port {port} is taken by process {}", std::process::id());
    assert!(problem.message.starts_with(&own), "{}", problem.message);
}

#[test]
fn an_interpreter_without_gunicorn_or_that_is_not_there_is_told_so() {
    let app = App::new(&[("app.py", FLASK), ("requirements.txt", "flask\n")]);
    let nowhere = Start::Gunicorn { python: "/nowhere/python".into(), arguments: vec!["app:app".into()] };
    assert_eq!(prove(&target(&app, nowhere)).problem.unwrap().cause, Cause::NoPython);
    // The base interpreter, but with its user's and site's packages switched off.
    let mut bare = target(&app, gunicorn(&["app:app"]));
    let blocker = App::new(&[("gunicorn/__init__.py", "raise ImportError('blocked')\n")]);
    bare.environ.set("PYTHONPATH", &blocker.root);
    let problem = prove(&bare).problem.unwrap();
    assert_eq!(problem.cause, Cause::NoGunicorn);
    assert_eq!(problem.hint.as_deref(), Some("add `gunicorn` to requirements.txt, then run `pystart build`"));
}

#[test]
fn other_commands_are_checked_as_far_as_that_goes_without_running_them() {
    let app = App::new(&[("plain", "#!/bin/sh\n")]);
    let plain = app.root.join("plain");
    let program = |name: &str, path: &str| Start::Program { name: name.into(), path: path.into() };
    let script = |text: &str| Start::Script { shell: "/bin/sh".into(), text: text.into() };
    let missing = Notice { message: "no app was found".into(), hint: None };
    let rows = [
        ("a program", program("sh", "/bin/sh"), None),
        ("no program", program("streamlit", "/nowhere/streamlit"), Some(Cause::Program)),
        ("no execute bit", program("plain", plain.to_str().unwrap()), Some(Cause::Program)),
        ("a folder", program("etc", "/etc"), Some(Cause::Program)),
        ("a script", script("echo $HOME > /nowhere/x\n"), None),
        ("half a script", script("if true; then\n"), Some(Cause::Script)),
        ("the default site", Start::DefaultSite(missing), Some(Cause::NoApp)),
    ];
    for (row, start, cause) in rows {
        let report = prove(&target(&app, start));
        assert_eq!(report.problem.as_ref().map(|problem| problem.cause), cause, "{row}: {report}");
        assert_eq!(report.ok, cause.is_none(), "{row}");
    }
}

#[test]
fn the_report_is_readable_and_machine_readable() {
    let report = load(&[("app.py", "def create_app():\n    raise ValueError('x')\n")], &["app:create_app()"]);
    let text = report.to_string();
    assert!(
        text.ends_with(
            "  problem    calling `create_app()` of `app` raises `ValueError`: x\n             \
             `app.py`, line 2, in create_app: raise ValueError('x')\n"
        ),
        "{text}"
    );
    let json: serde_json::Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["problem"]["cause"], "factory");
    assert_eq!(json["problem"]["lines"][0]["line"], 2);
    assert_eq!(json["gunicorn"]["version"], "23.0.0");
}

/// The call itself, with an image whose Python has gunicorn.
fn call(app: &App, words: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_pystart"))
        .arg("check")
        .args(words)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", python::image().display()))
        .env("PYSTART_APP_ROOT", &app.root)
        .env("GUNICORN_CMD_ARGS", FREE)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_call_proves_the_decision_of_run_and_its_status_is_the_answer() {
    let app = App::new(&[("app.py", FLASK)]);
    let (status, text) = call(&app, &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.starts_with("pystart would start a Flask app"), "{text}");
    assert!(text.ends_with("\n  ok         the app loads, gunicorn can serve it\n"), "{text}");
    assert!(!text.contains("import noise"), "{text}");
    let (status, text) = call(&app, &["--json", "gunicorn", "app:application"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, Some(1));
    assert_eq!(report["step"], "custom");
    assert_eq!(report["proof"]["problem"]["cause"], "name-not-found");
    assert_eq!(report["proof"]["ok"], false);
}

#[test]
fn the_call_looks_at_other_commands_and_at_an_empty_root_too() {
    let app = App::new(&[("start.sh", "if true; then\n"), ("good.sh", "exec sleep 1\n")]);
    let rows: [(&[&str], i32, &str); 5] = [
        (&["good.sh"], 0, "the shell can read the script"),
        (&["start.sh"], 1, "refuses the script"),
        (&["sleep", "1"], 0, "the program is there"),
        (&["--strict", "no-such-program"], 1, "`no-such-program` was not found"),
        (&[], 1, "no app was found in"),
    ];
    for (words, expected, part) in rows {
        let (status, text) = call(&app, words);
        assert_eq!(status, Some(expected), "{words:?}: {text}");
        assert!(text.contains(part), "{words:?}: {text}");
    }
    assert_eq!(call(&app, &["--time-limit", "never"]).0, Some(2));
}
