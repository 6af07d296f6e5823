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
mod threads;

use crate::commands::caveats::caveats;
use crate::commands::deployed;
use crate::commands::explain::{self, Style};
use crate::commands::health::{self, Question};
use crate::commands::output::{self, print};
use crate::commands::pid1;
use crate::commands::running::Running;
use crate::decide::decide;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::invocation::Invocation;
use crate::settings::{Flags, table};

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
pub fn check(flags: Flags, invocation: &Invocation) -> Result<u8, Failure> {
    let limit = table::CHECK_LIMIT.read(&flags, &invocation.environ)?.unwrap_or(table::DEFAULT_CHECK_LIMIT);
    let is_for_machines = flags.has(&table::JSON.row);
    let (settings, source) = pid1::settings(flags, invocation)?;
    let deployed = deployed::unpack_privately(settings)?;
    let (settings, disk) = (&deployed.settings, &deployed.disk);
    let decision = decide(settings, disk);
    let reads = disk.reads();
    let running = Running::find(settings, &decision, source, &reads);
    // The text does not tell who listens, only whether that is in order.
    let listeners = if is_for_machines { Running::with_listeners } else { Running::with_listeners_if_unreachable };
    let running = running.map(listeners);
    let caveats = caveats(settings, source);
    let report = explain::Report::new(&decision, &reads, running, caveats);
    let site = report.running.clone().map(|running| ask(running, &settings.environ)).transpose()?;
    let target = Target::of(&decision, settings, disk, limit, site);
    leftovers::adopt();
    let proof = prove(&target);
    leftovers::end();
    let text = if is_for_machines {
        let mut json = serde_json::json!(report);
        json["proof"] = serde_json::json!(proof);
        output::json(&json)
    } else {
        let style = Style::for_stdout(&invocation.environ);
        format!("{}\n\n{}{proof}", report.heading(style), report.caveats_text())
    };
    print(text.as_bytes())?;
    Ok(if proof.ok { 0 } else { status::NO })
}

/// Asks the site that runs.
fn ask(running: Running, environ: &Environ) -> Result<Site, Failure> {
    let question = Question::new(&Flags::default(), environ, Some(running.port))?;
    let answer = health::ask(&question);
    Ok(Site { running, question, answer })
}
