//! What authors have declared, servers other than gunicorn, and apps with their own: small trees and what follows.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test that panics has failed; a table is long")]

mod conflicts;
mod named;
mod own_server;
mod procfile;
#[path = "../scene/mod.rs"]
mod scene;
mod tools;

use std::path::Path;

use pystart::decide::Decision;
use pystart::files::Memory;
use pystart::settings::Settings;
use scene::{PACKAGES, with_gunicorn};

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";
const FACTORY: &str = "from flask import Flask\ndef create_app(name='x', size=1):\n    return Flask(name)\n";
const NEEDY: &str = "from flask import Flask\ndef create_app(name):\n    return Flask(name)\n";
const FASTAPI: &str = "from fastapi import FastAPI\napp = FastAPI()\n";
const MAKER: &str = "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n";

fn image(packages: &[&str]) -> Memory {
    packages.iter().fold(scene::image(), |image, package| match *package {
        "gunicorn" => with_gunicorn(image, "27, 0"),
        "newrelic-admin" | "poetry" => image.program(format!("/usr/bin/{package}"), "\x7fELF"),
        "chainlit" | "marimo" | "panel" | "shiny" | "solara" | "streamlit" => image
            .program(format!("/usr/bin/{package}"), "\x7fELF")
            .file(format!("{PACKAGES}/{package}/__init__.py"), ""),
        package => image.file(format!("{PACKAGES}/{package}/__main__.py"), ""),
    })
}

fn decided(packages: &[&str], files: &[(&str, &str)], vars: &[(&str, &str)], words: &[&str]) -> Decision {
    let files =
        files.iter().fold(image(packages), |image, (path, text)| image.file(Path::new("/site").join(path), text));
    scene::decided(&files, vars.iter().copied(), words.iter().copied())
}

/// `STEP: words`, the interpreter left out; or `STEP: STATUS message`.
fn told(decision: &Decision) -> String {
    let step = serde_json::to_value(decision.step).unwrap();
    let what = match &decision.outcome {
        Ok(launch) => launch.argv.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "),
        Err(failure) => format!("{} {}", failure.status, failure.message),
    };
    let usual = ["gunicorn --bind=0.0.0.0 --timeout 600 ", "/usr/bin/python3 "];
    let what = usual.iter().fold(what.as_str(), |what, usual| what.strip_prefix(usual).unwrap_or(what));
    format!("{}: {what}", step.as_str().unwrap())
}

type Row<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str);

/// Holds every row against what is decided, and tells of all that differ.
fn check(rows: &[Row]) {
    let differing = rows.iter().filter_map(|(name, packages, files, vars, expected)| {
        let decision = decided(packages, files, vars, &[]);
        let told = told(&decision);
        let reasons: Vec<_> =
            decision.evidence.iter().map(|fact| format!("{}: {}", fact.subject, fact.reason)).collect();
        (told != *expected).then(|| format!("{name}: {told}, not {expected}: {reasons:#?}"))
    });
    let differing: Vec<String> = differing.collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

const G: &[&str] = &["gunicorn"];

#[test]
fn every_tree_leads_to_its_start() {
    let rows: &[Row] = &[
        ("Procfile", G, &[("Procfile", "web: server --x\n")], &[], "declared: server --x"),
        ("Procfile with Windows line ends", G, &[("Procfile", "web: server --x\r\n")], &[], "declared: server --x"),
        ("Procfile for a shell", G, &[("Procfile", "web: server $PORT")], &[], "declared: /bin/sh -c server $PORT sh"),
        ("Procfile with gunicorn", G, &[("Procfile", "web: gunicorn a:b")], &[], "declared: gunicorn a:b"),
        (
            "Procfile before other apps",
            G,
            &[("Procfile", "web: server"), ("main.py", FASTAPI)],
            &[],
            "declared: server",
        ),
        ("Flask before the Procfile", G, &[("Procfile", "web: server"), ("app.py", FLASK)], &[], "flask: app:app"),
        ("no web in the Procfile", G, &[("Procfile", "worker: server"), ("main.py", FLASK)], &[], "other: main:app"),
        ("an unknown program", G, &[("Procfile", "web: none"), ("main.py", FLASK)], &[], "other: main:app"),
        ("an empty line", G, &[("Procfile", "web:"), ("main.py", FLASK)], &[], "other: main:app"),
        (
            "strict",
            G,
            &[("Procfile", "web: none"), ("main.py", FLASK)],
            &[("PYSTART_STRICT", "1")],
            "declared: 127 `none` was not found, neither in `/site` nor on PATH",
        ),
        (
            "another process comes before all",
            G,
            &[("Procfile", "web: x\nworker: server w"), ("app.py", FLASK)],
            &[("PYSTART_PROCESS", "worker")],
            "declared: server w",
        ),
        (
            "web asked for",
            G,
            &[("Procfile", "web: server"), ("app.py", FLASK)],
            &[("PYSTART_PROCESS", "web")],
            "flask: app:app",
        ),
        (
            "another process that is not there",
            G,
            &[("Procfile", "web: server"), ("app.py", FLASK)],
            &[("PYSTART_PROCESS", "clock")],
            "declared: 2 the process `clock` is asked for, and `Procfile` has none of that name",
        ),
        (
            "FastAPI's entry point",
            &["gunicorn", "uvicorn"],
            &[
                ("pyproject.toml", "[tool.fastapi]\nentrypoint = 'shop.web:api'\n"),
                ("shop/web.py", "from fastapi import FastAPI\napi = FastAPI()\n"),
                ("main.py", FLASK),
            ],
            &[],
            "declared: -k asgi shop.web:api",
        ),
        (
            "an entry point that is not there",
            G,
            &[("pyproject.toml", "[tool.fastapi]\nentrypoint = 'gone:api'\n"), ("main.py", FLASK)],
            &[],
            "other: main:app",
        ),
        ("FLASK_APP", G, &[("hello.py", FLASK), ("main.py", FLASK)], &[("FLASK_APP", "hello")], "declared: hello:app"),
        (
            "FLASK_APP as a file",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK)],
            &[("FLASK_APP", "hello.py")],
            "declared: hello:app",
        ),
        (
            "FLASK_APP as a path",
            G,
            &[("src/hello.py", FLASK), ("main.py", FLASK)],
            &[("FLASK_APP", "./src/hello.py")],
            "declared: --chdir=src hello:app",
        ),
        (
            "FLASK_APP as a package",
            G,
            &[("shop/__init__.py", FACTORY), ("main.py", FLASK)],
            &[("FLASK_APP", "shop")],
            "declared: shop:create_app()",
        ),
        (
            "FLASK_APP in a package",
            G,
            &[("shop/__init__.py", ""), ("shop/web.py", FLASK), ("main.py", FLASK)],
            &[("FLASK_APP", "shop/web.py")],
            "declared: shop.web:app",
        ),
        (
            "FLASK_APP with a factory",
            G,
            &[("hello.py", FACTORY)],
            &[("FLASK_APP", "hello:create_app")],
            "declared: hello:create_app()",
        ),
        (
            "FLASK_APP with arguments",
            G,
            &[("hello.py", NEEDY)],
            &[("FLASK_APP", "hello:create_app('x')")],
            "declared: hello:create_app('x')",
        ),
        (
            "FLASK_APP without a wanted argument",
            G,
            &[("hello.py", NEEDY), ("main.py", FLASK)],
            &[("FLASK_APP", "hello:create_app")],
            "other: main:app",
        ),
        (
            "FLASK_APP with a name as argument",
            G,
            &[("hello.py", NEEDY), ("main.py", FLASK)],
            &[("FLASK_APP", "hello:create_app(x)")],
            "other: main:app",
        ),
        (
            "FLASK_APP with an unbound name",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK)],
            &[("FLASK_APP", "hello:site")],
            "other: main:app",
        ),
        ("FLASK_APP outside", G, &[("main.py", FLASK)], &[("FLASK_APP", "../hello.py")], "other: main:app"),
        (
            "FLASK_APP in .flaskenv",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK), (".flaskenv", "FLASK_APP=hello\n")],
            &[],
            "declared: hello:app",
        ),
        (
            "FLASK_APP in .env before .flaskenv",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK), (".env", "FLASK_APP=hello"), (".flaskenv", "FLASK_APP=main")],
            &[],
            "declared: hello:app",
        ),
        (
            "FLASK_APP of the environment before .env",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK), (".env", "FLASK_APP=hello")],
            &[("FLASK_APP", "main")],
            "declared: main:app",
        ),
        (
            "APP_MODULE",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK)],
            &[("APP_MODULE", "hello:app")],
            "declared: hello:app",
        ),
        (
            "MODULE_NAME",
            G,
            &[("hello.py", FLASK), ("main.py", FLASK)],
            &[("MODULE_NAME", "hello")],
            "declared: hello:app",
        ),
        (
            "MODULE_NAME and VARIABLE_NAME",
            G,
            &[("hello.py", "from flask import Flask\nsite = Flask('x')\n"), ("main.py", FLASK)],
            &[("MODULE_NAME", "hello"), ("VARIABLE_NAME", "site")],
            "declared: hello:site",
        ),
        ("VARIABLE_NAME alone", G, &[("main.py", FLASK)], &[("VARIABLE_NAME", "app")], "declared: main:app"),
        (
            "APP_CONFIG",
            G,
            &[("hello.py", FLASK), ("g.py", "workers = 2\n")],
            &[("APP_MODULE", "hello:app"), ("APP_CONFIG", "g.py")],
            "declared: --config=g.py hello:app",
        ),
        (
            "APP_CONFIG that is not there",
            G,
            &[("main.py", FLASK)],
            &[("APP_MODULE", "main:app"), ("APP_CONFIG", "g.py")],
            "other: main:app",
        ),
        (
            "wsgi_app",
            G,
            &[("gunicorn.conf.py", "wsgi_app = 'hello:app'"), ("hello.py", FLASK), ("main.py", FLASK)],
            &[],
            "declared: gunicorn --bind=0.0.0.0 --timeout 600",
        ),
        (
            "wsgi_app in config",
            G,
            &[("config/gunicorn.conf.py", "wsgi_app = 'hello:app'"), ("hello.py", FLASK), ("main.py", FLASK)],
            &[],
            "declared: --config=config/gunicorn.conf.py",
        ),
        (
            "uvicorn without gunicorn",
            &["uvicorn"],
            &[("main.py", FASTAPI)],
            &[],
            "other: -m uvicorn --host=0.0.0.0 --port=8000 main:app",
        ),
        (
            "the port",
            &["uvicorn"],
            &[("main.py", FASTAPI)],
            &[("PORT", "81")],
            "other: -m uvicorn --host=0.0.0.0 --port=81 main:app",
        ),
        (
            "a factory for uvicorn",
            &["uvicorn"],
            &[("main.py", MAKER)],
            &[],
            "other: -m uvicorn --host=0.0.0.0 --port=8000 --factory main:create_app",
        ),
        (
            "granian",
            &["granian"],
            &[("main.py", FASTAPI)],
            &[("WEB_CONCURRENCY", "3")],
            "other: -m granian --interface asgi --host=0.0.0.0 --port=8000 --workers=3 main:app",
        ),
        (
            "granian for WSGI",
            &["granian"],
            &[("app.py", FLASK)],
            &[],
            "flask: -m granian --interface wsgi --host=0.0.0.0 --port=8000 app:app",
        ),
        ("hypercorn", &["hypercorn"], &[("main.py", FASTAPI)], &[], "other: -m hypercorn --bind=0.0.0.0:8000 main:app"),
        ("daphne", &["daphne"], &[("main.py", FASTAPI)], &[], "other: -m daphne --bind=0.0.0.0 --port=8000 main:app"),
        ("waitress", &["waitress"], &[("app.py", FLASK)], &[], "flask: -m waitress --host=0.0.0.0 --port=8000 app:app"),
        (
            "waitress before granian",
            &["granian", "waitress"],
            &[("app.py", FLASK)],
            &[],
            "flask: -m waitress --host=0.0.0.0 --port=8000 app:app",
        ),
        (
            "daphne passed over",
            &["daphne", "hypercorn"],
            &[("main.py", MAKER)],
            &[],
            "other: -m hypercorn --bind=0.0.0.0:8000 main:create_app()",
        ),
        ("gunicorn first", &["gunicorn", "waitress"], &[("app.py", FLASK)], &[], "flask: app:app"),
        (
            "Streamlit",
            &["gunicorn", "streamlit"],
            &[("dash.py", "import streamlit as st\nst.title('x')\n")],
            &[],
            "own-server: streamlit run dash.py --server.port 8000 --server.address 0.0.0.0",
        ),
        (
            "Streamlit on a port",
            &["gunicorn", "streamlit"],
            &[("dash.py", "import streamlit as st\n")],
            &[("PORT", "81")],
            "own-server: streamlit run dash.py --server.port 81 --server.address 0.0.0.0",
        ),
        (
            "of two the usual name",
            &["gunicorn", "streamlit"],
            &[("a.py", "import streamlit\n"), ("streamlit_app.py", "import streamlit\n")],
            &[],
            "own-server: streamlit run streamlit_app.py --server.port 8000 --server.address 0.0.0.0",
        ),
        (
            "of two none",
            &["gunicorn", "streamlit"],
            &[("a.py", "import streamlit\n"), ("b.py", "import streamlit\n")],
            &[],
            "default-site: --chdir=/opt/defaultsite application:app",
        ),
        (
            "not installed",
            G,
            &[("dash.py", "import streamlit\n")],
            &[],
            "default-site: --chdir=/opt/defaultsite application:app",
        ),
        (
            "a Gradio script",
            &["gunicorn", "gradio"],
            &[(
                "server.py",
                "import gradio as gr\ndemo = gr.Interface(print)\nif __name__ == '__main__':\n    demo.launch()\n",
            )],
            &[],
            "own-server: /site/server.py",
        ),
        (
            "a bot is none",
            &["gunicorn", "discord"],
            &[("bot.py", "import discord\nclient = discord.Client()\nclient.run('x')\n")],
            &[],
            "default-site: --chdir=/opt/defaultsite application:app",
        ),
        (
            "an app before one with its own server",
            &["gunicorn", "streamlit"],
            &[("dash.py", "import streamlit\n"), ("main.py", FLASK)],
            &[],
            "other: main:app",
        ),
    ];
    check(rows);
}

#[test]
fn a_declaration_that_names_another_app_than_the_documented_one_is_one_warning() {
    let warned = |files: &[(&str, &str)], vars: &[(&str, &str)]| {
        let mut files = files.to_vec();
        files.push(("app.py", FLASK));
        let notices = decided(G, &files, vars, &[]).notices;
        notices.iter().filter(|notice| notice.message.contains("is served, as documented")).count()
    };
    assert_eq!(warned(&[("Procfile", "web: gunicorn other:app")], &[]), 1);
    assert_eq!(warned(&[("Procfile", "web: uvicorn main:app --port $PORT")], &[]), 1);
    assert_eq!(warned(&[("hello.py", FLASK)], &[("FLASK_APP", "hello")]), 1);
    assert_eq!(warned(&[("Procfile", "web: gunicorn app:app")], &[]), 0);
    assert_eq!(warned(&[("Procfile", "web: python run.py")], &[]), 0);
    assert_eq!(warned(&[], &[("FLASK_APP", "app.py")]), 0);
}

#[test]
fn no_server_at_all_is_an_error_that_names_what_to_add() {
    let asgi = decided(&[], &[("main.py", FASTAPI)], &[], &[]).outcome.unwrap_err();
    assert!(asgi.hint.unwrap().contains("add `uvicorn`"), "{}", asgi.message);
    let factory = decided(&["daphne"], &[("main.py", MAKER)], &[], &[]).outcome.unwrap_err();
    assert!(factory.message.contains("`daphne` is there and cannot call `create_app()`"), "{}", factory.message);
    let wsgi = decided(&["uvicorn"], &[("app.py", FLASK)], &[], &[]).outcome.unwrap_err();
    assert!(wsgi.hint.unwrap().contains("add `gunicorn`"), "{}", wsgi.message);
}

#[test]
fn a_command_that_listens_where_the_site_is_not_expected_is_told_before_it_starts() {
    let said = |words: &[&str], vars: &[(&str, &str)]| {
        let decision = decided(&["gunicorn", "uvicorn"], &[], vars, words);
        let notices = decision.notices.iter().map(|notice| notice.message.clone());
        let noted = decision.evidence.iter().map(|fact| fact.reason.clone());
        notices.chain(noted).find(|message| message.contains("told to listen"))
    };
    let port = [("PORT", "9000")];
    assert!(
        said(&["python3", "-m", "uvicorn", "main:app", "--host", "127.0.0.1"], &[]).unwrap().contains("`127.0.0.1`")
    );
    assert!(
        said(&["python3 -m uvicorn main:app --port 5000"], &port)
            .unwrap()
            .contains("port 5000; the site is expected on port 9000")
    );
    assert!(said(&["python3 -m uvicorn main:app --port 5000"], &[]).unwrap().contains("unless `PORT` says so"));
    assert_eq!(said(&["python3 -m uvicorn main:app --port 9000"], &port), None);
    assert_eq!(said(&["python3 -m uvicorn main:app --port $PORT"], &port), None);
}

#[test]
fn a_limit_that_is_left_to_a_configuration_is_told() {
    for (row, configuration, is_told) in [
        ("a module from elsewhere", "from company_defaults import *\n", true),
        ("its own limit too", "from company_defaults import *\ntimeout = 60\n", false),
        ("nothing of that kind", "workers = 2\n", false),
    ] {
        let decision = decided(G, &[("app.py", FLASK), ("gunicorn.conf.py", configuration)], &[], &[]);
        let is_said = decision.evidence.iter().any(|fact| fact.reason.contains("`--timeout 600` is left out"));
        assert_eq!(is_said, is_told, "{row}");
    }
}

#[test]
fn the_port_before_a_decision_is_unknown_where_a_configuration_may_set_it() {
    for (configuration, expected) in
        [("workers = 2\n", Some(81)), ("bind = 'x'\n", None), ("from company_defaults import *\n", None)]
    {
        let files = image(G).file("/site/gunicorn.conf.py", configuration);
        let environ = [("PATH", "/usr/bin"), ("HOME_SITE", "/site"), ("PORT", "81")].into_iter().collect();
        let settings = Settings::new(pystart::settings::Flags::default(), &environ, Path::new("/")).unwrap();
        assert_eq!(pystart::decide::expected_port(&settings, &files), expected, "{configuration}");
    }
}
