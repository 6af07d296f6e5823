//! What the frameworks' own names mean. A new framework is one line in [`FRAMEWORKS`].

use crate::model::Interface::{self, Asgi, Wsgi};
use crate::python::requirements::Release;

/// One line of the table: calling one of `makers` of `package` gives something.
pub(super) struct Framework {
    /// The package that is imported, dotted where it takes a part of it to tell.
    pub package: &'static str,
    /// Functions and classes of it, by their last name; empty: any name of the package.
    pub makers: &'static [&'static str],
    /// How people call it, as the start of a sentence.
    pub name: &'static str,
    /// What a call gives.
    pub gives: Gives,
}

/// What calling a maker gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// A web app.
    App(Interface),
    /// A web app around the one that is handed in.
    Around(Interface),
    /// A web app of one interface before a release of the package, and of another from it on.
    Changed(Interface, Release, Interface),
    /// Something whose attribute of this name is the web app; itself one only from a release on, if ever.
    Holder(&'static str, Interface, Option<Release>),
    /// Something that runs in a server of its own, or in none; `{file}` stands for the file that is started, and an
    /// empty command for "there is no server in it".
    Own(&'static str),
}
use Gives::{App, Around, Changed, Holder, Own};

const PYTHON: &str = "python {file}";

const fn line(package: &'static str, makers: &'static [&'static str], name: &'static str, gives: Gives) -> Framework {
    Framework { package, makers, name, gives }
}

/// Every framework that is known, the more specific line of a package before the general one.
#[rustfmt::skip]
pub(super) const FRAMEWORKS: &[Framework] = &[
    // WSGI
    line("django", &["get_wsgi_application", "WSGIHandler", "StaticFilesHandler"], "Django", App(Wsgi)),
    line("configurations", &["get_wsgi_application"], "Django", App(Wsgi)),
    line("flask", &["Flask"], "Flask", App(Wsgi)),
    line("flask_api", &["FlaskAPI"], "Flask", App(Wsgi)),
    line("flask.ext.api", &["FlaskAPI"], "Flask", App(Wsgi)),
    line("flask_openapi3", &["OpenAPI"], "Flask", App(Wsgi)),
    line("apiflask", &["APIFlask"], "APIFlask", App(Wsgi)),
    line("eve", &["Eve"], "Eve", App(Wsgi)),
    line("falcon", &["App", "API"], "Falcon", App(Wsgi)),
    line("falcon.asgi", &["App"], "Falcon", App(Asgi)),
    line("hug", &["__hug_wsgi__"], "hug", App(Wsgi)),
    line("bottle", &["Bottle", "default_app", "app"], "Bottle", App(Wsgi)),
    line("pyramid", &["make_wsgi_app"], "Pyramid", App(Wsgi)),
    line("paste", &["loadapp"], "Paste", App(Wsgi)),
    line("plaster", &["get_wsgi_app"], "Pyramid", App(Wsgi)),
    line("web", &["wsgifunc"], "web.py", App(Wsgi)),
    line("cherrypy", &["mount", "Application"], "CherryPy", App(Wsgi)),
    line("webapp2", &["WSGIApplication"], "webapp2", App(Wsgi)),
    line("spyne", &["WsgiApplication"], "Spyne", App(Wsgi)),
    line("molten", &["App"], "Molten", App(Wsgi)),
    line("morepath", &["App"], "Morepath", App(Wsgi)),
    line("pecan", &["make_app", "load_app"], "Pecan", App(Wsgi)),
    line("superset", &["create_app"], "Superset", App(Wsgi)),
    line("prometheus_client", &["make_wsgi_app"], "WSGI", App(Wsgi)),
    line("prometheus_client", &["make_asgi_app"], "ASGI", App(Asgi)),
    // ASGI
    line("django", &["get_asgi_application", "ASGIHandler", "get_default_application"], "Django", App(Asgi)),
    line("channels", &["ProtocolTypeRouter", "get_default_application"], "Django", App(Asgi)),
    line("fastapi", &["FastAPI"], "FastAPI", App(Asgi)),
    line("starlette", &["Starlette"], "Starlette", App(Asgi)),
    line("quart", &["Quart"], "Quart", App(Asgi)),
    line("quart_trio", &["QuartTrio"], "Quart", App(Asgi)),
    line("litestar", &["Litestar"], "Litestar", App(Asgi)),
    line("starlite", &["Starlite"], "Starlite", App(Asgi)),
    line("blacksheep", &["Application"], "BlackSheep", App(Asgi)),
    line("responder", &["API"], "Responder", App(Asgi)),
    line("fasthtml", &["FastHTML", "fast_app"], "FastHTML", App(Asgi)),
    line("emmett", &["App"], "Emmett", App(Asgi)),
    line("esmerald", &["Esmerald", "Gateway"], "Esmerald", App(Asgi)),
    line("lilya", &["Lilya"], "Lilya", App(Asgi)),
    line("ninja_extra", &["get_asgi_application"], "Django", App(Asgi)),
    line("shiny", &["App"], "Shiny", App(Asgi)),
    line("ariadne.wsgi", &["GraphQL"], "Ariadne", App(Wsgi)),
    line("ariadne", &["GraphQL"], "Ariadne", App(Asgi)),
    line("strawberry", &["GraphQL"], "Strawberry", App(Asgi)),
    line("fastmcp", &["http_app", "streamable_http_app", "sse_app"], "FastMCP", App(Asgi)),
    line("mcp", &["streamable_http_app", "sse_app"], "MCP", App(Asgi)),
    // Changed with a release
    line("connexion", &["AsyncApp"], "Connexion", App(Asgi)),
    line("connexion", &["App", "FlaskApp"], "Connexion", Changed(Wsgi, (3, 0), Asgi)),
    // Around another app
    line("socketio", &["ASGIApp"], "Socket.IO", Around(Asgi)),
    line("socketio", &["WSGIApp", "Middleware"], "Socket.IO", Around(Wsgi)),
    line("engineio", &["ASGIApp"], "Engine.IO", Around(Asgi)),
    line("engineio", &["WSGIApp", "Middleware"], "Engine.IO", Around(Wsgi)),
    line("werkzeug", &["DispatcherMiddleware", "ProxyFix", "SharedDataMiddleware", "DebuggedApplication", "ProfilerMiddleware"], "WSGI", Around(Wsgi)),
    line("dj_static", &["Cling", "MediaCling"], "Django", Around(Wsgi)),
    line("whitenoise", &["WhiteNoise", "DjangoWhiteNoise"], "WSGI", Around(Wsgi)),
    line("asgiref", &["WsgiToAsgi"], "ASGI", Around(Asgi)),
    line("a2wsgi", &["ASGIMiddleware"], "WSGI", Around(Wsgi)),
    line("a2wsgi", &["WSGIMiddleware"], "ASGI", Around(Asgi)),
    line("gradio", &["mount_gradio_app"], "FastAPI", Around(Asgi)),
    line("wsgiref", &["validator"], "WSGI", Around(Wsgi)),
    // The app is an attribute
    line("dash", &["Dash"], "Dash", Holder("server", Wsgi, Some((3, 1)))),
    line("jupyter_dash", &["JupyterDash"], "Dash", Holder("server", Wsgi, None)),
    line("dash_extensions", &["Dash", "DashProxy"], "Dash", Holder("server", Wsgi, None)),
    line("django_plotly_dash", &["DjangoDash"], "Dash", Own("")),
    // A server of its own
    line("streamlit", &[], "Streamlit", Own("streamlit run {file} --server.port 8000 --server.address 0.0.0.0")),
    line("chainlit", &[], "Chainlit", Own("chainlit run {file} --host 0.0.0.0 --port 8000")),
    line("marimo", &[], "marimo", Own("marimo run {file} --host 0.0.0.0 --port 8000")),
    line("mesop", &[], "Mesop", Own("mesop {file} --port 8000")),
    line("panel", &[], "Panel", Own("panel serve {file} --address 0.0.0.0 --port 8000")),
    line("solara", &[], "Solara", Own("solara run {file} --host 0.0.0.0 --port 8000")),
    line("reflex", &[], "Reflex", Own("reflex run --env prod")),
    line("shiny", &[], "Shiny", Own("shiny run {file} --host 0.0.0.0 --port 8000")),
    line("gradio", &[], "Gradio", Own(PYTHON)),
    line("nicegui", &[], "NiceGUI", Own(PYTHON)),
    line("taipy", &[], "Taipy", Own(PYTHON)),
    line("sanic", &["Sanic"], "Sanic", Own(PYTHON)),
    line("robyn", &["Robyn"], "Robyn", Own(PYTHON)),
    line("aiohttp", &["Application"], "aiohttp", Own(PYTHON)),
    line("tornado", &["WSGIContainer", "WSGIAdapter"], "Tornado", Own(PYTHON)),
    line("tornado", &["Application"], "Tornado", Own(PYTHON)),
    line("japronto", &["Application"], "Japronto", Own(PYTHON)),
    line("socketify", &["App"], "Socketify", Own(PYTHON)),
    line("http", &["HTTPServer", "ThreadingHTTPServer"], "plain HTTP server", Own(PYTHON)),
    line("socketserver", &["TCPServer", "ThreadingTCPServer"], "plain TCP server", Own(PYTHON)),
    line("grpc", &["server"], "gRPC", Own(PYTHON)),
    line("fastmcp", &["FastMCP"], "FastMCP", Own(PYTHON)),
    line("mcp", &["FastMCP", "Server"], "MCP", Own(PYTHON)),
    line("flet", &[], "Flet", Own(PYTHON)),
    line("modal", &["App", "Stub"], "Modal", Own("")),
    line("chalice", &["Chalice"], "Chalice", Own("")),
    // Bots
    line("discord", &[], "Discord bot", Own(PYTHON)),
    line("nextcord", &[], "Discord bot", Own(PYTHON)),
    line("disnake", &[], "Discord bot", Own(PYTHON)),
    line("interactions", &[], "Discord bot", Own(PYTHON)),
    line("telegram", &[], "Telegram bot", Own(PYTHON)),
    line("telebot", &[], "Telegram bot", Own(PYTHON)),
    line("aiogram", &[], "Telegram bot", Own(PYTHON)),
    line("pyrogram", &[], "Telegram bot", Own(PYTHON)),
    line("telethon", &[], "Telegram bot", Own(PYTHON)),
    line("slack_bolt", &["App", "AsyncApp"], "Slack bot", Own(PYTHON)),
    line("tweepy", &[], "Twitter client", Own(PYTHON)),
    line("praw", &[], "Reddit bot", Own(PYTHON)),
    // Desktop
    line("tkinter", &[], "Tkinter desktop app", Own("")),
    line("Tkinter", &[], "Tkinter desktop app", Own("")),
    line("customtkinter", &[], "Tkinter desktop app", Own("")),
    line("PyQt4", &[], "Qt desktop app", Own("")),
    line("PyQt5", &[], "Qt desktop app", Own("")),
    line("PyQt6", &[], "Qt desktop app", Own("")),
    line("PySide2", &[], "Qt desktop app", Own("")),
    line("PySide6", &[], "Qt desktop app", Own("")),
    line("kivy", &[], "Kivy desktop app", Own("")),
    line("kivymd", &[], "Kivy desktop app", Own("")),
    line("wx", &[], "wxPython desktop app", Own("")),
    line("webview", &[], "desktop app", Own("")),
    line("pygame", &[], "Pygame game", Own("")),
    line("ursina", &[], "Ursina game", Own("")),
    // Other things that are often called `app`
    line("typer", &["Typer"], "Typer command line", Own("")),
    line("cyclopts", &["App"], "Cyclopts command line", Own("")),
    line("celery", &["Celery"], "Celery worker", Own("")),
    line("faust", &["App"], "Faust worker", Own("")),
    line("firebase_admin", &["initialize_app"], "Firebase client", Own("")),
    line("textual", &["App"], "Textual terminal app", Own("")),
    line("flask_socketio", &["SocketIO"], "Flask-SocketIO server", Own("")),
];

/// The line for a dotted name such as `flask.Flask`.
pub(super) fn maker(path: &str) -> Option<&'static Framework> {
    let (_, name) = path.rsplit_once('.')?;
    let package = path.split('.').next()?;
    let known = FRAMEWORKS.iter().filter(|framework| {
        is_within(path, framework.package) && (framework.makers.is_empty() || framework.makers.contains(&name))
    });
    // The longest package says most: `falcon.asgi` before `falcon`; of equals, the first line.
    let known = known.rev().max_by_key(|framework| framework.package.len());
    known.or_else(|| middleware(package, name))
}

/// Is a dotted name in this package?
fn is_within(path: &str, package: &str) -> bool {
    path.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'))
}

/// ASGI middleware can be called as a function around an app: `CORSMiddleware(app, ...)`.
fn middleware(package: &str, name: &str) -> Option<&'static Framework> {
    const MIDDLEWARE: Framework = line("starlette", &[], "ASGI", Around(Asgi));
    let is_asgi = matches!(package, "starlette" | "fastapi" | "uvicorn" | "sentry_sdk" | "asgi_correlation_id");
    (is_asgi && name.ends_with("Middleware")).then_some(&MIDDLEWARE)
}

/// The line for a package of which any use says what a file is: Streamlit, a bot, a desktop window.
pub(super) fn own_package(package: &str) -> Option<&'static Framework> {
    let matches = |framework: &&Framework| framework.package == package && matches!(framework.gives, Own(_));
    FRAMEWORKS.iter().find(matches)
}

impl Framework {
    /// "a Streamlit app", "a Discord bot", "an aiohttp app".
    pub(super) fn described(&self) -> String {
        let article = if self.name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" };
        let is_noun = ["bot", "app", "game", "line", "worker", "client", "server"];
        let noun = if is_noun.iter().any(|noun| self.name.ends_with(noun)) { "" } else { " app" };
        format!("{article} {}{noun}", self.name)
    }

    /// The command that starts it, if it starts a server.
    pub(super) fn command(&self, file: &str) -> Option<String> {
        match self.gives {
            Own(command) if !command.is_empty() => Some(command.replace("{file}", file)),
            _ => None,
        }
    }

    /// Does a tool of its own run any file, as `streamlit run` does, so that the file need not start anything itself?
    pub(super) fn has_runner(&self) -> bool {
        matches!(self.gives, Own(command) if !command.is_empty() && command != PYTHON)
    }
}

/// Is there a line for this package, so that its names are known?
pub(super) fn is_known_package(path: &str) -> bool {
    let package = path.split('.').next().unwrap_or_default();
    FRAMEWORKS.iter().any(|framework| framework.package.split('.').next() == Some(package))
}

/// Is an app of this framework held by something else, as Dash holds its Flask app?
pub(super) fn is_held(name: &str) -> bool {
    FRAMEWORKS.iter().any(|framework| framework.name == name && matches!(framework.gives, Holder(..)))
}

/// Is this the name of an interface, because no framework is known?
pub(super) fn is_none(name: &str) -> bool {
    matches!(name, "WSGI" | "ASGI")
}
