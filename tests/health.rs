//! `health` against servers that answer well, badly, slowly or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../benches/launch/counter.rs"]
#[allow(dead_code, reason = "the benchmark counts more")]
mod counter;
mod ports;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::libc;

/// A server for one connection.
fn serve(host: &str, answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> Option<(u16, JoinHandle<String>)> {
    let socket = TcpListener::bind((host, 0)).ok()?;
    let port = socket.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let mut stream = accepted(&socket);
        let mut request = Vec::new();
        let mut chunk = [0; 512];
        while !request.ends_with(b"\r\n\r\n") {
            let length = stream.read(&mut chunk).unwrap();
            assert!(length > 0, "the request is whole");
            request.extend_from_slice(&chunk[..length]);
        }
        answer(&mut stream);
        String::from_utf8(request).unwrap()
    });
    Some((port, thread))
}

/// The connection that somebody makes; a caller that makes none must not keep the test waiting.
fn accepted(socket: &TcpListener) -> TcpStream {
    socket.set_nonblocking(true).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok((stream, _)) = socket.accept() {
            stream.set_nonblocking(false).unwrap();
            return stream;
        }
        assert!(Instant::now() < deadline, "nobody asks");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn health(port: u16, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pystart"))
        .args(["health", "--port", &port.to_string()])
        .args(words)
        .env_clear()
        .output()
        .unwrap()
}

fn line(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn any_status_below_500_is_healthy() {
    for (status, code) in [("200 OK", 0), ("302 Found", 0), ("404 Not Found", 0), ("500 Oops", 1), ("503 Busy", 1)] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let (port, server) = serve("127.0.0.1", move |stream| stream.write_all(answer.as_bytes()).unwrap()).unwrap();
        let output = health(port, &["--path", "/up?deep=1"]);
        let request = server.join().unwrap();
        assert_eq!(output.status.code(), Some(code), "{status}");
        let verdict = if code == 0 { "healthy" } else { "unhealthy" };
        assert_eq!(line(&output), format!("{verdict}: port {port} answered {} to GET /up?deep=1\n", &status[..3]));
        assert!(request.starts_with("GET /up?deep=1 HTTP/1.1\r\nHost: localhost\r\n"), "{request}");
        assert!(request.contains("\r\nConnection: close\r\n"), "{request}");
    }
}

#[test]
fn a_status_line_that_comes_in_pieces_is_read_whole() {
    let (port, server) = serve("127.0.0.1", |stream| {
        stream.set_nodelay(true).unwrap();
        for piece in ["HT", "TP/1.1 ", "20", "4 No Content\r", "\n"] {
            stream.write_all(piece.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
    })
    .unwrap();
    let output = health(port, &[]);
    server.join().unwrap();
    assert_eq!(line(&output), format!("healthy: port {port} answered 204 to GET /\n"));
}

#[test]
fn nobody_listening_is_told_so() {
    let port = ports::free_port();
    let output = health(port, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(line(&output), format!("unhealthy: port {port} has no listener for GET /\n"));
}

#[test]
fn what_is_not_http_or_hangs_up_is_unhealthy() {
    for answer in [&b"SSH-2.0-OpenSSH\r\n"[..], b"", b"HTTP/1.1", &[0xff; 9000]] {
        let (port, server) = serve("127.0.0.1", move |stream| drop(stream.write_all(answer))).unwrap();
        let output = health(port, &[]);
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = line(&output);
        let is_told = text.contains("gave no HTTP answer") || text.contains("failed (");
        assert!(is_told && text.ends_with("GET /\n"), "{text}");
    }
}

#[test]
fn an_endless_line_is_not_read_to_the_end_of_the_time_limit() {
    let (port, server) = serve("127.0.0.1", |stream| {
        let _ = stream.write_all(&[b'x'; 9000]);
        // Open until the other side has had enough.
        let _ = stream.read(&mut [0]);
    })
    .unwrap();
    let output = health(port, &["--time-limit", "20"]);
    server.join().unwrap();
    assert_eq!(line(&output), format!("unhealthy: port {port} gave no HTTP answer to GET /\n"));
}

#[test]
fn the_time_limit_is_for_the_whole_answer_and_not_for_each_byte() {
    let (port, server) = serve("127.0.0.1", |stream| {
        let deadline = Instant::now() + Duration::from_secs(30);
        // A byte now and then, for ever: each one arrives well within the limit.
        while stream.write_all(b"H").is_ok() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(Instant::now() < deadline, "the other side never gave up");
    })
    .unwrap();
    let output = health(port, &["--time-limit", "0.2"]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(line(&output), format!("unhealthy: port {port} did not answer GET / within 0.2 s\n"));
}

#[test]
fn a_site_on_ipv6_alone_is_found() {
    let answer = |stream: &mut TcpStream| stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    let Some((port, server)) = serve("::1", answer) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no IPv6 here");
        return;
    };
    let output = health(port, &[]);
    server.join().unwrap();
    assert_eq!(line(&output), format!("healthy: port {port} answered 200 to GET /\n"));
}

#[test]
fn an_interim_answer_is_not_the_answer() {
    for (status, code) in [("204 No Content", 0), ("503 Busy", 1)] {
        let answer = format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 {status}\r\n\r\n"
        );
        let (port, server) = serve("127.0.0.1", move |stream| stream.write_all(answer.as_bytes()).unwrap()).unwrap();
        let output = health(port, &[]);
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(code), "{status}: {}", line(&output));
    }
}

#[test]
fn a_site_that_accepts_and_does_not_answer_is_alive_and_not_ready() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let ready = health(port, &["--time-limit", "0.2"]);
    assert_eq!(ready.status.code(), Some(1), "{}", line(&ready));
    let alive = health(port, &["--live"]);
    assert_eq!((alive.status.code(), line(&alive)), (Some(0), &*format!("healthy: port {port} accepts connections\n")));
    drop(socket);
    assert_eq!(health(port, &["--live"]).status.code(), Some(1));
}

#[test]
fn the_platforms_warm_up_path_is_asked_for_unless_a_path_is_set() {
    for (variables, path) in [
        (&[("WEBSITE_WARMUP_PATH", "/warm")][..], "/warm"),
        (&[("WEBSITE_WARMUP_PATH", "/warm"), ("PYSTART_HEALTH_PATH", "/up")], "/up"),
    ] {
        let answer = |stream: &mut TcpStream| stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (port, server) = serve("127.0.0.1", answer).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pystart"));
        command.args(["health", "--port", &port.to_string()]).env_clear().envs(variables.iter().copied());
        assert!(command.output().unwrap().status.success());
        assert!(server.join().unwrap().starts_with(&format!("GET {path} ")), "{path}");
    }
}

#[test]
fn a_bad_path_or_limit_is_a_usage_error() {
    for words in [["--path", "up"], ["--path", "/a b"], ["--time-limit", "0"], ["--time-limit", "soon"]] {
        let output = health(1, &words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}

/// A site in a PID namespace of its own, pystart as PID 1 in front of it, and other processes beside the server.
struct Namespace {
    unshare: Child,
    first: String,
}

impl Namespace {
    /// `None` where no namespace can be made.
    fn with_processes(count: usize, port: u16) -> Option<Self> {
        let site = format!("for n in $(seq {count}); do sleep 600 & done; exec python3 -m http.server {port}");
        let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("health");
        std::fs::create_dir_all(&root).unwrap();
        let mut unshare = Command::new("unshare")
            .args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"])
            .args([env!("CARGO_BIN_EXE_pystart"), "run", "--port", &port.to_string(), &site])
            .env("PYSTART_APP_ROOT", root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the site does not start");
            if unshare.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let first = std::fs::read_to_string(children).unwrap().trim().to_owned();
        Some(Self { unshare, first })
    }

    fn pystart(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--preserve-credentials", "--pid", "--mount", "--target", &self.first]);
        command.arg(env!("CARGO_BIN_EXE_pystart")).args(words).env_remove("RUST_BACKTRACE");
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // `--kill-child`: PID 1 goes with it, and everything with PID 1.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}

#[test]
fn what_is_asked_every_few_seconds_costs_the_same_among_many_processes() {
    let counts = [0, 40].map(|processes| {
        let port = ports::free_port();
        let namespace = Namespace::with_processes(processes, port)?;
        Some([&["health"][..], &["health", "--live"], &["explain"], &["check"]].map(|words| {
            let output = namespace.pystart(words).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", line(&output));
            counter::system_calls(&mut namespace.pystart(words)).unwrap().of(&[libc::SYS_openat])
        }))
    });
    let [Some(alone), Some(among_many)] = counts else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no namespaces here");
        return;
    };
    assert_eq!(alone, among_many);
}
