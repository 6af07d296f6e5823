//! From the start of a command to its first answer with status 200.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port that nobody listens on.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("0.0.0.0", 0))?.local_addr()?.port())
}

/// Milliseconds until the server that the command starts answers on this port; then it is stopped.
pub(crate) fn first(command: &mut Command, port: u16) -> io::Result<f64> {
    let start = Instant::now();
    let mut server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let answer = loop {
        if answers(port).unwrap_or(false) {
            break Ok(start.elapsed().as_secs_f64() * 1e3);
        }
        if start.elapsed() > PATIENCE || server.try_wait()?.is_some() {
            break Err(io::Error::other(format!("{command:?} does not answer")));
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    let _ = kill(Pid::from_raw(server.id().cast_signed()), Signal::SIGTERM);
    server.wait()?;
    answer
}

fn answers(port: u16) -> io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(answer.ends_with(b" 200"))
}
