//! Apps that bring their own server, with the real packages.

use crate::python::{self, App};
use crate::site::{Site, pystart};

const AIOHTTP: &str = "\
import os
from aiohttp import web

async def index(request):
    return web.Response(text='hello from aiohttp')

def main():
    app = web.Application()
    app.router.add_get('/', index)
    web.run_app(app, port=int(os.environ['PORT']))

if __name__ == '__main__':
    main()
";

const TORNADO: &str = "\
import os
import tornado.ioloop
import tornado.web

class Index(tornado.web.RequestHandler):
    def get(self):
        self.write('hello from tornado')

def make_app():
    return tornado.web.Application([('/', Index)])

if __name__ == '__main__':
    app = make_app()
    app.listen(int(os.environ['PORT']))
    tornado.ioloop.IOLoop.current().start()
";

const UVICORN: &str = "\
import os
import uvicorn

def build(text):
    async def serve(scope, receive, send):
        if scope['type'] == 'http':
            await send({'type': 'http.response.start', 'status': 200, 'headers': []})
            await send({'type': 'http.response.body', 'body': text})
    return serve

if __name__ == '__main__':
    uvicorn.run(build(b'hello from uvicorn'), host='0.0.0.0', port=int(os.environ['PORT']))
";

const SANIC: &str = "\
from sanic import Sanic, text

app = Sanic('hello')

@app.get('/')
async def index(request):
    return text('hello from sanic')

if __name__ == '__main__':
    app.run(host='0.0.0.0', port=1)
";

const STREAMLIT: &str = "import streamlit as st\nst.title('x')\n";
const GRADIO: &str =
    "import gradio as gr\ndemo = gr.Interface(str, 'text', 'text', title='hello from gradio')\ndemo.launch()\n";
const NICEGUI: &str = "import os\nfrom nicegui import ui\nui.label('hello from nicegui')\n\
                       ui.run(port=int(os.environ['PORT']))\n";
const PANEL: &str = "import panel as pn\npn.extension()\npn.pane.Markdown('x').servable(title='hello from panel')\n";
const CHAINLIT: &str = "import chainlit as cl\n\n\n@cl.on_message\nasync def answer(message):\n    \
                        await cl.Message(content='x').send()\n";

/// Starts each with the packages of a list in an environment that is first on PATH; `page` holds what is asked for and a part
/// of the answer.
fn are_served(list: &str, apps: &[(&str, &str, &str, (&str, &str))]) {
    let environment = python::environment_of(list);
    for (file, text, said, (path, part)) in apps {
        let app = App::new(&[(file, text)]);
        let mut command = pystart(&app.root);
        command.env("PATH", format!("{}:/usr/bin:/bin", environment.join("bin").display()));
        let mut site = Site::start(&mut command);
        let body = site.get(path);
        assert!(body.contains(part), "{file}: {body}");
        site.wait_for_line(said);
    }
}

#[test]
fn scripts_that_serve_themselves_are_run() {
    are_served(
        "servers",
        &[
            (
                "server.py",
                AIOHTTP,
                "app with its own server: server.py: is an aiohttp app; port ",
                ("/", "hello from aiohttp"),
            ),
            (
                "server.py",
                TORNADO,
                "app with its own server: server.py: is a Tornado app; port ",
                ("/", "hello from tornado"),
            ),
            (
                "site.py",
                UVICORN,
                "app with its own server: site.py: is a script that runs uvicorn; port ",
                ("/", "hello from uvicorn"),
            ),
            ("server.py", SANIC, " -m uvicorn --host=0.0.0.0 --port=", ("/", "hello from sanic")),
        ],
    );
}

/// `cargo test --test start -- --ignored frameworks_with_their_own_server`: their packages are 800 MB, too many for every
/// run.
#[test]
#[ignore = "it installs 800 MB of packages"]
fn frameworks_with_their_own_server_are_started_by_their_own_commands() {
    are_served(
        "own-servers",
        &[
            ("streamlit_app.py", STREAMLIT, " streamlit run streamlit_app.py ", ("/", "<title>Streamlit</title>")),
            ("app.py", GRADIO, "app with its own server: app.py: is a Gradio app; port ", ("/", "hello from gradio")),
            (
                "site.py",
                NICEGUI,
                "app with its own server: site.py: is a NiceGUI app; port ",
                ("/", "hello from nicegui"),
            ),
            ("dash.py", PANEL, " panel serve dash.py ", ("/dash", "hello from panel")),
            ("chat.py", CHAINLIT, " chainlit run chat.py ", ("/", "<title>Assistant</title>")),
        ],
    );
}
