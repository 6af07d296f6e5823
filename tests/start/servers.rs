//! Servers other than gunicorn, each alone in its environment.

use std::fs;
use std::os::unix::fs::symlink;

use crate::FLASK;
use crate::python::{self, App};
use crate::site::{Site, pystart};

const SERVERS: [&str; 5] = ["daphne", "granian", "hypercorn", "uvicorn", "waitress"];

const FASTAPI: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\n\
                       def index():\n    return 'hello from fastapi'\n";
const MAKER: &str = "from fastapi import FastAPI\n\n\ndef create_app():\n    app = FastAPI()\n    \
                     app.add_api_route('/', lambda: 'hello from a factory')\n    return app\n";

/// An app with `antenv`, in which `server` is the only one.
fn app_with(server: &str, files: &[(&str, &str)]) -> App {
    let app = App::new(files);
    let all = python::environment_of("servers");
    let lib = fs::read_dir(all.join("lib")).unwrap().next().unwrap().unwrap();
    let antenv = app.root.join("antenv");
    let packages = antenv.join("lib").join(lib.file_name()).join("site-packages");
    fs::create_dir_all(&packages).unwrap();
    fs::create_dir_all(antenv.join("bin")).unwrap();
    for entry in fs::read_dir(lib.path().join("site-packages")).unwrap().map(Result::unwrap) {
        let is_another = SERVERS.iter().any(|name| *name != server && entry.file_name() == *name);
        if !is_another {
            symlink(entry.path(), packages.join(entry.file_name())).unwrap();
        }
    }
    symlink(python::python().canonicalize().unwrap(), antenv.join("bin/python")).unwrap();
    fs::copy(all.join("pyvenv.cfg"), antenv.join("pyvenv.cfg")).unwrap();
    app
}

#[test]
fn each_server_serves_where_it_is_the_only_one() {
    let (fastapi, maker, flask) = ([("main.py", FASTAPI)], [("main.py", MAKER)], [("app.py", FLASK)]);
    for (server, files, expected) in [
        ("uvicorn", &fastapi, "hello from fastapi"),
        ("uvicorn", &maker, "hello from a factory"),
        ("granian", &fastapi, "hello from fastapi"),
        ("granian", &maker, "hello from a factory"),
        ("granian", &flask, "hello from flask"),
        ("hypercorn", &fastapi, "hello from fastapi"),
        ("hypercorn", &maker, "hello from a factory"),
        ("daphne", &fastapi, "hello from fastapi"),
        ("waitress", &flask, "hello from flask"),
    ] {
        let app = app_with(server, files);
        let mut command = pystart(&app.root);
        let mut site = Site::start(command.env("PATH", format!("{}:/usr/bin:/bin", python::bare_python().display())));
        let body = site.get("/");
        assert!(body.contains(expected), "{server}: {body}");
        assert!(site.log().contains(&format!(" -m {server} ")), "{server}: {}", site.log());
    }
}

#[test]
fn uvicorn_as_a_command_listens_for_everybody_on_the_port() {
    let app = app_with("uvicorn", &[("main.py", FASTAPI)]);
    let mut command = pystart(&app.root);
    command.env("PATH", format!("{}:/usr/bin:/bin", python::bare_python().display()));
    let mut site = Site::start(command.args(["python", "-m", "uvicorn", "main:app"]));
    assert!(site.get("/").contains("hello from fastapi"));
    site.wait_for_line(&format!("Uvicorn running on http://0.0.0.0:{}", site.port));
}
