//! An app under a server that is there where gunicorn is not.

use super::choice::{Inputs, Server, Start};
use crate::model::WebApp;
use crate::process::cgroup;
use crate::servers::{self, Served};
use crate::settings::{DEFAULT_PORT, Workers};

/// The start under the first server that is installed and can serve the app.
///
/// # Errors
///
/// There is none; those that are installed and cannot call the factory.
pub(super) fn start(app: &WebApp, inputs: &Inputs) -> Result<Start, Vec<&'static str>> {
    let workers = match inputs.settings.workers {
        Workers::Auto => Some(cgroup::Limits::of_this_container(inputs.files).workers().to_string()),
        Workers::AsSet => {
            inputs.settings.environ.filled("WEB_CONCURRENCY").map(|set| set.to_string_lossy().into_owned())
        }
    };
    let served = Served {
        module: &app.module,
        object: app.object.as_deref().unwrap_or("application"),
        interface: app.interface,
        port: inputs.settings.port.unwrap_or(DEFAULT_PORT),
        workers: workers.as_deref(),
    };
    let found = servers::find(&served, inputs.files, &inputs.python)?;
    Ok(Start {
        program: found.program,
        argv: found.argv,
        folder: app.folder.clone(),
        needs_lent_packages: !inputs.python.runs_own_interpreter(),
        copies: Vec::new(),
        variables: Vec::new(),
        server: Server::Program,
    })
}
