//! Thousands of trees that nobody thought of: wherever the documented order starts an app that works, so do we.
//!
//! The other side is the documented order by itself, in a straight line and by names alone: a custom command, a folder with
//! `wsgi.py`, `application.py`, `app.py`. Whether what it starts works is known, since the files were made here.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod numbers;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use numbers::Numbers;
use pystart::decide::{Decision, decide};
use pystart::environ::Environ;
use pystart::files::Memory;
use pystart::model::Step;
use pystart::settings::{Flags, Settings};

/// How many trees are made.
const TREES: usize = 4000;

/// What a Python file holds, and which names of it can be served.
struct Content {
    text: &'static str,
    /// Works as `application.py` or `app.py`: binds `app`.
    has_app: bool,
    /// Works as Django's `wsgi.py`: binds `application`.
    has_application: bool,
}

const fn content(text: &'static str, has_app: bool, has_application: bool) -> Content {
    Content { text, has_app, has_application }
}

const CONTENTS: [Content; 24] = [
    content("from flask import Flask\napp = Flask(__name__)\n", true, false),
    content("import flask\napp = flask.Flask('x')\n@app.route('/')\ndef index(): return ''\n", true, false),
    content("from flask import Flask\napplication = app = Flask(__name__)\n", true, true),
    content("from flask import Flask\napplication = Flask(__name__)\n", false, true),
    content("from flask import Flask\ntry:\n    app = Flask('a')\nexcept ImportError:\n    app = None\n", true, false),
    content(
        "from flask import Flask\ndef create_app():\n    return Flask(__name__)\napp = create_app()\n",
        true,
        false,
    ),
    content("from flask import Flask\ndef create_app():\n    return Flask(__name__)\n", false, false),
    content("from flask import Flask\nserver = Flask(__name__)\n", false, false),
    content("from dash import Dash\napp = Dash(__name__)\nserver = app.server\n", false, false),
    content("from bottle import Bottle\napp = Bottle()\n", true, false),
    content("import falcon\napp = application = falcon.App()\n", true, true),
    content("def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n", true, false),
    content(
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return []\n",
        false,
        true,
    ),
    content("class A:\n    def __call__(self, environ, start_response): return []\napp = A()\n", true, false),
    content("from somewhere import thing\napp = thing.build()\n", true, false),
    content(
        "import os\nfrom django.core.wsgi import get_wsgi_application\n\
         os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napplication = get_wsgi_application()\n",
        false,
        true,
    ),
    content("from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n", false, true),
    content("app = Flask(\n", false, false),
    content("", false, false),
    content("# nothing yet\n", false, false),
    content("import tkinter\napp = tkinter.Tk()\napp.mainloop()\n", false, false),
    content("class App:\n    name = 'model'\n", false, false),
    content("print 'Python 2'\nfrom flask import Flask\napp = Flask(__name__)\n", false, false),
    content("app = 5\n", false, false),
];

/// Files that no step of the documented order looks at: none of them takes the place of one that it does look at.
const OTHERS: [(&str, &str); 14] = [
    ("main.py", "from flask import Flask\napp = Flask(__name__)\n"),
    ("server.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
    ("asgi.py", "from starlette.applications import Starlette\napp = Starlette()\n"),
    ("run.py", "from app import app\nif __name__ == '__main__':\n    app.run()\n"),
    ("Procfile", "web: gunicorn other:thing\n"),
    ("pyproject.toml", "[tool.fastapi]\nentrypoint = 'server:app'\n"),
    (".flaskenv", "FLASK_APP=main:app\n"),
    ("requirements.txt", "flask\ngunicorn\n"),
    ("src/shop/wsgi.py", "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"),
    ("tests/app.py", "from flask import Flask\napp = Flask(__name__)\n"),
    (".hidden/wsgi.py", "application = 1\n"),
    ("antenv/wsgi.py", "application = 1\n"),
    ("node_modules/wsgi.py", "application = 1\n"),
    ("streamlit_app.py", "import streamlit as st\nst.title('x')\n"),
];

/// Folders in which `wsgi.py` is looked for, in the order in which one is taken.
const FOLDERS: [&str; 4] = ["a", "backend", "shop", "web"];

/// Custom commands, and whether they can be processed in a tree where `server` and `gunicorn` are programs.
const COMMANDS: [(&str, bool); 12] = [
    ("server --flag", true),
    ("gunicorn x:y", true),
    ("x:y --workers 2", true),
    ("server && server", true),
    ("PORT=1 server", true),
    ("startup.sh", true),
    ("nonesuch --flag", false),
    ("missing.sh", false),
    ("server 'a", false),
    ("# nothing", false),
    ("", false),
    ("   ", false),
];

impl Numbers {
    /// True once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn content(&mut self) -> &'static Content {
        &CONTENTS[self.below(CONTENTS.len())]
    }
}

/// A tree, and a command.
struct Tree {
    /// The files that the documented order looks at.
    looked_at: BTreeMap<String, &'static Content>,
    others: Vec<&'static (&'static str, &'static str)>,
    command: &'static (&'static str, bool),
}

impl Tree {
    fn new(numbers: &mut Numbers) -> Self {
        let mut looked_at = BTreeMap::new();
        for file in ["application.py", "app.py"] {
            if numbers.once_in(2) {
                looked_at.insert(file.to_owned(), numbers.content());
            }
        }
        for folder in FOLDERS {
            if numbers.once_in(8) {
                looked_at.insert(format!("{folder}/wsgi.py"), numbers.content());
            }
        }
        let others = OTHERS.iter().filter(|_| numbers.once_in(5)).collect();
        let command = if numbers.once_in(4) { &COMMANDS[numbers.below(COMMANDS.len())] } else { &("", false) };
        Self { looked_at, others, command }
    }

    fn files(&self) -> Memory {
        let image = Memory::default()
            .program("/usr/bin/python3.12", "\x7fELF")
            .program("/usr/bin/python3", "\x7fELF")
            .dead_link("/usr/bin/python3", "python3.12")
            .program("/usr/bin/gunicorn", "#!/usr/bin/python3\n")
            .file("/usr/lib/python3.12/site-packages/gunicorn/__init__.py", "version_info = (25, 1, 0)\n")
            .file("/usr/lib/python3.12/site-packages/uvicorn_worker/__init__.py", "")
            .program("/bin/sh", "\x7fELF")
            .program("/usr/bin/server", "\x7fELF")
            .file("/opt/defaultsite/application.py", "")
            .file("/site/startup.sh", "#!/bin/sh\nexec server\n")
            .file("/site/shop/settings.py", "ROOT_URLCONF = 'shop.urls'\n");
        let own = self.looked_at.iter().map(|(path, content)| (path.as_str(), content.text));
        let others = self.others.iter().map(|(path, text)| (*path, *text));
        own.chain(others).fold(image, |files, (path, text)| files.file(Path::new("/site").join(path), text))
    }

    fn decision(&self) -> Decision {
        let environ: Environ = [("HOME_SITE", "/site"), ("PATH", "/usr/bin:/bin"), ("PYSTART_COMMAND", self.command.0)]
            .into_iter()
            .map(|(name, value)| (OsStr::new(name), OsStr::new(value)))
            .collect();
        let settings = Settings::new(Flags::default(), &environ, Path::new("/")).unwrap();
        decide(&settings, &self.files())
    }

    /// What the documented order starts, if that works: the step, and the module with the object that is in it.
    fn documented(&self) -> Option<(Step, String)> {
        if self.command.1 {
            return Some((Step::Custom, String::new()));
        }
        // Of several a Django project, then by name.
        let found =
            FOLDERS.iter().filter_map(|folder| Some((folder, self.looked_at.get(&format!("{folder}/wsgi.py"))?)));
        if let Some((folder, content)) = found.min_by_key(|(_, content)| !content.text.contains("get_wsgi_application"))
        {
            return content.has_application.then(|| (Step::Django, format!("{folder}.wsgi")));
        }
        for module in ["application", "app"] {
            if let Some(content) = self.looked_at.get(&format!("{module}.py")) {
                return content.has_app.then(|| (Step::Flask, format!("{module}:app")));
            }
        }
        None
    }

    fn described(&self) -> String {
        let own: Vec<_> = self.looked_at.iter().map(|(path, content)| format!("{path}: {:?}", content.text)).collect();
        let others: Vec<_> = self.others.iter().map(|(path, _)| *path).collect();
        format!("command {:?}\n{}\nand {others:?}", self.command.0, own.join("\n"))
    }
}

#[test]
fn what_the_documented_order_starts_is_started() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let mut working = BTreeMap::new();
    for number in 0..TREES {
        let tree = Tree::new(&mut numbers);
        let decision = tree.decision();
        let Some((step, target)) = tree.documented() else { continue };
        *working.entry(step).or_insert(0) += 1;
        let argv: Vec<String> = decision.outcome.as_ref().map_or_else(
            |failure| vec![failure.message.clone()],
            |launch| launch.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        );
        assert_eq!(decision.step, step, "tree {number}: {argv:?}\n{}", tree.described());
        if step != Step::Custom {
            let found = argv.last().unwrap();
            let is_it = *found == target || *found == format!("{target}:application");
            assert!(is_it, "tree {number}: {argv:?}, and not {target}\n{}", tree.described());
            assert_eq!(argv[1..4], ["--bind=0.0.0.0", "--timeout", "600"], "tree {number}");
        }
    }
    // Each step had its say.
    for step in [Step::Custom, Step::Django, Step::Flask] {
        assert!(working.get(&step).is_some_and(|count| *count > TREES / 20), "{working:?}");
    }
}

#[test]
fn the_same_tree_gives_the_same_answer() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..200 {
        let tree = Tree::new(&mut numbers);
        assert_eq!(format!("{:?}", tree.decision()), format!("{:?}", tree.decision()), "{}", tree.described());
    }
}
