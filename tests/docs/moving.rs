//! What docs/moving.md says that is kept as it was is kept: the variables and files of other images, in a folder.

use std::process::Command;

use serde_json::Value;

use crate::python::{App, environment};

const FLASK: &str = "from flask import Flask\napplication = app = Flask(__name__)\n";
const FASTAPI: &str = "from fastapi import FastAPI\napp = FastAPI()\n";

/// What `explain --json` says with these files and variables.
fn explained(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Value {
    let app = App::new(files);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
    command.args(["explain", "--json"]).env_clear().env("PYSTART_APP_ROOT", &app.root);
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("VIRTUAL_ENV", environment());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The words of the page, files, variables, the last word of the command.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_other_images_read_is_read() {
    let page = std::fs::read_to_string(crate::pages::root().join("docs/moving.md")).unwrap();
    let rows: [Row<'_>; 9] = [
        ("`web: COMMAND`", &[("Procfile", "web: gunicorn shop:app\n"), ("shop.py", FLASK)], &[], "shop:app"),
        (
            "`APP_MODULE=wsgi:application`",
            &[("wsgi.py", FLASK)],
            &[("APP_MODULE", "wsgi:application")],
            "wsgi:application",
        ),
        (
            "`APP_MODULE=wsgi:application`, `APP_CONFIG`",
            &[("wsgi.py", FLASK), ("g.py", "")],
            &[("APP_MODULE", "wsgi:application"), ("APP_CONFIG", "g.py")],
            "wsgi:application",
        ),
        ("`wsgi_app`", &[("gunicorn.conf.py", "wsgi_app = 'shop:app'\n"), ("shop.py", FLASK)], &[], "600"),
        (
            "`PYSTART_COMMAND=wsgi:application`",
            &[("app.py", FLASK), ("wsgi.py", FLASK)],
            &[("PYSTART_COMMAND", "wsgi:application")],
            "wsgi:application",
        ),
        ("`/app/main.py`", &[("main.py", FASTAPI)], &[], "main:app"),
        ("`/app/app/main.py`", &[("app/main.py", FASTAPI), ("app/__init__.py", "")], &[], "app.main:app"),
        (
            "`MODULE_NAME=service.api`",
            &[("service/api.py", FASTAPI), ("service/__init__.py", "")],
            &[("MODULE_NAME", "service.api"), ("VARIABLE_NAME", "app")],
            "service.api:app",
        ),
        ("`PYSTART_COMMAND=app.py`", &[("app.py", FLASK)], &[("PYSTART_COMMAND", "app.py")], "app.py"),
    ];
    for (words, files, variables, expected) in rows {
        assert!(page.contains(words), "the page does not say {words}");
        let report = explained(files, variables);
        let argv: Vec<&str> = report["argv"]
            .as_array()
            .unwrap_or_else(|| panic!("{words}: {report}"))
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect();
        assert!(argv.last().is_some_and(|last| last.ends_with(expected)), "{words}: {argv:?}");
    }
    for command in ["python manage.py migrate", "prestart.sh"] {
        let files = [("app.py", FLASK), ("prestart.sh", "true\n"), ("manage.py", "")];
        let report = explained(&files, &[("PYSTART_BEFORE", command)]);
        assert!(
            page.contains(&format!("PYSTART_BEFORE=\"{command}\""))
                || page.contains(&format!("PYSTART_BEFORE={command}"))
        );
        assert_eq!(report["before"]["from"], "PYSTART_BEFORE", "{report}");
    }
}
