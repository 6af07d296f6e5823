//! One request, and as much of the answer as its status takes.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Answer, Question};

/// Asks the site for a page, on 127.0.0.1, and on `::1` if nobody listens there.
#[must_use]
pub fn ask(question: &Question) -> Answer {
    on_loopback(question, |address, deadline| exchange(address, &question.path, deadline))
}

/// Asks for a connection alone.
pub(super) fn connect(question: &Question) -> Answer {
    on_loopback(question, |address, deadline| {
        TcpStream::connect_timeout(&address, left(deadline)?).map(|_| Answer::Accepted)
    })
}

fn on_loopback(question: &Question, attempt: impl Fn(SocketAddr, Instant) -> io::Result<Answer>) -> Answer {
    let deadline = Instant::now() + question.limit;
    let mut answer = Answer::Refused;
    for host in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        answer = attempt(SocketAddr::new(host, question.port), deadline).unwrap_or_else(|error| failed(&error));
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

/// As many bytes of an answer as its status can need, interim answers included.
const MOST: usize = 16 * 1024;

/// As many as one line of it can need.
const LONGEST_LINE: usize = 4 * 1024;

fn exchange(address: SocketAddr, path: &str, deadline: Instant) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pystart\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut text = Vec::with_capacity(512);
    loop {
        // A limit for the whole, not for each read: a server that sends a byte a second is no healthy one.
        stream.set_read_timeout(Some(left(deadline)?))?;
        let mut chunk = [0; 512];
        let length = match stream.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        text.extend_from_slice(&chunk[..length]);
        if let Some(answer) = final_answer(&text) {
            return Ok(answer);
        }
        let unfinished = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        if length == 0 || text.len() > MOST || unfinished.len() > LONGEST_LINE {
            return Ok(Answer::NotHttp);
        }
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// What the beginning of an answer says; `None` as long as that is not clear. Interim answers (1xx: RFC 9110, 15.2) say
/// nothing yet: they are skipped with their header fields.
#[must_use]
pub fn final_answer(text: &[u8]) -> Option<Answer> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n"));
    loop {
        match status_of(lines.next()??) {
            Some(100..200) => while !lines.next()??.trim_ascii().is_empty() {},
            Some(status) => return Some(Answer::Status(status)),
            None => return Some(Answer::NotHttp),
        }
    }
}

/// `HTTP/1.1 200 OK`: version, blank, three digits, and then a blank or the end of the line (RFC 9112, 4).
fn status_of(line: &[u8]) -> Option<u16> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let [b'0'..=b'9', b' ', status @ ..] = line.strip_prefix(b"HTTP/1.")? else { return None };
    let (digits, rest) = status.split_at_checked(3)?;
    let is_status = digits.iter().all(u8::is_ascii_digit) && (rest.is_empty() || rest.starts_with(b" "));
    let status = str::from_utf8(digits).ok().filter(|_| is_status)?.parse().ok()?;
    (status >= 100).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_gives_its_final_status_and_anything_else_is_not_http() {
        let rows: [(&[u8], Option<Answer>); 21] = [
            (b"HTTP/1.1 200 OK\r\n", Some(Answer::Status(200))),
            (b"HTTP/1.0 404\n", Some(Answer::Status(404))),
            (b"HTTP/1.1 404 \r\n", Some(Answer::Status(404))),
            (b"HTTP/1.1 500 \xff\n", Some(Answer::Status(500))),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\n", Some(Answer::Status(503))),
            (
                b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\n",
                Some(Answer::Status(200)),
            ),
            (b"HTTP/1.1 100 Continue\r\n", None),
            (b"HTTP/1.1 100 Continue\r\n\r\n", None),
            (b"HTTP/1.1 103 Hints\r\nHTTP/1.1 200 OK\r\n", None),
            (b"HTTP/1.1 100 Continue\r\n\r\nSSH\n", Some(Answer::NotHttp)),
            (b"HTTP/1.1 20", None),
            (b"", None),
            (b"HTTP/1.1 20\n", Some(Answer::NotHttp)),
            (b"HTTP/1.1 2000\n", Some(Answer::NotHttp)),
            (b"HTTP/1.1 200OK\n", Some(Answer::NotHttp)),
            (b"HTTP/1.1 099 x\n", Some(Answer::NotHttp)),
            (b"HTTP/1.1 +20 x\n", Some(Answer::NotHttp)),
            (b"HTTP/1.1  200\n", Some(Answer::NotHttp)),
            (b"HTTP/2 200 OK\n", Some(Answer::NotHttp)),
            (b"HTTP/1.10 200 OK\n", Some(Answer::NotHttp)),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Some(Answer::NotHttp)),
        ];
        for (text, expected) in rows {
            assert_eq!(final_answer(text), expected, "{}", text.escape_ascii());
        }
    }
}
