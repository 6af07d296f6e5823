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
pub mod arena;
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
use std::path::Path;

use cli::{Call, Reporting};
use decision::Decision;
use environ::Environ;
use error::{Failure, status};
use explain::{Report, Style};
use files::Disk;
use session::{Session, Source};
use settings::{Flags, Settings};

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
        Call::Check(call) => check(call, &environ),
        Call::Build(flags) => build(flags, &environ),
        Call::Env(call) => env(call, &environ),
        Call::Health(flags) => health(flags, &environ),
        Call::Answer { text, is_error } => answer(&text, is_error),
    };
    result.unwrap_or_else(|failure| {
        log::failure(&failure, &environ);
        failure.status
    })
}

fn explain(call: Reporting, environ: &Environ) -> Result<u8, Failure> {
    let (settings, _) = by_hand(call.flags, environ)?;
    let disk = Disk::new(&settings.app_root);
    let report = explained(&settings, &decision::decide(&settings, &disk), &disk);
    let text = if call.json { report.to_json() } else { report.to_text(Style::for_stdout(environ)) };
    print(text.as_bytes())?;
    Ok(0)
}

fn explained(settings: &Settings, decision: &Decision, disk: &Disk) -> Report {
    let version = decision.gunicorn.as_ref().and_then(|gunicorn| gunicorn.version(disk, &decision.python));
    Report::new(settings, decision, version, &disk.reads())
}

/// The decision in one line, then the proof; as JSON the whole explanation, with the proof in `proof`.
fn check(call: Reporting, environ: &Environ) -> Result<u8, Failure> {
    let limit = check::time_limit(call.limit, environ)?;
    let (settings, source) = by_hand(call.flags, environ)?;
    let disk = Disk::new(&settings.app_root);
    let decision = decision::decide(&settings, &disk);
    let subject = check::Subject::of(&decision, &settings, &disk, limit, source == Source::Container);
    let proof = check::check(&subject);
    let report = explained(&settings, &decision, &disk);
    let text = if call.json {
        let mut json = serde_json::json!(report);
        json["proof"] = serde_json::json!(proof);
        format!("{json:#}\n")
    } else {
        let explanation = report.to_text(Style::for_stdout(environ));
        format!("{}\n\n{proof}", explanation.lines().next().unwrap_or_default())
    };
    print(text.as_bytes())?;
    Ok(if proof.ok { 0 } else { status::NO })
}

fn build(flags: Flags, environ: &Environ) -> Result<u8, Failure> {
    log::start(environ)?;
    let settings = run::checked_settings(flags, environ)?;
    build::for_settings(&settings)?;
    Ok(0)
}

fn env(call: Reporting, environ: &Environ) -> Result<u8, Failure> {
    let session = Session::find(environ);
    // A container's app has what it got; elsewhere it is what it would get.
    let app = match session.source {
        Source::Container => session.environ,
        Source::Process => {
            let (settings, _) = by_hand(call.flags, environ)?;
            let disk = Disk::new(&settings.app_root);
            let decision = decision::decide(&settings, &disk);
            if let Ok(launch) = decision.outcome {
                launch.environ
            } else {
                // Nothing can be started; the environment is wanted all the more.
                let mut environ = settings.environ;
                decision.python.enter(&mut environ, false);
                environ
            }
        }
    };
    let source = session.source;
    print(&if call.json { shell_env::json(&app, source).into_bytes() } else { shell_env::exports(&app, source) })?;
    Ok(0)
}

fn health(flags: health::Flags, environ: &Environ) -> Result<u8, Failure> {
    let typed = Flags { port: flags.port.clone(), ..Flags::default() };
    let session = Session::find(environ);
    let settings = Settings::new(session.flags(typed), &session.environ, Path::new("/"))?;
    let question = health::Question::new(flags, environ, settings.port)?;
    let answer = health::ask(&question);
    print(format!("{}\n", answer.line(&question)).as_bytes())?;
    Ok(if answer.is_healthy() { 0 } else { status::NO })
}

/// The settings of a call that reports on the site: in its container those of PID 1, unless others are typed.
fn by_hand(flags: Flags, environ: &Environ) -> Result<(Settings, Source), Failure> {
    let session = Session::find(environ);
    let mut settings = run::checked_settings(session.flags(flags), &session.environ)?;
    if settings.build {
        settings.environment = build::cached_environment(&settings.app_root, &settings.environ);
    }
    Ok((settings, session.source))
}

fn answer(text: &str, is_error: bool) -> Result<u8, Failure> {
    if is_error {
        // Where standard error is closed there is nobody left to tell.
        let _ = io::stderr().write_all(text.as_bytes());
        return Ok(status::USAGE);
    }
    print(text.as_bytes())?;
    Ok(0)
}

/// Data goes to standard output, whole; a reader that has seen enough (`| head`) is no error.
fn print(data: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(data).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output cannot be written: {error}")).with_status(status::NO))
        }
        _ => Ok(()),
    }
}
