//! What is said of a port that somebody else listens on, whoever finds out.

use crate::error::{Failure, status};
use crate::invocation::Invocation;
use crate::process::port;
use crate::process::procfs::listeners::{self, Listener};

/// By hand in a running container the port is usually the site's: gunicorn would try for five seconds and then say
/// less. As PID 1 there is nobody else to ask.
///
/// # Errors
///
/// Somebody listens on the port.
pub(crate) fn require_free(port: Option<u16>, invocation: &Invocation) -> Result<(), Failure> {
    match port.filter(|_| !invocation.is_pid_1) {
        Some(port) if !port::is_free(port) => Err(failure(port, listeners::listener(port).as_ref())),
        _ => Ok(()),
    }
}

/// The failure; `listener` is who has the port, if the kernel tells.
pub(crate) fn failure(port: u16, listener: Option<&Listener>) -> Failure {
    let who = listener.map_or_else(|| "another process".into(), ToString::to_string);
    Failure::usage(format!("port {port} is taken by {who}"))
        .with_status(status::NO)
        .with_hint("stop it, or choose another port with `--port N`; `pystart explain` tells what would start here")
}
