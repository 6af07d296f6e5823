//! `explain` for each step of the order, and `check` for what it proves and for what it finds.

use crate::compare;
use crate::scene::Scene;

pub(crate) const NAMES: &[&str] = &[
    "explain-custom",
    "explain-shell",
    "explain-django",
    "explain-flask",
    "explain-declared",
    "explain-other",
    "explain-own-server",
    "explain-default-site",
    "explain-cannot-start",
    "explain-json",
    "check-well",
    "check-missing-package",
    "check-raises",
    "check-no-object",
];

const FLASK: &str = "from flask import Flask\n\napp = Flask(__name__)\n";
const MANAGE: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n";
const WSGI: &str = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";

#[test]
fn explain_says_which_step_and_why() {
    let flask = || Scene::with_gunicorn(&[("app.py", FLASK)]);
    compare("explain-custom", flask().call(&["explain", "gunicorn", "--workers", "4", "hello:myapp"], &[]));
    let shell = "python manage.py migrate && gunicorn -w $((2 * $NUM_CORES + 1)) shop.wsgi";
    let with_shell = flask();
    std::os::unix::fs::symlink("/bin/sh", with_shell.bin.root.join("sh")).unwrap();
    compare("explain-shell", with_shell.call(&["explain", "--", shell], &[]));
    let django = [
        ("manage.py", MANAGE),
        ("shop/wsgi.py", WSGI),
        ("shop/settings.py", "WSGI_APPLICATION = 'shop.wsgi.application'\n"),
    ];
    compare("explain-django", Scene::with_gunicorn(&django).call(&["explain"], &[("PORT", "5000")]));
    compare("explain-flask", flask().call(&["explain"], &[]));
    compare("explain-json", flask().call(&["explain", "--json"], &[]));
    let factory = "from flask import Flask\n\ndef create_app():\n    return Flask(__name__)\n";
    let other = [("backend/main.py", factory), ("backend/requirements.txt", "flask\ngunicorn\n")];
    compare("explain-other", Scene::with_gunicorn(&other).call(&["explain"], &[]));
    let declared = [("Procfile", "release: python migrate.py\nweb: python server.py --port $PORT\n")];
    let with_procfile = Scene::with_gunicorn(&declared);
    std::os::unix::fs::symlink("/bin/sh", with_procfile.bin.root.join("sh")).unwrap();
    compare("explain-declared", with_procfile.call(&["explain"], &[]));
    let dashboard = Scene::with_gunicorn(&[("dashboard.py", "import streamlit as st\n\nst.title('Sales')\n")]);
    dashboard.app.write("antenv/lib/python3.11/site-packages/streamlit/__init__.py", "");
    dashboard.program("antenv/bin/streamlit", "#!/usr/bin/env python\n");
    compare("explain-own-server", dashboard.call(&["explain"], &[]));
    let nothing = [("Main.txt", ""), ("bot.py", "import discord\n\nclient = discord.Client()\n")];
    compare("explain-default-site", Scene::with_gunicorn(&nothing).call(&["explain"], &[]));
    compare("explain-cannot-start", Scene::new(&[("app.py", FLASK)]).call(&["explain"], &[]));
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let cases = [
        ("check-well", FLASK.to_owned()),
        ("check-missing-package", format!("import pandas\n{FLASK}")),
        ("check-raises", format!("{FLASK}app.secret_key = __import__('os').environ['SECRET_KEY']\n")),
        ("check-no-object", FLASK.to_owned()),
    ];
    for (name, text) in cases {
        let command: &[&str] = if name == "check-no-object" { &["gunicorn", "app:application"] } else { &[] };
        // Not 8000: somebody may be using that.
        let port = crate::ports::free_port().to_string();
        let scene = Scene::with_packages(&[("app.py", &text), ("requirements.txt", "flask\ngunicorn\n")]);
        compare(name, scene.call(&[&["check"], command].concat(), &[("PORT", &port)]).replace(&port, "8000"));
    }
}
