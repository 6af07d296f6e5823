//! The commands that are offered for what was nearly an app: each kind is run as it stands.

use std::process::Command;

use crate::python::{self, App};
use crate::site::{Site, ended, path, pystart};
use crate::{FLASK, wsgi};

const FASTAPI: &str = "\
from fastapi import FastAPI

app = FastAPI()


@app.get(\"/\")
def index():
    return \"hello from fastapi\"
";

/// An aiohttp application whose page is written in another file.
const AIOHTTP: &str = "\
from aiohttp import web

from PAGES import index

app = web.Application()
app.router.add_get(\"/\", index)
";

const PAGES: &str = "\
from aiohttp import web


async def index(request):
    return web.Response(text=\"hello from aiohttp\")
";

/// The end of a file that serves its app as soon as it is imported.
const SERVES_ON_IMPORT: &str = "import os\nweb.run_app(app, port=int(os.environ[\"PORT\"]))\n";

/// Two files that bind an app, of which none has a usual name.
fn two(text: &str) -> Vec<(&'static str, String)> {
    vec![("blue.py", text.to_owned()), ("green.py", text.to_owned())]
}

/// Runs the command that is offered for `file`, which must be `expected`, in the app root as a shell would.
fn offered_command_answers(files: &[(&str, String)], file: &str, expected: &str, hello: &str) {
    offered_command_answers_with(&path(), files, file, expected, hello);
}

/// The same with the programs of this `PATH`.
fn offered_command_answers_with(path: &str, files: &[(&str, String)], file: &str, expected: &str, hello: &str) {
    let app = App::new(&files.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>());
    let report = ended(pystart(&app.root).args(["explain", "--json"]).env("PATH", path));
    let report: serde_json::Value = serde_json::from_str(&report.out).unwrap();
    let misses = report["near_misses"].as_array().unwrap();
    let miss = misses.iter().find(|miss| miss["path"] == file);
    let command = miss.and_then(|miss| miss["command"].as_str()).unwrap_or_else(|| panic!("{file}: {report:#}"));
    assert_eq!(command, expected);
    let port = crate::site::free_port();
    // Tests run side by side, so that not all can have the port that gunicorn takes unasked.
    let line = command.replace("--bind=0.0.0.0", &format!("--bind=127.0.0.1:{port}"));
    let line = line.replace("--server.port 8000", &format!("--server.port {port}"));
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &line]).current_dir(&app.root).env_clear().env("PATH", path).env("HOME", &app.root);
    let mut site = Site::start_on(shell.env("PORT", port.to_string()), port);
    assert!(site.get("/").contains(hello), "{command}");
}

#[test]
fn one_of_several_wsgi_apps() {
    let command = "gunicorn --bind=0.0.0.0 --timeout 600 blue:app";
    offered_command_answers(&two(FLASK), "blue.py", command, "hello from flask");
}

#[test]
fn one_of_several_asgi_apps_gets_the_worker_class_that_is_installed() {
    let command = "gunicorn --bind=0.0.0.0 --timeout 600 -k uvicorn_worker.UvicornWorker green:app";
    offered_command_answers(&two(FASTAPI), "green.py", command, "hello from fastapi");
}

#[test]
fn one_of_several_aiohttp_apps_gets_its_own_worker_class() {
    let mut files = two(&AIOHTTP.replace("PAGES", "pages"));
    files.push(("pages.py", PAGES.to_owned()));
    let command = "gunicorn --bind=0.0.0.0 --timeout 600 -k aiohttp.GunicornWebWorker blue:app";
    offered_command_answers(&files, "blue.py", command, "hello from aiohttp");
}

#[test]
fn an_app_that_is_too_deep_gets_the_folder_from_which_it_is_imported() {
    let app = format!("from words import hello\n{}", wsgi("app", "hello"));
    let files = [("a/b/c/d/main.py", app), ("a/b/c/d/words.py", "hello = 'hello from below'\n".to_owned())];
    let command = "gunicorn --bind=0.0.0.0 --timeout 600 --chdir=a/b/c/d main:app";
    offered_command_answers(&files, "a/b/c/d/main.py", command, "hello from below");
}

#[test]
fn a_script_of_a_package_is_run_as_a_module_of_it() {
    let script = format!("{}{SERVES_ON_IMPORT}", AIOHTTP.replace("PAGES", "site_of_ours.pages"));
    let package = [
        ("site_of_ours/__init__.py", String::new()),
        ("site_of_ours/main.py", script),
        ("site_of_ours/pages.py", PAGES.to_owned()),
    ];
    offered_command_answers(&package, "site_of_ours/main.py", "python -m site_of_ours.main", "hello from aiohttp");
    let below = package.map(|(name, text)| (format!("backend/{name}"), text));
    let below: Vec<_> = below.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let command = "cd backend && exec python -m site_of_ours.main";
    offered_command_answers(&below, "backend/site_of_ours/main.py", command, "hello from aiohttp");
}

#[test]
fn a_script_that_imports_its_neighbours_is_run_as_a_file() {
    let script = format!("{}{SERVES_ON_IMPORT}", AIOHTTP.replace("PAGES", "pages"));
    let files = [("backend/main.py", script), ("backend/pages.py", PAGES.to_owned())];
    offered_command_answers(&files, "backend/main.py", "python backend/main.py", "hello from aiohttp");
}

const STREAMLIT: &str = "import streamlit as st\n\nst.write('hello')\n";

/// Names its object, and serves it in its own way when it is run as a script.
const DASH: &str = "\
from dash import Dash, html

app = Dash(__name__)
app.layout = html.P('hello from dash')
server = app.server

if __name__ == '__main__':
    app.run()
";

/// It keeps itself awake by a page of its own; without a token the rest of it ends, and the page stays.
const BOT: &str = "\
import os
from threading import Thread

import discord
from flask import Flask

app = Flask('')


@app.get('/')
def home():
    return 'hello from the bot'


def keep_alive():
    Thread(target=lambda: app.run(host='0.0.0.0', port=int(os.environ['PORT']))).start()


keep_alive()
discord.Client(intents=discord.Intents.default()).run(os.environ.get('TOKEN'))
";

/// `cargo test --test start -- --ignored near_misses`: their packages are 500 MB, too many for every run.
#[test]
#[ignore = "it installs 500 MB of packages"]
fn one_of_several_streamlit_scripts_one_of_several_dash_apps_and_a_bot() {
    let path = format!("{}:/usr/bin:/bin", python::environment_of("near-misses").join("bin").display());
    let streamlit = "streamlit run blue.py --server.port 8000 --server.address 0.0.0.0";
    offered_command_answers_with(&path, &two(STREAMLIT), "blue.py", streamlit, "<title>Streamlit</title>");
    let dash = "gunicorn --bind=0.0.0.0 --timeout 600 green:server";
    offered_command_answers_with(&path, &two(DASH), "green.py", dash, "<title>Dash</title>");
    offered_command_answers_with(&path, &[("bot.py", BOT.to_owned())], "bot.py", "python bot.py", "hello from the bot");
}
