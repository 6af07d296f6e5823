//! Does the site answer? One HTTP request, for the image's HEALTHCHECK: no shell, no curl, no Python.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::commands::output::print;
use crate::commands::pid1::Session;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::invocation::Invocation;
use crate::settings::table;
use crate::settings::{DEFAULT_PORT, Flags, Settings};

/// What to ask, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The site's port on this machine.
    pub port: u16,
    /// The path, fit for a request line.
    pub path: String,
    /// For the whole exchange: connecting, sending, and the first line of the answer.
    pub limit: Duration,
}

/// `pystart health`: prints what the site answered; the exit status.
///
/// # Errors
///
/// A bad setting, or standard output that cannot be written.
pub fn health(flags: &Flags, invocation: &Invocation) -> Result<u8, Failure> {
    let session = Session::find(invocation);
    let settings = Settings::new(session.flags(flags.clone()), &session.environ, Path::new("/"))?;
    let question = Question::new(flags, &invocation.environ, settings.port)?;
    let answer = ask(&question);
    print(format!("{}\n", answer.line(&question)).as_bytes())?;
    Ok(if answer.is_healthy() { 0 } else { status::NO })
}

impl Question {
    /// From flags, then variables, then defaults; `port` is the one that the site was told.
    ///
    /// # Errors
    ///
    /// A value that is not of the accepted form.
    pub fn new(flags: &Flags, environ: &Environ, port: Option<u16>) -> Result<Self, Failure> {
        Ok(Self {
            port: port.unwrap_or(DEFAULT_PORT),
            path: table::HEALTH_PATH.read(flags, environ)?.unwrap_or_else(|| table::DEFAULT_HEALTH_PATH.to_owned()),
            limit: table::HEALTH_LIMIT.read(flags, environ)?.unwrap_or(table::DEFAULT_HEALTH_LIMIT),
        })
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status.
    Status(u16),
    /// Nobody listens.
    Refused,
    /// No complete status line within the time limit.
    Late,
    /// Something answered, and it was not HTTP.
    NotHttp,
    /// The exchange failed in another way.
    Broken(String),
}

impl Answer {
    /// Any status below 500: a site that asks for a login or redirects is alive, one that fails is not.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Status(status) if *status < 500)
    }

    /// The one line to print.
    #[must_use]
    pub fn line(&self, question: &Question) -> String {
        let verdict = if self.is_healthy() { "healthy" } else { "unhealthy" };
        let Question { port, path, limit } = question;
        match self {
            Self::Late => format!("{verdict}: port {port} did not answer GET {path} within {} s", limit.as_secs_f64()),
            answer => format!("{verdict}: port {port} {answer} GET {path}"),
        }
    }
}

impl fmt::Display for Answer {
    /// The middle of a sentence: `port 8000 ... GET /`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(out, "answered {status} to"),
            Self::Refused => out.write_str("has no listener for"),
            Self::Late => out.write_str("did not answer in time to"),
            Self::NotHttp => out.write_str("gave no HTTP answer to"),
            Self::Broken(error) => write!(out, "failed ({error}) on"),
        }
    }
}

/// Asks the site on 127.0.0.1, and on `::1` if nobody listens there.
#[must_use]
pub fn ask(question: &Question) -> Answer {
    let deadline = Instant::now() + question.limit;
    let hosts = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let mut answer = Answer::Refused;
    for host in hosts {
        answer = exchange(SocketAddr::new(host, question.port), &question.path, deadline)
            .unwrap_or_else(|error| failed(&error));
        if answer != Answer::Refused {
            break;
        }
    }
    answer
}

fn failed(error: &io::Error) -> Answer {
    match error.kind() {
        // No address of this family counts as nobody there.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::AddrNotAvailable | io::ErrorKind::NetworkUnreachable => {
            Answer::Refused
        }
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Answer::Late,
        _ if error.raw_os_error() == Some(nix::errno::Errno::EAFNOSUPPORT as i32) => Answer::Refused,
        _ => Answer::Broken(error.to_string()),
    }
}

/// As many bytes of an answer as a status line can need.
const STATUS_LINE: usize = 4096;

fn exchange(address: SocketAddr, path: &str, deadline: Instant) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pystart\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::with_capacity(STATUS_LINE);
    loop {
        // A limit for the whole, not for each read: a server that sends a byte a second is no healthy one.
        stream.set_read_timeout(Some(left(deadline)?))?;
        let mut chunk = [0; 512];
        let length = match stream.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        answer.extend_from_slice(&chunk[..length]);
        if let Some(end) = answer.iter().position(|byte| *byte == b'\n') {
            return Ok(status_of(&answer[..end]));
        }
        if length == 0 || answer.len() > STATUS_LINE {
            return Ok(Answer::NotHttp);
        }
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// `HTTP/1.1 200 OK`
fn status_of(line: &[u8]) -> Answer {
    let status = || {
        let (version, rest) = str::from_utf8(line.get(..12)?).ok()?.split_once(' ')?;
        version.strip_prefix("HTTP/1.")?;
        rest.parse().ok().filter(|status| (100..1000).contains(status))
    };
    status().map_or(Answer::NotHttp, Answer::Status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_gives_its_status_and_anything_else_is_not_http() {
        let rows: [(&[u8], Answer); 8] = [
            (b"HTTP/1.1 200 OK\r", Answer::Status(200)),
            (b"HTTP/1.0 404", Answer::Status(404)),
            (b"HTTP/1.1 500 \xff", Answer::Status(500)),
            (b"HTTP/1.1 20", Answer::NotHttp),
            (b"HTTP/1.1 099 x", Answer::NotHttp),
            (b"HTTP/1.1 +20 x", Answer::NotHttp),
            (b"SSH-2.0-OpenSSH_9.2", Answer::NotHttp),
            (b"", Answer::NotHttp),
        ];
        for (line, expected) in rows {
            assert_eq!(status_of(line), expected, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn only_a_status_below_500_is_healthy() {
        let rows = [
            (Answer::Status(200), true),
            (Answer::Status(302), true),
            (Answer::Status(499), true),
            (Answer::Status(500), false),
            (Answer::Refused, false),
            (Answer::Late, false),
            (Answer::NotHttp, false),
        ];
        for (answer, expected) in rows {
            assert_eq!(answer.is_healthy(), expected, "{answer:?}");
        }
    }

    #[test]
    fn the_question_is_flag_then_variable_then_default_and_cannot_break_out_of_its_line() {
        let environ: Environ =
            [("PYSTART_HEALTH_PATH", "/up?x=1"), ("PYSTART_HEALTH_TIMEOUT", "1.5")].into_iter().collect();
        let ask = |path: Option<&str>, environ: &Environ| {
            let flags =
                path.into_iter().fold(Flags::default(), |flags, path| flags.with(&table::HEALTH_PATH.row, path));
            Question::new(&flags, environ, None)
        };
        let expected = Question { port: 8000, path: "/up?x=1".into(), limit: Duration::from_millis(1500) };
        assert_eq!(ask(None, &environ), Ok(expected));
        assert_eq!(ask(Some("/x"), &environ).unwrap().path, "/x");
        let plain = Question { port: 8000, path: "/".into(), limit: table::DEFAULT_HEALTH_LIMIT };
        assert_eq!(ask(None, &Environ::default()), Ok(plain));
        for bad in ["", "healthz", "/a b", "/a\r\nX: y", "/\u{e4}"] {
            assert_eq!(ask(Some(bad), &environ).unwrap_err().status, 2, "{bad:?}");
        }
        let environ: Environ = [("PYSTART_HEALTH_TIMEOUT", "0")].into_iter().collect();
        assert!(ask(None, &environ).is_err());
    }
}
