//! What a command line says of the server that it calls: the app, the folder, the address.
//!
//! Read from its words, nothing is run: a word with an expansion (`$PORT`) says nothing.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::shell::commands::commands;
use crate::shell::{shells, words};

/// A server's name as a program or behind `python -m`, and its options by what they say.
struct Known {
    names: &'static [&'static str],
    /// A word that must follow: `flask run`.
    word: Option<&'static str>,
    host: &'static [&'static str],
    port: &'static [&'static str],
    /// `host:port`, or either alone.
    both: &'static [&'static str],
    folder: &'static [&'static str],
    /// It takes the app as `module:object`.
    takes_app: bool,
    /// Is the app ASGI?
    is_asgi: bool,
}

const NONE: Known =
    Known { names: &[], word: None, host: &[], port: &[], both: &[], folder: &[], takes_app: false, is_asgi: false };

const KNOWN: [Known; 14] = [
    Known {
        names: &["gunicorn"],
        both: &["-b", "--bind"],
        folder: &["--chdir", "--pythonpath"],
        takes_app: true,
        ..NONE
    },
    Known {
        names: &["uvicorn"],
        host: &["--host"],
        port: &["--port"],
        folder: &["--app-dir"],
        takes_app: true,
        is_asgi: true,
        ..NONE
    },
    Known { names: &["hypercorn"], both: &["-b", "--bind"], takes_app: true, is_asgi: true, ..NONE },
    Known {
        names: &["daphne"],
        host: &["-b", "--bind"],
        port: &["-p", "--port"],
        takes_app: true,
        is_asgi: true,
        ..NONE
    },
    Known {
        names: &["granian"],
        host: &["--host"],
        port: &["--port"],
        folder: &["--working-dir"],
        takes_app: true,
        is_asgi: true,
        ..NONE
    },
    Known {
        names: &["waitress-serve", "waitress"],
        host: &["--host"],
        port: &["--port"],
        both: &["--listen"],
        takes_app: true,
        ..NONE
    },
    Known { names: &["flask"], word: Some("run"), host: &["-h", "--host"], port: &["-p", "--port"], ..NONE },
    Known { names: &["fastapi"], word: Some("run"), host: &["--host"], port: &["--port"], ..NONE },
    Known { names: &["streamlit"], word: Some("run"), host: &["--server.address"], port: &["--server.port"], ..NONE },
    Known { names: &["chainlit"], word: Some("run"), host: &["--host"], port: &["--port"], ..NONE },
    Known { names: &["panel"], word: Some("serve"), host: &["--address"], port: &["--port"], ..NONE },
    Known { names: &["sanic"], host: &["-H", "--host"], port: &["-p", "--port"], ..NONE },
    Known { names: &["aiohttp.web"], host: &["-H", "--hostname"], port: &["-P", "--port"], ..NONE },
    Known { names: &["http.server"], host: &["-b", "--bind"], ..NONE },
];

/// What a command line says of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerCall {
    /// The server's name.
    pub server: String,
    /// `module:object` as it is written.
    pub target: Option<String>,
    /// The folder that the module path starts from, as it is written.
    pub folder: Option<PathBuf>,
    /// The address that it is told, as it is written.
    pub host: Option<String>,
    /// The port that it is told.
    pub port: Option<u16>,
    /// Is the app ASGI, as far as the words say?
    pub is_asgi: bool,
}

impl ServerCall {
    /// Does it listen where nobody outside can reach it?
    #[must_use]
    pub(crate) fn is_loopback(&self) -> bool {
        self.host.as_deref().is_some_and(|host| host == "localhost" || host == "::1" || host.starts_with("127."))
    }
}

/// The last server that a text calls: a line, or a script; `None` if it calls none that is known.
#[must_use]
pub(crate) fn find_call(text: &OsStr) -> Option<ServerCall> {
    // The folder that the text has changed to; one that only a shell knows takes the app along.
    let mut folder: Option<PathBuf> = None;
    let mut is_lost = false;
    let mut found = None;
    for command in commands(text) {
        let words: Vec<&str> = command.iter().map(|word| word.text.to_str().unwrap_or("$")).collect();
        let words = words.as_slice();
        if let ["cd" | "pushd", to, ..] = words {
            is_lost |= to.contains(['$', '`']) || to.starts_with(['-', '~']);
            folder = Some(folder.unwrap_or_default().join(to));
        } else if let Some(mut call) = read_call(words) {
            call.folder = match (folder.clone(), call.folder) {
                (Some(base), Some(own)) => Some(base.join(own)),
                (base, own) => base.or(own),
            };
            if is_lost {
                (call.folder, call.target) = (None, None);
            }
            found = Some(call);
        }
    }
    found
}

/// What stands in front of a program, and starts it in the end, by its words: a shell's own, then programs.
const IN_FRONT: [&[&str]; 22] = [
    &["{"],
    &["do"],
    &["else"],
    &["env"],
    &["exec"],
    &["if"],
    &["nohup"],
    &["then"],
    &["time"],
    &["while"],
    &["ddtrace-run"],
    &["opentelemetry-instrument"],
    &["newrelic-admin", "run-program"],
    // Of Heroku's buildpacks.
    &["start-nginx"],
    &["start-pgbouncer"],
    &["hatch", "run"],
    &["pdm", "run"],
    &["pipenv", "run"],
    &["poetry", "run"],
    &["rye", "run"],
    &["uv", "run"],
    &["dotenv", "run"],
];

/// The words without one of [`IN_FRONT`], if there is one, and its options: switches, and a `--` that ends them.
fn behind_front<'a>(words: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let first = words.first()?;
    let fits = |front: &&&[&str]| {
        front[0] == base_name(first) && words.len() >= front.len() && words[1..front.len()] == front[1..]
    };
    let front = IN_FRONT.iter().find(fits)?;
    let rest = &words[front.len()..];
    let options = rest.iter().take_while(|word| word.starts_with('-')).count();
    Some(&rest[options..])
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// One command.
fn read_call(command: &[&str]) -> Option<ServerCall> {
    let mut words = command;
    while let [first, rest @ ..] = words {
        words = match behind_front(words) {
            Some(behind) => behind,
            None if words::assignment(OsStr::new(first)).is_some() => rest,
            None => break,
        };
    }
    if let [shell, option, text, ..] = words
        && shells::is_shell(OsStr::new(base_name(shell)))
        && option.starts_with('-')
        && option.ends_with('c')
    {
        return find_call(OsStr::new(text));
    }
    let name_of = |word: &str| base_name(word).to_owned();
    let (program, arguments) = match words {
        [python, "-m", module, rest @ ..] if name_of(python).starts_with("python") => ((*module).to_owned(), rest),
        [python, "-u", "-m", module, rest @ ..] if name_of(python).starts_with("python") => {
            ((*module).to_owned(), rest)
        }
        // A console script, by the interpreter that runs it.
        [interpreter, script, rest @ ..] if script.contains('/') && is_interpreter(&name_of(interpreter)) => {
            (name_of(script), rest)
        }
        [program, rest @ ..] => (name_of(program), rest),
        [] => return None,
    };
    let known = KNOWN.iter().find(|known| {
        known.names.contains(&program.as_str()) && known.word.is_none_or(|word| arguments.first() == Some(&word))
    })?;
    let value = |options: &[&str]| value_of(arguments, options);
    let mut call = ServerCall { server: program, is_asgi: known.is_asgi, ..ServerCall::default() };
    call.host = value(known.host);
    call.port = value(known.port).and_then(|port| port.parse().ok());
    if let Some((host, port)) = value(known.both).map(|both| split_address(&both)) {
        call.host = host;
        call.port = port;
    }
    call.folder = value(known.folder).filter(|folder| !folder.contains('$')).map(PathBuf::from);
    if known.takes_app {
        call.target = if known.names == ["gunicorn"] {
            gunicorn_app(arguments)
        } else {
            arguments.iter().find(|word| is_app(word)).map(|word| (*word).to_owned())
        };
        let is_factory = arguments.iter().any(|word| matches!(*word, "--factory" | "--call"));
        if let Some(target) = call.target.as_mut().filter(|target| is_factory && !target.ends_with(')')) {
            target.push_str("()");
        }
        let class = value_of(arguments, &["-k", "--worker-class"]).unwrap_or_default();
        call.is_asgi |= class.contains("Uvicorn") || class == "asgi";
        if let Some(interface) = value_of(arguments, &["--interface"]).filter(|_| known.names == ["granian"]) {
            call.is_asgi = interface != "wsgi";
        }
    }
    Some(call)
}

fn is_interpreter(name: &str) -> bool {
    name.starts_with("python") || shells::is_shell(OsStr::new(name))
}

/// The last value of one of these options: `--host x`, `--host=x`, `-Hx`.
fn value_of(words: &[&str], options: &[&str]) -> Option<String> {
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        for option in options {
            let value = match word.strip_prefix(option) {
                Some("") => words.get(at + 1).copied(),
                Some(rest) if option.starts_with("--") => rest.strip_prefix('='),
                Some(rest) => Some(rest),
                None => None,
            };
            found = value.map(str::to_owned).or(found);
        }
    }
    found.filter(|value| !value.contains(['$', '`']))
}

/// `host:port`, `:port`, `port` or `host`.
fn split_address(text: &str) -> (Option<String>, Option<u16>) {
    let filled = |host: &str| Some(host.trim_matches(['[', ']']).to_owned()).filter(|host| !host.is_empty());
    match text.rsplit_once(':') {
        Some((host, port)) => (filled(host), port.parse().ok()),
        None => match text.parse() {
            Ok(port) => (None, Some(port)),
            Err(_) => (filled(text), None),
        },
    }
}

/// The app that a command line of gunicorn names: `module:object` wherever it stands, else a module in first or last
/// place, where no option can be waiting for it.
fn gunicorn_app(words: &[&str]) -> Option<String> {
    let is_module = |word: &str| word.split('.').all(words::is_identifier);
    let named = || words.iter().copied().find(|word| is_app(word));
    let first = || words.first().copied().filter(|word| is_module(word));
    let last = || {
        let (last, before) = words.split_last()?;
        let waits = before.last().is_some_and(|word| word.starts_with('-') && !word.contains('='));
        (is_module(last) && !waits && !before.is_empty()).then_some(*last)
    };
    named().or_else(first).or_else(last).map(str::to_owned)
}

/// `module:object`; `localhost:8000` is an address.
fn is_app(word: &str) -> bool {
    let Some((module, object)) = word.split_once(':') else { return false };
    module.split('.').all(words::is_identifier)
        && object.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<String> {
        let call = find_call(OsStr::new(line))?;
        let port = call.port.map(|port| port.to_string());
        let folder = call.folder.as_ref().map(|folder| folder.display().to_string());
        let fields = [call.target.clone(), folder, call.host.clone(), port];
        let fields: Vec<_> = fields.into_iter().map(|field| field.unwrap_or_else(|| "-".into())).collect();
        let interface = if call.is_asgi { "asgi" } else { "wsgi" };
        Some(format!("{} {} {interface}", call.server, fields.join(" ")))
    }

    #[test]
    fn a_line_tells_of_its_server() {
        let rows = [
            ("gunicorn -b 127.0.0.1:5000 a:b", Some("gunicorn a:b - 127.0.0.1 5000 wsgi")),
            ("gunicorn --bind=:81 --chdir web a:b", Some("gunicorn a:b web - 81 wsgi")),
            ("gunicorn --bind 0.0.0.0:$PORT a.b:c", Some("gunicorn a.b:c - - - wsgi")),
            ("gunicorn -k uvicorn.workers.UvicornWorker a:b", Some("gunicorn a:b - - - asgi")),
            ("uvicorn main:app", Some("uvicorn main:app - - - asgi")),
            ("uvicorn main:app --host 127.0.0.1 --port=5000", Some("uvicorn main:app - 127.0.0.1 5000 asgi")),
            ("exec uvicorn --app-dir src main:app --port $PORT", Some("uvicorn main:app src - - asgi")),
            ("A=1 python -m uvicorn main:app", Some("uvicorn main:app - - - asgi")),
            ("python3 -u -m uvicorn main:app", Some("uvicorn main:app - - - asgi")),
            ("cd backend && /opt/bin/uvicorn main:app --port 81", Some("uvicorn main:app backend - 81 asgi")),
            ("cd a && cd b && gunicorn --chdir c d:e", Some("gunicorn d:e a/b/c - - wsgi")),
            (
                "python manage.py migrate && gunicorn shop.wsgi:application",
                Some("gunicorn shop.wsgi:application - - - wsgi"),
            ),
            ("uv run uvicorn main:app", Some("uvicorn main:app - - - asgi")),
            ("hypercorn main:app -b [::1]:81", Some("hypercorn main:app - ::1 81 asgi")),
            ("daphne -b localhost -p 81 a.asgi:application", Some("daphne a.asgi:application - localhost 81 asgi")),
            ("granian --interface wsgi --host=127.0.0.1 a:b", Some("granian a:b - 127.0.0.1 - wsgi")),
            ("granian --working-dir src a:b", Some("granian a:b src - - asgi")),
            ("waitress-serve --listen=*:81 a:b", Some("waitress-serve a:b - * 81 wsgi")),
            ("waitress-serve --port 81 a:b", Some("waitress-serve a:b - - 81 wsgi")),
            ("flask run -h 127.0.0.1 -p 81", Some("flask - - 127.0.0.1 81 wsgi")),
            ("fastapi run --port 81 main.py", Some("fastapi - - - 81 wsgi")),
            ("streamlit run a.py --server.port 81", Some("streamlit - - - 81 wsgi")),
            ("chainlit run a.py --host 127.0.0.1", Some("chainlit - - 127.0.0.1 - wsgi")),
            ("panel serve a.py --port 81 --address ::1", Some("panel - - ::1 81 wsgi")),
            ("sanic server:app -H 127.0.0.1 -p81", Some("sanic - - 127.0.0.1 81 wsgi")),
            ("python -m aiohttp.web -H localhost -P 81 a:b", Some("aiohttp.web - - localhost 81 wsgi")),
            ("python -m http.server -b 127.0.0.1", Some("http.server - - 127.0.0.1 - wsgi")),
            ("uvicorn --factory main:make", Some("uvicorn main:make() - - - asgi")),
            ("waitress-serve --call a:make", Some("waitress-serve a:make() - - - wsgi")),
            ("cd web && gunicorn shop.wsgi", Some("gunicorn shop.wsgi web - - wsgi")),
            ("cd x; gunicorn a:b", Some("gunicorn a:b x - - wsgi")),
            ("flask db upgrade; gunicorn a:b;", Some("gunicorn a:b - - - wsgi")),
            ("(cd x && exec gunicorn a:b)", Some("gunicorn a:b x - - wsgi")),
            ("cd \"$APP\" && gunicorn a:b --bind :81", Some("gunicorn - - - 81 wsgi")),
            ("cd ~/site && gunicorn a:b", Some("gunicorn - - - - wsgi")),
            ("gunicorn -w $((2 * $N + 1)) a:b", Some("gunicorn a:b - - - wsgi")),
            ("newrelic-admin run-program gunicorn a:b", Some("gunicorn a:b - - - wsgi")),
            ("bin/start-nginx gunicorn a:b", Some("gunicorn a:b - - - wsgi")),
            ("A=1 exec uv run --frozen --no-sync -- uvicorn main:app", Some("uvicorn main:app - - - asgi")),
            ("sh -c 'cd src && gunicorn a:b'", Some("gunicorn a:b src - - wsgi")),
            ("bash -lc \"uvicorn main:app --port 81\"", Some("uvicorn main:app - - 81 asgi")),
            ("#!/bin/sh\nset -e\ncd web\n\nexec gunicorn a:b # gunicorn c:d\n", Some("gunicorn a:b web - - wsgi")),
            ("if test x; then gunicorn a:b; fi", Some("gunicorn a:b - - - wsgi")),
            ("echo gunicorn a:b", None),
            ("flask db upgrade", None),
            ("python server.py --port 81", None),
            ("", None),
            ("uvicorn 'a", None),
        ];
        for (line, expected) in rows {
            assert_eq!(told(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn the_app_is_found_where_gunicorn_takes_it_from() {
        let table = [
            ("gunicorn a.b:c", Some("a.b:c")),
            ("/usr/bin/python3 -m gunicorn --timeout 600 -w 2 a:b", Some("a:b")),
            ("gunicorn --bind localhost:8000 --name x a:make()", Some("a:make()")),
            ("gunicorn shop.wsgi --workers 4", Some("shop.wsgi")),
            ("/bin/python3 /site/antenv/bin/gunicorn shop.wsgi", Some("shop.wsgi")),
            ("gunicorn --bind=0.0.0.0 --timeout 600 shop.wsgi", Some("shop.wsgi")),
            ("gunicorn -w 2 --name shop", None),
            ("gunicorn -b localhost:8000 -w 2", None),
            ("gunicorn", None),
        ];
        for (line, app) in table {
            let call = find_call(&words::join(line.split(' '))).unwrap();
            assert_eq!(call.target.as_deref(), app, "{line}");
        }
    }

    #[test]
    fn loopback_is_what_no_other_host_reaches() {
        for (host, is_loopback) in [
            ("127.0.0.1", true),
            ("127.1.2.3", true),
            ("localhost", true),
            ("::1", true),
            ("0.0.0.0", false),
            ("::", false),
        ] {
            let call = ServerCall { host: Some(host.into()), ..ServerCall::default() };
            assert_eq!(call.is_loopback(), is_loopback, "{host}");
        }
    }
}
