//! `pystart check`: proof, by the interpreter that would serve it, that the site would start.
//!
//! The decision is the same as for `run`. Here its app is loaded as gunicorn loads it, by gunicorn's own code, without
//! binding a port; what happens is told in a person's terms. Running and diagnosing are apart: [`probe`] has the
//! effects, [`diagnosis`] has the rules.

mod context;
mod diagnosis;
mod leftovers;
mod lines;
mod missing_module;
mod observation;
mod packages;
mod probe;
mod problem;
mod program;
mod prove;
mod report;
mod site;
mod target;
mod text;
mod unreadable;

use std::ffi::OsString;
use std::time::Duration;

use crate::cli::Reporting;
use crate::commands::explain::{self, Style};
use crate::commands::health::{self, Question};
use crate::commands::output::print;
use crate::commands::pid1;
use crate::commands::running::Running;
use crate::decide;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::Disk;
use crate::settings::{SECONDS_FORM, bad_value, seconds};

pub use observation::Calling;
pub use problem::{Cause, Line, Problem};
pub use prove::prove;
pub use report::Report;
pub use site::Site;
pub use target::{Start, Target};

/// `pystart check`: the decision in one line, then the proof; as JSON the whole explanation, with the proof in `proof`.
/// Returns the exit status.
///
/// # Errors
///
/// A bad setting, or standard output that cannot be written.
pub fn check(call: Reporting, environ: &Environ) -> Result<u8, Failure> {
    let limit = time_limit(call.limit, environ)?;
    let (settings, source) = pid1::settings(call.flags, environ)?;
    let disk = Disk::new(&settings.app_root);
    let decision = decide::decide(&settings, &disk);
    let report = explain::Report::on(&settings, &decision, &disk, source);
    let site = report.running.clone().map(|running| ask(running, environ)).transpose()?;
    let target = Target::of(&decision, &settings, &disk, limit, site);
    leftovers::adopt();
    let proof = prove(&target);
    leftovers::end();
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

/// Asks the site that runs.
fn ask(running: Running, environ: &Environ) -> Result<Site, Failure> {
    let question = Question::new(health::Flags::default(), environ, Some(running.port))?;
    let answer = health::ask(&question);
    Ok(Site { running, question, answer })
}

/// How long loading may take unless the user says otherwise.
pub const TIME_LIMIT: Duration = Duration::from_mins(1);

/// How long loading may take: flag, then variable, then default.
///
/// # Errors
///
/// A value that is no time limit.
pub fn time_limit(flag: Option<OsString>, environ: &Environ) -> Result<Duration, Failure> {
    const VARIABLE: &str = "PYSTART_CHECK_TIMEOUT";
    let given = match flag {
        Some(value) => Some(("--time-limit", value)),
        None => environ.filled(VARIABLE).map(|value| (VARIABLE, value.to_owned())),
    };
    let Some((name, value)) = given else { return Ok(TIME_LIMIT) };
    seconds(&value).ok_or_else(|| bad_value(name, SECONDS_FORM))
}
