//! The start-up order, row by row, with real frameworks.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use crate::python::{self, App};
use crate::site::{Site, ended, explain, pystart};
use crate::{FLASK, wsgi};

/// What `django-admin startproject` makes, with one page.
fn django_project() -> App {
    let app = App::new(&[]);
    let status = Command::new(python::environment().join("bin/django-admin"))
        .args(["startproject", "mysite", "."])
        .current_dir(&app.root)
        .status()
        .unwrap();
    assert!(status.success());
    app.write(
        "mysite/urls.py",
        "from django.http import HttpResponse\nfrom django.urls import path\n\n\
         urlpatterns = [path(\"\", lambda request: HttpResponse(\"hello from django\"))]\n",
    );
    app
}

#[test]
fn a_django_project_comes_before_flask() {
    let app = django_project();
    app.write("app.py", FLASK);
    let mut site = Site::start(pystart(&app.root).env("DJANGO_ALLOWED_HOSTS", "*"));
    assert_eq!(site.get("/"), "hello from django");
    let report = explain(&app.root, &[]);
    assert_eq!(report["step"], "django");
    let expected = ["gunicorn", "--bind=0.0.0.0", "--timeout", "600", "mysite.wsgi"];
    assert_eq!(report["argv"], serde_json::json!(expected));
    assert_eq!(report["target"], "mysite.wsgi:application");
}

#[test]
fn application_py_comes_before_app_py() {
    let app = App::new(&[("app.py", FLASK), ("application.py", &FLASK.replace("hello", "application"))]);
    let mut site = Site::start(&mut pystart(&app.root));
    assert_eq!(site.get("/"), "application from flask");
    let argv = &explain(&app.root, &[])["argv"];
    assert_eq!(*argv, serde_json::json!(["gunicorn", "--bind=0.0.0.0", "--timeout", "600", "application:app"]));
}

#[test]
fn app_py_is_flask() {
    let app = App::new(&[("app.py", FLASK)]);
    let mut site = Site::start(&mut pystart(&app.root));
    assert_eq!(site.get("/"), "hello from flask");
    assert!(site.log().contains("pystart: exec gunicorn --bind=0.0.0.0:"), "{}", site.log());
    let report = explain(&app.root, &[]);
    assert_eq!(
        (&report["step"], &report["target"], &report["asgi"]),
        (&"flask".into(), &"app:app".into(), &false.into())
    );
    assert_eq!(report["cwd"], report["app_root"]);
}

#[test]
fn an_empty_folder_gets_the_default_site_and_is_told_why() {
    let app = App::new(&[]);
    let mut site = Site::start(&mut pystart(&app.root));
    assert!(site.get("/").contains("<html"));
    let log = site.log();
    assert!(log.contains("no app was found in `") && log.contains("looked for a folder with `wsgi.py`"), "{log}");
    assert!(log.contains("pystart: hint: "), "{log}");
    let report = explain(&app.root, &[]);
    assert_eq!((&report["step"], &report["target"]), (&"default-site".into(), &serde_json::Value::Null));
    let steps: Vec<_> =
        report["evidence"].as_array().unwrap().iter().map(|fact| fact["step"].as_str().unwrap()).collect();
    assert!(steps.is_sorted_by_key(|step| {
        ["custom", "django", "flask", "declared", "other", "own-server", "default-site"].iter().position(|s| s == step)
    }));
}

#[test]
fn the_default_page_links_to_the_documentation_that_it_is_told_of() {
    let app = App::new(&[]);
    for (address, part) in [
        ("https://example.org/docs?a=1&b", "<a href=\"https://example.org/docs?a=1&amp;b\""),
        ("javascript:alert(1)", "<code>pystart --help</code>"),
        ("", "<code>pystart --help</code>"),
    ] {
        let page = Site::start(pystart(&app.root).env("PYSTART_DOCUMENTATION", address)).get("/");
        assert!(page.contains(part) && !page.contains("javascript:"), "{address}: {page}");
    }
}

#[test]
fn without_the_default_site_no_app_is_status_1_with_the_reasons_and_no_server() {
    let app = App::new(&[("notes.py", "x = 1\n")]);
    for (words, vars) in [
        (&["run", "--no-default-site"][..], &[][..]),
        (&[], &[("PYSTART_DEFAULT_SITE", "off")]),
        // `--strict` is about commands alone, and changes nothing here.
        (&["run", "--no-default-site", "--strict"], &[]),
    ] {
        let got = ended(pystart(&app.root).args(words).envs(vars.iter().copied()));
        assert_eq!(got.status, 1, "{words:?} {vars:?}: {}", got.err);
        let told = ["pystart: error: no app was found in `", "`notes.py`", "pystart: hint: deploy an app there"];
        assert!(told.iter().all(|part| got.err.contains(part)), "{}", got.err);
        assert!(!got.err.contains("Listening at"), "{}", got.err);
    }
    // An app is started all the same.
    let app = App::new(&[("app.py", &wsgi("app", "'here'"))]);
    assert_eq!(Site::start(pystart(&app.root).env("PYSTART_DEFAULT_SITE", "off")).get("/"), "here");
}

#[test]
fn a_missing_root_of_the_platform_gets_the_default_site_and_a_missing_one_of_the_user_an_error() {
    let app = App::new(&[]);
    let missing = app.root.join("not-there");
    let mut command = pystart(&missing);
    let mut site = Site::start(command.env_remove("PYSTART_APP_ROOT").env("HOME_SITE", &missing));
    assert!(site.get("/").contains("<html"));
    let refused = ended(&mut pystart(&missing));
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("not-there") && refused.err.contains("PYSTART_APP_ROOT"), "{}", refused.err);
}

#[test]
fn the_same_tree_gives_the_same_answer() {
    let app = App::new(&[]);
    for folder in ["zeta", "alpha", "Mid", "beta"] {
        app.write(
            &format!("{folder}/wsgi.py"),
            "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n",
        );
    }
    let first = explain(&app.root, &[]);
    assert_eq!(first["target"], "Mid.wsgi:application", "by name, as bytes compare");
    for _ in 0..5 {
        assert_eq!(explain(&app.root, &[]), first);
    }
}

#[test]
fn explain_starts_nothing_and_changes_nothing() {
    let app = App::new(&[("app.py", "raise SystemExit(9)\napp = object()\n")]);
    let before = std::fs::metadata(&app.root).unwrap().modified().unwrap();
    let text = ended(pystart(&app.root).arg("explain"));
    assert_eq!(text.status, 0);
    assert!(!text.out.contains('\x1b'), "no colours into a pipe");
    assert_eq!(std::fs::metadata(&app.root).unwrap().modified().unwrap(), before);
    assert_eq!(std::fs::read_dir(&app.root).unwrap().count(), 1);
}

#[test]
fn wsgi_app_of_the_configuration_file_names_the_app() {
    let app =
        App::new(&[("gunicorn.conf.py", "wsgi_app = 'inner:serve'\n"), ("inner.py", &wsgi("serve", "'configured'"))]);
    let mut site = Site::start(&mut pystart(&app.root));
    assert_eq!(site.get("/"), "configured");
    assert_eq!(explain(&app.root, &[])["target"], "inner:serve");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let app = App::new(&[("app.py", FLASK)]);
    let on_a_terminal = |vars: &[(&str, &str)]| {
        let pty = nix::pty::openpty(None, None).unwrap();
        let mut command = pystart(&app.root);
        let status = command.arg("explain").envs(vars.iter().copied()).stdout(pty.slave).status().unwrap();
        assert!(status.success());
        drop(command);
        let mut text = Vec::new();
        // A terminal whose other side is closed answers with an error at its end.
        let _ = std::fs::File::from(pty.master).read_to_end(&mut text);
        String::from_utf8(text).unwrap().contains('\x1b')
    };
    assert!(on_a_terminal(&[("TERM", "xterm")]));
    assert!(!on_a_terminal(&[("TERM", "xterm"), ("NO_COLOR", "1")]));
    assert!(!on_a_terminal(&[("TERM", "dumb")]));
}

/// A call of pystart that finds the packages of the tests in an environment, worker classes among them.
fn in_environment(root: &Path) -> Command {
    let mut command = pystart(root);
    command.env("VIRTUAL_ENV", python::environment());
    command
}

/// pystart must find the app, and tell gunicorn how to call it: `argv` is the end of its command line.
fn is_served(files: &[(&str, &str)], argv: &str, hello: &str) {
    let app = App::new(files);
    let mut site = Site::start(&mut in_environment(&app.root));
    // uvicorn answers in chunks whatever the client speaks.
    assert!(site.get("/").contains(hello));
    let log = site.log();
    assert!(log.lines().any(|line| line.starts_with("pystart: ") && line.ends_with(argv)), "{log}");
}

#[test]
fn an_aiohttp_app_is_served_whether_an_object_or_a_coroutine_function_makes_it() {
    let page = "from aiohttp import web\n\n\nasync def index(request):\n    \
                return web.Response(text='hello from aiohttp')\n\n\n";
    let object = format!("{page}app = web.Application()\napp.router.add_get('/', index)\n");
    is_served(&[("main.py", &object)], "-k aiohttp.GunicornWebWorker main:app", "hello from aiohttp");
    let function = format!(
        "{page}async def make_app():\n    app = web.Application()\n    app.router.add_get('/', index)\n    return app\n"
    );
    is_served(&[("main.py", &function)], "-k aiohttp.GunicornWebWorker main:make_app", "hello from aiohttp");
}

#[test]
fn a_sanic_app_is_served_as_any_other_asgi_app() {
    let text = "from sanic import Sanic, text\n\napp = Sanic('hello')\n\n\n@app.get('/')\n\
                async def index(request):\n    return text('hello from sanic')\n";
    is_served(&[("server.py", text)], "-k uvicorn_worker.UvicornWorker server:app", "hello from sanic");
}

#[test]
fn an_asgi_py_that_adds_to_django_is_served() {
    let app = django_project();
    app.write("requirements.txt", "django\nuvicorn\n");
    app.write(
        "mysite/asgi.py",
        "import os\n\nfrom django.core.asgi import get_asgi_application\n\n\
         os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.settings\")\ndjango = get_asgi_application()\n\n\n\
         async def application(scope, receive, send):\n    if scope.get(\"path\") != \"/live\":\n        \
         return await django(scope, receive, send)\n    \
         await send({\"type\": \"http.response.start\", \"status\": 200, \"headers\": []})\n    \
         await send({\"type\": \"http.response.body\", \"body\": b\"live\"})\n",
    );
    let mut site = Site::start(&mut in_environment(&app.root));
    assert!(site.get("/live").contains("\nlive"));
    assert_eq!(site.get("/"), "hello from django");
}
