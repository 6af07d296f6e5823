//! The proof: the app is loaded by the interpreter that would serve it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use nix::libc;

use super::context::Context;
use super::observation::{Ending, Observation};
use super::packages::Packages;
use super::probe::Probe;
use super::problem::{Cause, Problem};
use super::report::Report;
use super::site::out_of_memory;
use super::target::{Start, Target};
use super::{diagnosis, program, threads};
use crate::commands::running::Memory;
use crate::commands::{build, port_taken, unreadable};
use crate::error::Failure;
use crate::model::Notice;
use crate::process::procfs::listeners;
use crate::process::refusal;

/// Proves that the target would start, or says why it would not; then that the site which runs is that one and serves.
///
/// The default site is a failure: `run` would serve a page, but not the user's, and whoever asks wants to know that.
#[must_use]
pub fn prove(target: &Target) -> Report {
    let report = match &target.start {
        Start::Gunicorn { python, arguments } => check_gunicorn(target, python, arguments),
        Start::Program { name, path } => without_loading(
            target,
            program::examine_program(name, path),
            "the program is there; what it does can only be seen by starting it",
        ),
        Start::Script { shell, text } => without_loading(
            target,
            program::examine_script(shell, text),
            "the shell can read the script; what it does can only be seen by starting it",
        ),
        Start::Impossible(Failure { message, hint, .. }) => {
            let problem = Problem { hint: hint.clone(), ..Problem::new(Cause::Impossible, message) };
            without_loading(target, Some(problem), "")
        }
        Start::DefaultSite(missing) => without_loading(target, Some(no_app(missing, target)), ""),
    };
    match &target.site {
        Some(site) => report.with_site(site),
        None => report,
    }
}

/// The default site would be served: because nothing can be read, or because nothing is there.
fn no_app(missing: &Notice, target: &Target) -> Problem {
    let unreadable = unreadable::notice(&target.app_root);
    let cause = if unreadable.is_some() { Cause::Unreadable } else { Cause::NoApp };
    let Notice { message, hint } = unreadable.unwrap_or_else(|| missing.clone());
    Problem { hint, ..Problem::new(cause, message) }
}

/// The report on a start whose program is not Python's, or that cannot be.
fn without_loading(target: &Target, problem: Option<Problem>, success: &str) -> Report {
    let problem = problem.or_else(|| target.site.as_ref()?.problem());
    let success = if target.site.is_some() { "the site runs and answers" } else { success };
    Report::new(&Observation::default(), problem, success)
}

fn check_gunicorn(target: &Target, python: &Path, arguments: &[OsString]) -> Report {
    let Target { environ, folder, app_root, limit, site, .. } = target;
    let packages = packages(target);
    let context = Context { app_root, packages: &packages, limit_seconds: limit.as_secs_f64() };
    let path = site.as_ref().filter(|site| site.answers_with_an_error()).map(|site| site.question.path.as_str());
    let probe = Probe { python, arguments, environ, folder, limit: *limit, path };
    let (seen, ending) = match probe.run() {
        Ok(told) => told,
        Err(error) => {
            let reason = refusal::reason_of_error(&error);
            let message = format!("`{}` cannot be started in `{}`: {reason}", python.display(), folder.display());
            return Report::new(&Observation::default(), Some(Problem::new(Cause::NoPython, message)), "");
        }
    };
    // What the kernel has killed for want of memory in this very attempt stands in the same count as the site's own.
    let memory =
        if ending == Ending::Signalled(libc::SIGKILL) { Memory::of_this_container() } else { Memory::default() };
    let problem = out_of_memory(&memory).or_else(|| diagnosis::diagnose(&seen, ending, &context));
    let (other, success) = match site {
        Some(site) => (site.problem(), "the app loads, and the site that runs is this one and answers"),
        None => (taken_port(&seen), "the app loads, gunicorn can serve it"),
    };
    Report { notices: threads::notices(&seen, app_root), ..Report::new(&seen, problem.or(other), success) }
}

/// Somebody listens where gunicorn would, and it is not the site.
fn taken_port(seen: &Observation) -> Option<Problem> {
    let addresses = seen.settings.as_ref().map_or(&[][..], |settings| &settings.addresses);
    let mut ports = addresses.iter().filter_map(|address| port_of(address));
    let (port, listener) = ports.find_map(|port| Some((port, listeners::listener(port)?)))?;
    let Failure { message, hint, .. } = port_taken::failure(port, Some(&listener));
    Some(Problem { hint, ..Problem::new(Cause::PortTaken, message) })
}

/// `0.0.0.0:8000`; the path of a socket and the number of a descriptor have no colon. Port 0 is any that is free.
fn port_of(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok().filter(|port| *port != 0)
}

/// The folder that the app is loaded from, as far as the start says so.
fn app_folder(target: &Target) -> PathBuf {
    let Start::Gunicorn { arguments, .. } = &target.start else { return target.folder.clone() };
    let chosen = arguments.iter().filter_map(|word| word.to_str()?.strip_prefix("--chdir=")).next_back();
    chosen.map_or_else(|| target.folder.clone(), |folder| target.folder.join(folder))
}

/// Reads what a diagnosis may need: cheap against starting Python.
fn packages(target: &Target) -> Packages {
    let versions = target.environment.iter().flat_map(|folder| fs::read_dir(folder.join("lib"))).flatten().flatten();
    let mut versions: Vec<String> = versions
        .filter(|entry| entry.path().join("site-packages").is_dir())
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("python").map(str::to_owned))
        .collect();
    versions.sort_unstable();
    let requirements = build::declared(&target.app_root, &app_folder(target), &target.environ);
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
