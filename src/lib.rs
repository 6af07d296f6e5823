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

pub mod app;
pub mod build;
pub mod capacity;
pub mod check;
pub mod cli;
pub mod command;
pub mod decision;
pub mod default_site;
pub mod detect;
pub mod environ;
pub mod error;
pub mod exec;
pub mod explain;
pub mod files;
pub mod gunicorn;
pub mod health;
pub mod init;
pub mod launch;
pub mod log;
pub mod ports;
pub mod python;
pub mod run;
pub mod session;
pub mod settings;
pub mod shell_env;
pub mod signals;
pub mod sshd;
pub mod venv;

use std::ffi::OsString;
use std::io::{self, Write as _};

use cli::{Call, Reporting};
use environ::Environ;
use error::{Failure, status};
use explain::{Report, Style};
use files::Disk;
use settings::Settings;

/// Does what the command line says, and returns the exit status. `run` does not return when all is well.
#[must_use]
pub fn main() -> u8 {
    if std::process::id() == 1 {
        // The kernel drops what PID 1 neither holds nor handles, and a stop may come at any moment from here on.
        signals::hold();
    }
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let environ = Environ::of_this_process();
    let result = match Call::parse(&args) {
        Call::Run(flags) => run::run(flags, &args, &environ),
        Call::Explain(call) => explain(call, &environ),
        Call::Answer { text, is_error } => answer(&text, is_error),
    };
    result.unwrap_or_else(|failure| {
        log::failure(&failure, &environ);
        failure.status
    })
}

fn explain(call: Reporting, environ: &Environ) -> Result<u8, Failure> {
    let directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let settings = Settings::new(call.flags, environ, &directory)?;
    run::require_root(&settings)?;
    let disk = Disk::new(&settings.app_root);
    let decision = decision::decide(&settings, &disk);
    let version = decision.gunicorn.as_ref().and_then(|gunicorn| gunicorn.version(&disk, &decision.python));
    let report = Report::new(&settings, &decision, version, &disk.reads());
    let text = if call.json { report.to_json() } else { report.to_text(Style::for_stdout(environ)) };
    print(&text)?;
    Ok(0)
}

fn answer(text: &str, is_error: bool) -> Result<u8, Failure> {
    if is_error {
        // Where standard error is closed there is nobody left to tell.
        let _ = io::stderr().write_all(text.as_bytes());
        return Ok(status::USAGE);
    }
    print(text)?;
    Ok(0)
}

/// Data goes to standard output, whole; a reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output cannot be written: {error}")).with_status(status::NO))
        }
        _ => Ok(()),
    }
}
