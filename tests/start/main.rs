//! What `pystart run` starts, talked to over HTTP: the start-up order, the environment, the moment of `execve`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::format_collect, reason = "a test that panics has failed")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

mod access_log;
mod commands;
mod declared;
mod environment;
mod near_misses;
mod order;
mod own_servers;
mod server;
mod servers;
mod site;

const FLASK: &str = "\
from flask import Flask

app = Flask(__name__)


@app.route(\"/\")
def index():
    return \"hello from flask\"
";

const AIOHTTP: &str = "\
from aiohttp import web


async def index(request):
    return web.Response(text=\"hello from aiohttp\")


def init_func(argv):
    app = web.Application()
    app.router.add_get(\"/\", index)
    return app
";

/// A WSGI app, `name`, that needs no framework and answers with the result of the expression `body`.
fn wsgi(name: &str, body: &str) -> String {
    format!(
        "import os, sys, json\n\n\ndef {name}(environ, start_response):\n    \
         start_response(\"200 OK\", [(\"Content-Type\", \"text/plain\")])\n    return [str({body}).encode()]\n"
    )
}
