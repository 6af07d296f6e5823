//! pystart starts the Python web app of a container.
//!
//! Data flows one way, and every arrow is a function:
//!
//! ```text
//! argv, environ ─▶ Cli ─▶ Settings ─▶ Decision ─▶ run: exec, or stay as init
//!                               ▲          │
//!                        Files ─┘          ├─▶ explain: a report
//!               (the only reader           └─▶ check: proof by the real interpreter
//!                of the disk)
//! ```
//!
//! The decision is a value: it can be printed, serialised and tested without starting anything.

pub mod arena;
pub mod cli;
pub mod command;
pub mod commands;
pub mod decide;
pub mod default_site;
pub mod detect;
mod digest;
pub mod environ;
pub mod error;
pub mod files;
pub mod gunicorn;
pub mod log;
pub mod model;
pub mod process;
pub mod python;
pub mod settings;
pub mod shell;

use std::ffi::OsString;

use cli::Call;
use commands::{build, check, env, explain, health, output, run};
use environ::Environ;

/// Does what the command line says, and returns the exit status. `run` does not return when all is well.
#[must_use]
pub fn main() -> u8 {
    if std::process::id() == 1 {
        // The kernel drops what PID 1 neither holds nor handles, and a stop may come at any moment from here on.
        process::signals::hold();
    }
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let environ = Environ::of_this_process();
    let result = match Call::parse(&args) {
        Call::Run(flags) => run::run(flags, &args, &environ),
        Call::Explain(call) => explain::explain(call, &environ),
        Call::Check(call) => check::check(call, &environ),
        Call::Build(flags) => build::build(flags, &environ),
        Call::Env(call) => env::env(call, &environ),
        Call::Health(flags) => health::health(flags, &environ),
        Call::Answer { text, is_error } => output::answer(&text, is_error),
    };
    result.unwrap_or_else(|failure| {
        log::failure(&failure, &environ);
        failure.status
    })
}
