//! Servers other than gunicorn: one table of how each is told where to listen and what to serve.
//!
//! The facts are those of the packages' own sources: uvicorn 0.54 (`main.py`), granian 2.8 (`cli.py`), hypercorn 0.18
//! (`__main__.py`, `utils.py`), daphne 4.2 (`cli.py`), waitress 3.0 (`runner.py`).

mod call;
mod variables;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::files::Files;
use crate::model::Interface::{self, Aiohttp, Asgi, Wsgi};
use crate::python::environment::Python;
pub(crate) use call::{ServerCall, find_call};
pub(crate) use variables::variables;

/// A server that can be started as a module of an interpreter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// The package, the module behind `-m`, and what pip installs.
    pub name: &'static str,
    /// What it can serve.
    interfaces: &'static [Interface],
    /// How the address is given.
    address: Address,
    /// The option for the number of workers, where `WEB_CONCURRENCY` is not read.
    workers: Option<&'static str>,
    /// The option that names the interface, where it is not found out.
    interface: Option<&'static str>,
    /// How a factory is given.
    factory: Factory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    /// In two words: host, port.
    Apart(&'static str, &'static str),
    /// In one: `host:port`.
    Joined(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factory {
    /// By its name and this option; without arguments.
    Option(&'static str),
    /// As an expression, arguments included.
    Expression,
    /// Not at all.
    Never,
}

/// The servers, in the order in which they are looked for: for each interface the most used first.
const SERVERS: [Server; 5] = [
    Server {
        name: "uvicorn",
        interfaces: &[Asgi],
        address: Address::Apart("--host", "--port"),
        workers: None,
        interface: None,
        factory: Factory::Option("--factory"),
    },
    Server {
        name: "waitress",
        interfaces: &[Wsgi],
        address: Address::Apart("--host", "--port"),
        workers: None,
        interface: None,
        factory: Factory::Option("--call"),
    },
    Server {
        name: "granian",
        interfaces: &[Asgi, Wsgi],
        address: Address::Apart("--host", "--port"),
        workers: Some("--workers"),
        interface: Some("--interface"),
        factory: Factory::Option("--factory"),
    },
    Server {
        name: "hypercorn",
        interfaces: &[Asgi],
        address: Address::Joined("--bind"),
        workers: Some("--workers"),
        interface: None,
        factory: Factory::Expression,
    },
    Server {
        name: "daphne",
        interfaces: &[Asgi],
        address: Address::Apart("--bind", "--port"),
        workers: None,
        interface: None,
        factory: Factory::Never,
    },
];

/// What is to be served, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served<'a> {
    /// The dotted module.
    pub module: &'a str,
    /// `app`, `create_app()`, `create_app("x", 2)`.
    pub object: &'a str,
    /// How it is called.
    pub interface: Interface,
    /// The port, on all addresses.
    pub port: u16,
    /// How many workers, when somebody said so.
    pub workers: Option<&'a str>,
}

/// A server that is installed, with its whole command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The server.
    pub server: &'static Server,
    /// The interpreter that runs it.
    pub program: PathBuf,
    /// The words, the interpreter first.
    pub argv: Vec<OsString>,
}

/// The first server that is installed for the app's Python and can serve this.
///
/// # Errors
///
/// None can; those that are installed and cannot call the factory.
pub(crate) fn find(served: &Served, files: &dyn Files, python: &Python) -> Result<Found, Vec<&'static str>> {
    let folders = python.packages();
    let is_installed =
        |server: &&Server| folders.iter().any(|folder| files.is_file(&folder.join(server.name).join("__main__.py")));
    let mut passed_over = Vec::new();
    let Some(interpreter) = python.interpreter() else { return Err(passed_over) };
    let fitting = SERVERS.iter().filter(|server| server.interfaces.contains(&served.interface));
    for server in fitting.filter(is_installed) {
        if let Some(arguments) = server.arguments(served) {
            let program = interpreter.path.clone();
            let mut argv = vec![program.clone().into(), "-m".into(), server.name.into()];
            argv.extend(arguments.into_iter().map(OsString::from));
            return Ok(Found { server, program, argv });
        }
        passed_over.push(server.name);
    }
    Err(passed_over)
}

impl Server {
    /// The words behind its name; `None` if it cannot call the factory.
    fn arguments(&self, served: &Served) -> Option<Vec<String>> {
        let Served { module, object, interface, port, workers } = *served;
        let mut words = Vec::new();
        if let Some(option) = self.interface {
            words.extend([option.to_owned(), if interface == Asgi { "asgi" } else { "wsgi" }.to_owned()]);
        }
        match self.address {
            // One word each: what waitress is told in two it does not understand.
            Address::Apart(host, name) => words.extend([format!("{host}=0.0.0.0"), format!("{name}={port}")]),
            Address::Joined(name) => words.push(format!("{name}=0.0.0.0:{port}")),
        }
        if let Some((option, workers)) = self.workers.zip(workers) {
            words.push(format!("{option}={workers}"));
        }
        match (object.split_once('('), self.factory) {
            (None, _) | (Some(_), Factory::Expression) => words.push(format!("{module}:{object}")),
            (Some((name, ")")), Factory::Option(option)) => {
                words.extend([option.to_owned(), format!("{module}:{name}")]);
            }
            _ => return None,
        }
        Some(words)
    }
}

/// What to add to the requirements so that an app of this interface can be served.
pub(crate) fn wanted(interface: Interface) -> &'static str {
    match interface {
        Asgi => {
            "add `uvicorn` to requirements.txt (or `gunicorn` with `uvicorn-worker`) and build the environment: \
                 `pystart build`"
        }
        Aiohttp => "add `gunicorn` and `aiohttp` to requirements.txt and build the environment: `pystart build`",
        Wsgi => "add `gunicorn` to requirements.txt and build the environment: `pystart build`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, object: &str, interface: Interface) -> Option<String> {
        let known = SERVERS.iter().find(|server| server.name == name).unwrap();
        let served = Served { module: "a.b", object, interface, port: 81, workers: Some("3") };
        known.arguments(&served).map(|words| words.join(" "))
    }

    #[test]
    fn each_server_is_told_in_its_own_words() {
        let rows = [
            ("uvicorn", "app", Asgi, Some("--host=0.0.0.0 --port=81 a.b:app")),
            ("uvicorn", "make()", Asgi, Some("--host=0.0.0.0 --port=81 --factory a.b:make")),
            ("uvicorn", "make(1)", Asgi, None),
            ("waitress", "app", Wsgi, Some("--host=0.0.0.0 --port=81 a.b:app")),
            ("waitress", "make()", Wsgi, Some("--host=0.0.0.0 --port=81 --call a.b:make")),
            ("waitress", "make('x')", Wsgi, None),
            ("granian", "app", Asgi, Some("--interface asgi --host=0.0.0.0 --port=81 --workers=3 a.b:app")),
            (
                "granian",
                "make()",
                Wsgi,
                Some("--interface wsgi --host=0.0.0.0 --port=81 --workers=3 --factory a.b:make"),
            ),
            ("hypercorn", "app", Asgi, Some("--bind=0.0.0.0:81 --workers=3 a.b:app")),
            ("hypercorn", "make('x', 2)", Asgi, Some("--bind=0.0.0.0:81 --workers=3 a.b:make('x', 2)")),
            ("daphne", "app", Asgi, Some("--bind=0.0.0.0 --port=81 a.b:app")),
            ("daphne", "make()", Asgi, None),
        ];
        for (name, object, interface, expected) in rows {
            assert_eq!(line(name, object, interface).as_deref(), expected, "{name} {object}");
        }
    }
}
