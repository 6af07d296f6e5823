//! What authors declare, under real servers.

use std::process::Command;

use serde_json::Value;

use crate::python::{self, App};
use crate::site::{Site, ended, pystart};
use crate::{FLASK, wsgi};

const ASGI: &str = "async def app(scope, receive, send):\n    if scope['type'] == 'http':\n        \
                    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n        \
                    await send({'type': 'http.response.body', 'body': b'hello from asgi'})\n";
const FACTORY: &str = "from flask import Flask\n\n\ndef create_app(name='default', size=1):\n    app = Flask(__name__)\n    \
                       app.add_url_rule('/', 'index', lambda: f'{name} {size}')\n    return app\n";
const SERVER: &str = "import http.server\nimport os\nimport sys\n\n\n\
                      class Page(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        \
                      self.send_response(200)\n        self.end_headers()\n        \
                      self.wfile.write(f'{sys.argv[1:]} {os.environ.get(\"A\")}'.encode())\n\n\n\
                      http.server.HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Page).serve_forever()\n";

/// A call that finds the packages of the tests in an environment that is first on PATH, as in most Dockerfiles.
fn on_path(app: &App) -> Command {
    let mut command = pystart(&app.root);
    command.env("PATH", format!("{}:/usr/bin:/bin", python::environment().join("bin").display()));
    command
}

/// Names with their texts, or variables with their values.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// The app must answer so, under a step that is called so.
fn answers(name: &str, files: Pairs, vars: Pairs, step: &str, expected: &str) {
    let app = App::new(files);
    let mut site = Site::start(on_path(&app).envs(vars.iter().copied()));
    // uvicorn answers in chunks whatever the client speaks.
    let body = site.get("/");
    assert!(body.contains(expected), "{name}: {body}\n{}", site.log());
    let report = ended(on_path(&app).envs(vars.iter().copied()).args(["explain", "--json"]));
    let report: Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(report["step"], step, "{name}: {report:#}");
}

#[test]
fn an_environment_that_is_only_first_on_path_has_its_gunicorn_and_worker_class() {
    let fastapi = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\n\
                   def index():\n    import os\n    return os.environ['VIRTUAL_ENV']\n";
    let app = App::new(&[("main.py", fastapi)]);
    let mut site = Site::start(&mut on_path(&app));
    let environment = python::environment().to_str().unwrap();
    assert!(site.get("/").contains(environment));
    assert!(site.log().contains(" -k uvicorn_worker.UvicornWorker main:app"), "{}", site.log());
    let report: Value = serde_json::from_str(&ended(on_path(&app).args(["explain", "--json"])).out).unwrap();
    assert_eq!(report["python"]["environment"], environment);
    assert_eq!(report["python"]["environment_from"], "search-path");
    assert_eq!((&report["gunicorn"]["from"], &report["gunicorn"]["version"]), (&"environment".into(), &"23.0".into()));
    let text = ended(on_path(&app).arg("explain")).out;
    assert!(text.contains(&format!(", environment {environment} by `PATH`\n")), "{text}");
}

#[test]
fn what_a_procfile_says_answers() {
    let page = wsgi("site", "'hello from wsgi'");
    for (line, expected) in [
        ("web: gunicorn main:site", "hello from wsgi"),
        ("\u{feff}# the site\r\nweb: gunicorn main:site\r\nworker: false\r\n", "hello from wsgi"),
        ("web: exec gunicorn main:site --bind 0.0.0.0:${PORT:-8000}", "hello from wsgi"),
        ("web: poetry run gunicorn main:site", "hello from wsgi"),
        ("web: cd inner && pipenv run gunicorn inside:site", "hello from inside"),
        ("web: true;cd inner;gunicorn inside:site", "hello from inside"),
        ("web: uvicorn other:app", "hello from asgi"),
        ("web: uvicorn other:app --host=0.0.0.0 --port=${PORT}", "hello from asgi"),
        ("web: A='b c' python server.py --name 'my site'", "['--name', 'my site'] b c"),
        ("web: sh start.sh", "['--from', 'script'] None"),
    ] {
        let files = [
            ("Procfile", line),
            ("main.py", &page),
            ("inner/inside.py", &page.replace("wsgi'", "inside'")),
            ("other.py", ASGI),
            ("server.py", SERVER),
            ("start.sh", "exec python server.py --from script\r\n"),
        ];
        answers(line, &files, &[], "declared", expected);
    }
}

#[test]
fn what_is_named_in_other_places_answers() {
    let entrypoint = "[tool.fastapi]\nentrypoint = \"shop.web:app\"\n";
    let fastapi = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\n\
                   def index():\n    return 'hello from fastapi'\n";
    let hello = FLASK.replace("app = ", "site = ").replace("@app", "@site");
    let rows: &[(&str, Pairs, Pairs, &str)] = &[
        ("fastapi", &[("pyproject.toml", entrypoint), ("shop/web.py", fastapi)], &[], "hello from fastapi"),
        ("a factory", &[("hello.py", FACTORY)], &[("FLASK_APP", "hello:create_app")], "default 1"),
        ("arguments", &[("hello.py", FACTORY)], &[("FLASK_APP", "hello:create_app('shop', 2)")], "shop 2"),
        (
            ".flaskenv",
            &[("hello.py", &hello), (".flaskenv", "FLASK_APP = \"hello:site\"  # here\n")],
            &[],
            "hello from flask",
        ),
        (
            ".env",
            &[("src/hello.py", FACTORY), (".env", "SECRET=x\r\nexport FLASK_APP='src/hello.py'\r\n")],
            &[],
            "default 1",
        ),
        ("APP_MODULE", &[("hello.py", &hello)], &[("APP_MODULE", "hello:site")], "hello from flask"),
        (
            "wsgi_app",
            &[("config/gunicorn.conf.py", "wsgi_app = 'hello:site'\n"), ("hello.py", &hello)],
            &[],
            "hello from flask",
        ),
    ];
    for (name, files, vars, expected) in rows {
        answers(name, files, vars, "declared", expected);
    }
}

#[test]
fn the_first_line_of_a_declared_start_names_who_declares_it() {
    let app = App::new(&[("Procfile", "web: python server.py\n"), ("server.py", SERVER)]);
    let mut site = Site::start(&mut on_path(&app));
    let line =
        site.wait_for_line("declared start: `web` in `Procfile`: split into words by the rules of the shell; port ");
    assert!(line.starts_with("pystart: "), "{line}");
}
