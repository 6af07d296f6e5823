//! `pystart check`: proof, by the interpreter that would serve it, that the site would start.
//!
//! The decision is the same as for `run`. Here its app is loaded as gunicorn loads it, by gunicorn's own code, without
//! binding a port; what happens is told in a person's terms. Running and diagnosing are apart: [`probe`] has the
//! effects, [`diagnosis`] has the rules.

pub mod diagnosis;
pub mod missing;
pub mod observation;
mod print;
pub mod probe;
mod program;
mod subject;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::commands::explain::{self, Style};
use crate::commands::output::print;
use crate::commands::pid1::{self, Source};
use crate::decide;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::Disk;
use crate::invocation::Invocation;
use crate::model::Notice;
use crate::process::ports;
use crate::settings::{Flags, table};
use diagnosis::{Cause, Problem, Surroundings};
use missing::Packages;
use observation::{Gunicorn, Module, Object, Observation, Python, Settings, Worker};

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
    let disk = Disk::new(&settings.app_root);
    let decision = decide::decide(&settings, &disk);
    let subject = Subject::of(&decision, &settings, &disk, limit, source == Source::Container);
    let proof = prove(&subject);
    let report = explain::Report::on(&settings, &decision, &disk);
    let text = if is_for_machines {
        let mut json = serde_json::json!(report);
        json["proof"] = serde_json::json!(proof);
        format!("{json:#}\n")
    } else {
        let explanation = report.to_text(Style::for_stdout(&invocation.environ));
        format!("{}\n\n{proof}", explanation.lines().next().unwrap_or_default())
    };
    print(text.as_bytes())?;
    Ok(if proof.ok { 0 } else { status::NO })
}

/// What is to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What `run` would start.
    pub target: Target,
    /// The environment it would get.
    pub environ: Environ,
    /// The directory it would be started in.
    pub folder: PathBuf,
    /// The app root.
    pub app_root: PathBuf,
    /// The virtual environment in use.
    pub environment: Option<PathBuf>,
    /// For loading the app.
    pub limit: Duration,
    /// Is this the container in which the site runs already? Then its own listener is no obstacle.
    pub site_runs: bool,
}

/// What `run` would start, as far as that matters for proving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// gunicorn, found or given.
    Gunicorn {
        /// The interpreter that runs it.
        python: PathBuf,
        /// The words after `gunicorn`.
        arguments: Vec<OsString>,
    },
    /// Another program.
    Program {
        /// Its name, as given.
        name: OsString,
        /// Where it is.
        path: PathBuf,
    },
    /// A script, or a command in shell syntax.
    Script {
        /// The shell.
        shell: PathBuf,
        /// The text it reads.
        text: Vec<u8>,
    },
    /// The default site: nothing of the user's was found.
    DefaultSite,
    /// Nothing: `run` would end with this.
    Impossible(Failure),
}

/// What was established, for people (`Display`) and for machines (`Serialize`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Would `run` serve the user's site?
    pub ok: bool,
    /// The verdict in a sentence; the problem's message if there is one.
    pub summary: String,
    /// The interpreter, once it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<Python>,
    /// gunicorn, once imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gunicorn: Option<Gunicorn>,
    /// Its settings, once read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// Its worker class, once imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<Worker>,
    /// The app's module, once imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<Module>,
    /// The app, once loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// Why it would not start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What is worth knowing besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// Proves that the subject would start, or says why it would not.
///
/// The default site is a failure: `run` would serve a page, but not the user's, and whoever asks wants to know that.
#[must_use]
pub fn prove(subject: &Subject) -> Report {
    match &subject.target {
        Target::Gunicorn { python, arguments } => check_gunicorn(subject, python, arguments),
        Target::Program { name, path } => report(
            &Observation::default(),
            program::examine_program(name, path),
            "the program is there; what it does can only be seen by starting it",
        ),
        Target::Script { shell, text } => report(
            &Observation::default(),
            program::examine_script(shell, text),
            "the shell can read the script; what it does can only be seen by starting it",
        ),
        Target::Impossible(Failure { message, hint, .. }) => {
            let problem = Problem { hint: hint.clone(), ..Problem::new(Cause::Impossible, message) };
            report(&Observation::default(), Some(problem), "")
        }
        Target::DefaultSite => report(
            &Observation::default(),
            Some(
                Problem::new(Cause::NoApp, "no app of yours was found: the default site would be served")
                    .with_hint("`pystart explain` tells what was looked for and what is there instead"),
            ),
            "",
        ),
    }
}

fn check_gunicorn(subject: &Subject, python: &Path, arguments: &[OsString]) -> Report {
    let Subject { environ, folder, app_root, limit, .. } = subject;
    let packages = packages(subject);
    let around = Surroundings { app_root, packages: &packages, limit_seconds: limit.as_secs_f64() };
    let (seen, ending) = match probe::run(python, arguments, environ, folder, *limit) {
        Ok(told) => told,
        Err(error) => {
            let message = format!("`{}` cannot be started in `{}`: {error}", python.display(), folder.display());
            return report(&Observation::default(), Some(Problem::new(Cause::NoPython, message)), "");
        }
    };
    let problem = diagnosis::diagnose(&seen, ending, &around);
    let addresses = seen.settings.as_ref().map_or(&[][..], |settings| &settings.addresses);
    let listener =
        addresses.iter().filter_map(|address| port_of(address)).find_map(|port| Some((port, ports::listener(port)?)));
    match (problem, listener) {
        (None, Some((port, listener))) if subject.site_runs => {
            let mut report = report(&seen, None, "the app loads, and the site runs");
            report.notices.push(Notice { message: format!("port {port} is served by {listener}"), hint: None });
            report
        }
        (None, Some((port, listener))) => report(&seen, Some(port_taken(port, &listener)), ""),
        (problem, _) => report(&seen, problem, "the app loads, gunicorn can serve it"),
    }
}

/// The problem of a port that somebody else listens on; also what `run` says before it starts anything.
#[must_use]
pub fn port_taken(port: u16, listener: &ports::Listener) -> Problem {
    Problem::new(Cause::PortTaken, format!("port {port} is taken by {listener}"))
        .with_hint("stop it, or choose another port with `--port`; `pystart explain` starts nothing")
}

/// `0.0.0.0:8000`; the path of a socket and the number of a descriptor have no colon. Port 0 is any that is free.
fn port_of(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok().filter(|port| *port != 0)
}

fn report(seen: &Observation, problem: Option<Problem>, praise: &str) -> Report {
    let seen = seen.clone();
    Report {
        ok: problem.is_none(),
        summary: problem.as_ref().map_or_else(|| praise.to_owned(), |problem| problem.message.clone()),
        python: seen.python,
        gunicorn: seen.gunicorn,
        settings: seen.settings,
        worker: seen.worker,
        module: seen.module,
        object: seen.object,
        problem,
        notices: Vec::new(),
    }
}

/// Reads what a diagnosis may need: cheap against starting Python.
fn packages(subject: &Subject) -> Packages {
    let versions = subject.environment.iter().flat_map(|folder| fs::read_dir(folder.join("lib"))).flatten().flatten();
    let mut versions: Vec<String> = versions
        .filter(|entry| entry.path().join("site-packages").is_dir())
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("python").map(str::to_owned))
        .collect();
    versions.sort_unstable();
    let requirements = ["requirements.txt", "pyproject.toml", "setup.py"].into_iter().find_map(|name| {
        let text = fs::read(subject.app_root.join(name)).ok()?;
        Some((name.to_owned(), String::from_utf8_lossy(&text).into_owned()))
    });
    Packages {
        environment: subject.environment.clone(),
        versions,
        requirements,
        modules: program::modules(&subject.app_root),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_a_host_has_a_port_to_ask_for() {
        let rows = [("0.0.0.0:8000", Some(8000)), ("::1:81", Some(81)), ("[::]:82", Some(82)), ("/run/x.sock", None)];
        for (address, port) in rows.into_iter().chain([("127.0.0.1:0", None), ("3", None)]) {
            assert_eq!(port_of(address), port, "{address}");
        }
    }
}
