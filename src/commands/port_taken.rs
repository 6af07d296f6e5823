//! What is said of a port that somebody else listens on, whoever finds out.

use crate::error::{Failure, status};
use crate::process::procfs::listeners::Listener;

/// The failure; `listener` is who has the port, if the kernel tells.
pub(crate) fn failure(port: u16, listener: Option<&Listener>) -> Failure {
    let who = listener.map_or_else(|| "another process".into(), ToString::to_string);
    Failure::usage(format!("port {port} is taken by {who}"))
        .with_status(status::NO)
        .with_hint("stop it, or choose another port with `--port N`; `pystart explain` tells what would start here")
}
