//! The access log as JSON: whatever a client sends, a line is one object, and it says what was sent.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::python::App;
use crate::site::{Site, pystart};
use crate::wsgi;

const ASGI: &str = "\
async def app(scope, receive, send):
    if scope['type'] == 'http':
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': b'ok'})
";

const AIOHTTP: &str = "\
from aiohttp import web
async def index(request):
    return web.Response(text='ok')
app = web.Application()
app.router.add_get('/{tail:.*}', index)
";

/// How long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// Targets and user agents that would end a string, a line or a terminal's patience.
const HOSTILE: [(&str, &[u8]); 9] = [
    ("/plain", b"curl/8"),
    ("/quotes\"\\\"", b"\\\", \"status\": 200, \"forged\": \"yes"),
    ("/%0a%22%7d%0a{\"forged\":1}", b"\"}\n {\"forged\": 1}"),
    ("/control", b"\x1b[2J\x07\x08\x01\x7f"),
    ("/bytes", b"\xff\xfe\xc3\x28\x80"),
    ("/text", "Gr\u{fc}\u{df}e \u{1f600}".as_bytes()),
    ("/format%s%(r)s%d", b"%s %(h)s {0} %n"),
    ("/return", b"a\rb"),
    ("/unicode", b"\\u0022 \\x22 \xe2\x80\xa8"),
];

/// Sends one request, as it is. What a server refuses is of no interest: it must only not spoil the log.
fn send(port: u16, target: &str, agent: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: ");
    let request = [head.as_bytes(), agent, b"\r\nReferer: https://example.org/\"\\\r\n\r\n"].concat();
    // A server that has seen enough may close the connection before it was told all.
    let _ = stream.write_all(&request);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Everything that is logged until the answer to `/last`; every line has to be an object.
fn log_of(app: &App, requests: impl Fn(u16), vars: &[(&str, &str)]) -> Vec<Value> {
    let mut command = pystart(&app.root);
    command.env("PYSTART_ACCESS_LOG", "json").envs(vars.iter().copied());
    let mut site = Site::start(command.stdout(Stdio::piped()));
    // Read while requests are sent: a pipe that is full would hold up the workers.
    let (sender, lines) = channel();
    let stdout = BufReader::new(site.stdout());
    thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    requests(site.port);
    send(site.port, "/last", b"");
    let mut log = Vec::new();
    while let Ok(line) = lines.recv_timeout(DEADLINE) {
        assert!(line.len() < 4096, "more than a pipe takes at once: {} bytes", line.len());
        let entry: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry.is_object(), "{line}");
        if entry["target"] == "/last" {
            return log;
        }
        log.push(entry);
    }
    panic!("`/last` is not in the log:\n{}", site.log());
}

fn hostile(port: u16) {
    for (target, agent) in HOSTILE {
        send(port, target, agent);
    }
}

#[test]
fn no_client_can_break_a_line_or_forge_a_field_with_any_class_of_worker() {
    for (code, vars) in [
        (wsgi("app", "'ok'"), &[][..]),
        (wsgi("app", "'ok'"), &[("GUNICORN_CMD_ARGS", "--threads 4")]),
        (ASGI.to_owned(), &[("GUNICORN_CMD_ARGS", "-k uvicorn_worker.UvicornWorker")]),
        (AIOHTTP.to_owned(), &[("GUNICORN_CMD_ARGS", "-k aiohttp.GunicornWebWorker")]),
    ] {
        let log = log_of(&App::new(&[("app.py", &code)]), hostile, vars);
        let known = "bytes duration_us method pid protocol referer remote status target timestamp user_agent";
        let known: BTreeSet<_> = known.split(' ').collect();
        for entry in &log {
            let unknown: Vec<_> =
                entry.as_object().unwrap().keys().filter(|name| !known.contains(name.as_str())).collect();
            assert!(unknown.is_empty(), "{vars:?}: {unknown:?} in {entry}");
        }
        let plain = log.iter().find(|entry| entry["target"] == "/plain").unwrap_or_else(|| panic!("{vars:?}: {log:?}"));
        assert_eq!(
            (&plain["status"], &plain["method"], &plain["protocol"]),
            (&200.into(), &"GET".into(), &"HTTP/1.1".into())
        );
        assert!(plain["timestamp"].as_str().unwrap().ends_with('Z'), "{plain}");
        assert!(plain["remote"].as_str().unwrap().starts_with("127.0.0.1"), "{plain}");
    }
}

#[test]
fn what_a_client_sends_is_read_as_it_was_meant() {
    let log = log_of(&App::new(&[("app.py", &wsgi("app", "'ok'"))]), hostile, &[]);
    let agent = |target: &str| {
        log.iter()
            .find(|entry| entry["target"].as_str().is_some_and(|found| found.starts_with(target)))
            .map_or_else(|| panic!("no {target} in {log:?}"), |entry| entry["user_agent"].as_str().unwrap().to_owned())
    };
    assert_eq!(agent("/quotes\"\\\""), "\\\", \"status\": 200, \"forged\": \"yes");
    assert_eq!(agent("/text"), "Gr\u{fc}\u{df}e \u{1f600}");
    assert_eq!(agent("/bytes"), "\\xff\\xfe\\xc3(\\x80");
    assert_eq!(agent("/control"), "\u{1b}[2J\u{7}\u{8}\u{1}\u{7f}");
    assert_eq!(agent("/format"), "%s %(h)s {0} %n");
    let plain = log.iter().find(|entry| entry["target"] == "/plain").unwrap();
    assert_eq!(plain["referer"], "https://example.org/\"\\");
    assert_eq!(plain["bytes"], 2);
    assert!(plain["duration_us"].is_u64(), "{plain}");
}

#[test]
fn lines_of_several_workers_stay_whole_however_long_the_values_are() {
    let app = App::new(&[("app.py", &wsgi("app", "'ok'"))]);
    let agents = [b"\x01".repeat(3000), "\u{1f600}".repeat(800).into_bytes(), b"x".repeat(5000)];
    let many = |port| {
        thread::scope(|scope| {
            for agent in &agents {
                scope.spawn(move || (0..40).for_each(|_| send(port, &format!("/{}", "y".repeat(3000)), agent)));
            }
        });
    };
    let log = log_of(&app, many, &[("WEB_CONCURRENCY", "3")]);
    assert_eq!(log.len(), 120);
    assert!(log.iter().all(|entry| entry["status"] == 200 && entry["target"].as_str().unwrap().starts_with("/yyy")));
}

#[test]
fn the_users_own_format_wins_and_that_is_told() {
    let app = App::new(&[("app.py", &wsgi("app", "'ok'"))]);
    let format = "--access-logformat 'own_%(s)s'";
    let mut command = pystart(&app.root);
    command.env("PYSTART_ACCESS_LOG", "json").env("GUNICORN_CMD_ARGS", format);
    let mut site = Site::start(command.stdout(Stdio::piped()));
    site.get("/");
    let mut line = String::new();
    BufReader::new(site.stdout()).read_line(&mut line).unwrap();
    assert_eq!(line, "own_200\n");
    let told = site.wait_for_line("the access log is not JSON");
    assert!(told.contains("`access_log_format` in GUNICORN_CMD_ARGS"), "{told}");
}
