//! pystart starts the Python web app of a container.
//!
//! Data flows one way, and every arrow is a function:
//!
//! ```text
//! argv, environ ─▶ Call ─▶ Settings ─▶ Decision ─▶ run: exec, or stay as init
//!                                ▲          │
//!                         Files ─┘          ├─▶ explain: a report
//!                (the only reader           └─▶ check: proof by the real interpreter
//!                 of the disk)
//! ```
//!
//! The decision is a value: it can be printed, serialised and tested without starting anything.

#[forbid(unsafe_code)]
mod access_log;
pub mod allocator;
#[forbid(unsafe_code)]
pub mod cli;
#[forbid(unsafe_code)]
mod command;
pub mod commands;
#[forbid(unsafe_code)]
pub mod decide;
#[forbid(unsafe_code)]
mod default_site;
#[forbid(unsafe_code)]
mod deployed;
#[forbid(unsafe_code)]
pub mod deployment;
#[forbid(unsafe_code)]
pub mod detect;
#[forbid(unsafe_code)]
mod digest;
#[forbid(unsafe_code)]
mod embedded;
pub mod environ;
pub mod error;
#[forbid(unsafe_code)]
pub mod files;
#[forbid(unsafe_code)]
pub mod gunicorn;
mod invocation;
mod log;
#[forbid(unsafe_code)]
pub mod model;
pub mod path_text;
pub mod printable;
pub mod process;
#[forbid(unsafe_code)]
pub mod python;
#[forbid(unsafe_code)]
mod servers;
#[forbid(unsafe_code)]
pub mod settings;
#[forbid(unsafe_code)]
pub mod shell;

// The fast tests, built into one program with the library's own.
#[cfg(all(test, mutants))]
extern crate self as pystart;
#[cfg(all(test, mutants))]
#[path = "../tests/fast/mod.rs"]
mod fast;

use cli::Call;
use commands::{build, check, env, explain, health, output, run};
use invocation::Invocation;

/// Does what the command line says, and returns the exit status. `run` does not return when all is well.
#[must_use]
pub fn main() -> u8 {
    let is_pid_1 = std::process::id() == 1;
    if is_pid_1 {
        // The kernel drops what PID 1 neither holds nor handles, and a stop may come at any moment from here on.
        process::signals::hold();
    }
    let invocation = Invocation::of_this_process(is_pid_1);
    let call = Call::parse(&invocation.args);
    // A bad setting of the log is an error of every command alike; help needs none.
    let log = if matches!(call, Call::Answer { .. }) { Ok(()) } else { log::start(&invocation.environ) };
    let result = log.and_then(|()| match call {
        Call::Run(flags) => run::run(flags, &invocation),
        Call::Explain(flags) => explain::explain(flags, &invocation),
        Call::Check(flags) => check::check(flags, &invocation),
        Call::Build(flags) => build::build(flags, &invocation.environ),
        Call::Env(flags) => env::env(flags, &invocation),
        Call::Health(flags) => health::health(&flags, &invocation),
        Call::Answer { text, is_error } => output::answer(&text, is_error),
    });
    result.unwrap_or_else(|failure| {
        log::failure(&failure, &invocation.environ);
        failure.status
    })
}
