//! The proof: the app is loaded by the interpreter that would serve it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::context::Context;
use super::observation::Observation;
use super::packages::Packages;
use super::problem::{Cause, Problem};
use super::report::Report;
use super::target::{Start, Target};
use super::{diagnosis, probe, program};
use crate::commands::port_taken;
use crate::error::Failure;
use crate::model::Notice;
use crate::process::procfs::listeners;

/// Proves that the target would start, or says why it would not.
///
/// The default site is a failure: `run` would serve a page, but not the user's, and whoever asks wants to know that.
#[must_use]
pub fn prove(target: &Target) -> Report {
    match &target.start {
        Start::Gunicorn { python, arguments } => check_gunicorn(target, python, arguments),
        Start::Program { name, path } => Report::new(
            &Observation::default(),
            program::examine_program(name, path),
            "the program is there; what it does can only be seen by starting it",
        ),
        Start::Script { shell, text } => Report::new(
            &Observation::default(),
            program::examine_script(shell, text),
            "the shell can read the script; what it does can only be seen by starting it",
        ),
        Start::Impossible(Failure { message, hint, .. }) => {
            let problem = Problem { hint: hint.clone(), ..Problem::new(Cause::Impossible, message) };
            Report::new(&Observation::default(), Some(problem), "")
        }
        Start::DefaultSite => Report::new(
            &Observation::default(),
            Some(
                Problem::new(Cause::NoApp, "no app of yours was found: the default site would be served")
                    .with_hint("`pystart explain` tells what was looked for and what is there instead"),
            ),
            "",
        ),
    }
}

fn check_gunicorn(target: &Target, python: &Path, arguments: &[OsString]) -> Report {
    let Target { environ, folder, app_root, limit, .. } = target;
    let packages = packages(target);
    let context = Context { app_root, packages: &packages, limit_seconds: limit.as_secs_f64() };
    let (seen, ending) = match probe::run(python, arguments, environ, folder, *limit) {
        Ok(told) => told,
        Err(error) => {
            let message = format!("`{}` cannot be started in `{}`: {error}", python.display(), folder.display());
            return Report::new(&Observation::default(), Some(Problem::new(Cause::NoPython, message)), "");
        }
    };
    let problem = diagnosis::diagnose(&seen, ending, &context);
    let addresses = seen.settings.as_ref().map_or(&[][..], |settings| &settings.addresses);
    let listener = addresses
        .iter()
        .filter_map(|address| port_of(address))
        .find_map(|port| Some((port, listeners::listener(port)?)));
    match (problem, listener) {
        (None, Some((port, listener))) if target.site_runs => {
            let mut report = Report::new(&seen, None, "the app loads, and the site runs");
            report.notices.push(Notice { message: format!("port {port} is served by {listener}"), hint: None });
            report
        }
        (None, Some((port, listener))) => Report::new(&seen, Some(port_taken(port, &listener)), ""),
        (problem, _) => Report::new(&seen, problem, "the app loads, gunicorn can serve it"),
    }
}

/// The problem of a port that somebody else listens on.
fn port_taken(port: u16, listener: &listeners::Listener) -> Problem {
    let Failure { message, hint, .. } = port_taken::failure(port, Some(listener));
    Problem { hint, ..Problem::new(Cause::PortTaken, message) }
}

/// `0.0.0.0:8000`; the path of a socket and the number of a descriptor have no colon. Port 0 is any that is free.
fn port_of(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok().filter(|port| *port != 0)
}

/// Reads what a diagnosis may need: cheap against starting Python.
fn packages(target: &Target) -> Packages {
    let versions = target.environment.iter().flat_map(|folder| fs::read_dir(folder.join("lib"))).flatten().flatten();
    let mut versions: Vec<String> = versions
        .filter(|entry| entry.path().join("site-packages").is_dir())
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("python").map(str::to_owned))
        .collect();
    versions.sort_unstable();
    let requirements = ["requirements.txt", "pyproject.toml", "setup.py"].into_iter().find_map(|name| {
        let text = fs::read(target.app_root.join(name)).ok()?;
        Some((name.to_owned(), String::from_utf8_lossy(&text).into_owned()))
    });
    Packages {
        environment: target.environment.clone(),
        versions,
        requirements,
        modules: program::modules(&target.app_root),
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
