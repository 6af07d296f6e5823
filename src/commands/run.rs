//! `pystart run`: the decision is made, then done.

use std::ffi::OsStr;
use std::path::Path;

use nix::errno::Errno;

use super::{app_root, build, deployed, pid1, port_taken};
use crate::decide::{BeforeStart, Decision, decide, decide_without_command, expected_port};
use crate::deployment;
use crate::error::{Failure, status};
use crate::files::Disk;
use crate::invocation::Invocation;
use crate::log;
use crate::model::{Evidence, Launch, Mode, Notice, Step, Verdict};
use crate::process::exec::{Image, NotReplaced, variable};
use crate::process::init::{self, ExpectedPort, Supervision};
use crate::process::refusal::{self, Shortage};
use crate::process::run_to_end::{Ended, run_to_end};
use crate::process::{signals, sshd};
use crate::settings::{Flags, Settings};
use crate::shell::{redact, words};

/// Starts the site. Returns only when there is nothing left to look after: the exit status.
///
/// # Errors
///
/// The site cannot be started; the failure has the status to end with.
pub(crate) fn run(flags: Flags, invocation: &Invocation) -> Result<u8, Failure> {
    signals::hold();
    let settings = app_root::settings(flags, &invocation.environ)?;
    if invocation.is_pid_1 {
        start_sshd(&settings);
    }
    let (settings, disk) = deployed::require_unpacked(settings, invocation)?;
    let (settings, disk) = if settings.build { build_first(settings, disk, invocation)? } else { (settings, disk) };
    let decision = decide(&settings, &disk);
    let refusal = match attempt(&decision, &[], &settings, invocation) {
        // The kernel refuses what looked right: a processing error like any other.
        Err(NotStarted::Refused(failure)) if decision.step == Step::Custom && !settings.strict => failure,
        ended => return ended.map_err(NotStarted::into_failure),
    };
    let next = decide_without_command(&settings, &disk, &refusal);
    attempt(&next, &decision.notices, &settings, invocation).map_err(NotStarted::into_failure)
}

/// Why there is no server.
enum NotStarted {
    /// The command itself cannot be executed.
    Refused(Failure),
    /// Anything else: another command would fare no better.
    Impossible(Failure),
}

impl NotStarted {
    fn into_failure(self) -> Failure {
        match self {
            Self::Refused(failure) | Self::Impossible(failure) => failure,
        }
    }
}

impl From<Failure> for NotStarted {
    fn from(failure: Failure) -> Self {
        Self::Impossible(failure)
    }
}

/// Does what was decided; `told` is what was said already, and is not said again.
fn attempt(
    decision: &Decision,
    told: &[Notice],
    settings: &Settings,
    invocation: &Invocation,
) -> Result<u8, NotStarted> {
    let port = port_taken::require_free(decision.port, invocation);
    let is_refused = |fact: &Evidence| fact.step == Step::Custom && fact.verdict == Verdict::Rejected;
    // Of a start that is not tried nothing need be said, but why it is not the one that was asked for.
    if port.is_ok() || decision.evidence.iter().any(is_refused) {
        for notice in decision.notices.iter().filter(|notice| !told.contains(notice)) {
            log::notice(notice);
        }
    }
    port?;
    announce(decision);
    let launch = decision.outcome.as_ref().map_err(Clone::clone)?;
    if let Some(before) = &decision.before {
        run_before(before, invocation)?;
    }
    for copy in &launch.copies {
        copy.write()?;
    }
    start(launch, settings, invocation)
}

/// Runs what is to be done before the server is started; nothing is started unless it ends well.
fn run_before(before: &BeforeStart, invocation: &Invocation) -> Result<(), Failure> {
    let from = &before.from;
    let named = |failure: &Failure| Failure {
        message: format!("the command of `{from}` cannot be run: {}", failure.message),
        ..failure.clone()
    };
    let launch = before.outcome.as_ref().map_err(named)?;
    tracing::info!("before the server: {}", words::join(&launch.argv).display());
    let ended = run_to_end(launch, invocation.is_pid_1);
    let ended = ended.map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
        named(&cannot_start(&launch.program, errno).into_failure())
    })?;
    match ended {
        Ended::Exit(0) => Ok(()),
        Ended::Exit(status) => Err(Failure::usage(format!("the command of `{from}` failed with status {status}"))
            .with_status(status)
            .with_hint("its own message stands above; the server is not started")),
        Ended::Stopped(signal) => {
            Err(Failure::usage(format!("the command of `{from}` was stopped by signal {signal}"))
                .with_status(128 + u8::try_from(signal).unwrap_or_default()))
        }
    }
}

/// Makes or refreshes the environment. By hand while the site runs nothing is changed: the port is asked for first.
fn build_first(settings: Settings, disk: Disk, invocation: &Invocation) -> Result<(Settings, Disk), Failure> {
    port_taken::require_free(expected_port(&settings, &disk), invocation)?;
    let report = build::for_settings(&settings)?;
    if report.outcome == build::Outcome::InArchive {
        return Ok((settings, disk));
    }
    // What is in the app root has changed.
    let disk = Disk::new(&settings.app_root);
    Ok((settings.with_environment(report.environment), disk))
}

/// sshd is for the platform's tunnel into the container: nothing that somebody runs by hand starts a second one.
fn start_sshd(settings: &Settings) {
    let Some(port) = settings.ssh_port else { return };
    if !nix::unistd::geteuid().is_root() {
        tracing::info!("no SSH: `SSH_PORT` is set, but sshd needs root");
    } else if let Err(error) = sshd::start(port) {
        let hint = error.downcast_ref::<Failure>().and_then(|failure| failure.hint.as_deref());
        tracing::warn!(hint, "no SSH, the app is not affected: {error:#}");
    }
}

/// A few lines that say what was decided and why.
fn announce(decision: &Decision) {
    for fact in &decision.evidence {
        tracing::debug!("{:?}: {}: {:?}, {}", fact.step, fact.subject, fact.verdict, fact.reason);
    }
    if let Some(source) = decision.source.as_ref().and_then(deployment::Report::described) {
        tracing::info!("source: {source}");
    }
    let what = match (&decision.app, decision.step) {
        (Some(app), _) => format!("{} app: {}", app.framework, app.reason),
        (None, Step::Custom) => format!("custom command: {}", reading(decision)),
        (None, Step::Declared) => format!("declared start: {}", settled_by(decision)),
        (None, Step::OwnServer) => format!("app with its own server: {}", settled_by(decision)),
        (None, _) => "the default site; `pystart explain` tells what was looked at".to_owned(),
    };
    let Ok(launch) = &decision.outcome else { return tracing::info!("{what}") };
    tracing::info!("{what}; {}", circumstances(decision, launch));
    let verb = if launch.mode == Mode::Exec { "exec" } else { "init for" };
    tracing::info!("{verb} {}", words::join(redact::without_values(&launch.argv)).display());
}

/// Workers, port and version: "2 workers, port 8000; pystart 0.2.0".
fn circumstances(decision: &Decision, launch: &Launch) -> String {
    let concurrency = decision.concurrency.as_ref().map(|concurrency| format!("{concurrency}, "));
    let port = decision.port.or(launch.expected_port).map(|port| format!("port {port}; "));
    let version = concat!("pystart ", env!("CARGO_PKG_VERSION")).to_owned();
    [concurrency, port, Some(version)].into_iter().flatten().collect()
}

fn reading(decision: &Decision) -> &str {
    decision.evidence.first().map_or("", |fact| fact.reason.as_str())
}

/// What was looked at last in the step that counts: a file, `` `web` in `Procfile` ``.
fn settled_by(decision: &Decision) -> String {
    let fact = decision.evidence.iter().rfind(|fact| fact.step == decision.step);
    fact.map_or_else(String::new, |fact| format!("{}: {}", fact.subject, fact.reason))
}

fn start(launch: &Launch, settings: &Settings, invocation: &Invocation) -> Result<u8, NotStarted> {
    enter(&launch.directory)?;
    let given = invocation.is_pid_1.then(|| pid1::given(&invocation.args)).filter(|given| pid1::fits(given));
    let program = launch.program.as_os_str();
    let refused = match launch.mode {
        Mode::Exec => {
            let mut environ = launch.environ.clone();
            if let Some(given) = given {
                environ.set(pid1::GIVEN, given);
            }
            match Image::new(program, &launch.argv, &environ).replace() {
                NotReplaced::Stopped { signal } => return Ok(128 + u8::try_from(signal).unwrap_or_default()),
                NotReplaced::Failed(errno) => errno,
            }
        }
        Mode::Init => {
            let supervision = Supervision {
                grace: settings.grace,
                shell: launch.is_shell,
                drain: settings.drain,
                expected: launch.expected_port.map(ExpectedPort::new),
            };
            let image = Image::new(program, &launch.argv, &launch.environ);
            let own_variable = given.map(|given| variable(OsStr::new(pid1::GIVEN), &given));
            match init::supervise(&image, &supervision, own_variable.as_deref()) {
                Ok(status) => return Ok(status),
                Err(errno) => errno,
            }
        }
    };
    Err(cannot_start(&launch.program, refused))
}

fn enter(directory: &Path) -> Result<(), Failure> {
    // Where we are already, nothing changes: the name of the folder stays the one that the caller knows.
    if std::env::current_dir().is_ok_and(|own| own == directory) {
        return Ok(());
    }
    std::env::set_current_dir(directory).map_err(|error| {
        Failure::usage(format!("the folder `{}` cannot be entered: {error}", directory.display()))
            .with_hint("make it readable and searchable for the user that the container runs as")
    })
}

/// What the kernel says of a program that it does not execute. Memory, processes and descriptors that are used up, or
/// arguments and variables that are too long, are no fault of the command: any other would meet the same.
fn cannot_start(program: &Path, errno: Errno) -> NotStarted {
    let (status, hint) = match errno {
        Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENAMETOOLONG => {
            (status::NOT_FOUND, "check the path, and the interpreter in the first line if it is a script")
        }
        Errno::ENOEXEC | Errno::ELIBBAD | Errno::EINVAL => {
            (status::NOT_EXECUTABLE, "it is built for another machine, or is no program at all")
        }
        Errno::EACCES | Errno::EISDIR => {
            (status::NOT_EXECUTABLE, "set its execute bit, and check that its folder is not mounted noexec")
        }
        Errno::ETXTBSY => (status::NOT_EXECUTABLE, "something still writes to it: wait until it is complete"),
        Errno::E2BIG => {
            let hint = "make the arguments or the variables shorter: one may have 128 KiB, see execve(2)";
            return NotStarted::Impossible(failed(program, errno, hint));
        }
        _ => {
            let hint = Shortage::of(errno)
                .map_or("it is not the command: see execve(2) for what the kernel means", Shortage::hint);
            return NotStarted::Impossible(failed(program, errno, hint));
        }
    };
    NotStarted::Refused(failed(program, errno, hint).with_status(status))
}

fn failed(program: &Path, errno: Errno, hint: &str) -> Failure {
    Failure::usage(format!("`{}` cannot be started: {}", program.display(), refusal::reason(errno)))
        .with_status(status::NOT_EXECUTABLE)
        .with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_refuses_has_the_status_that_a_shell_gives_it() {
        let rows = [(Errno::ENOENT, 127), (Errno::ENOEXEC, 126), (Errno::EACCES, 126), (Errno::ETXTBSY, 126)];
        for (errno, status) in rows {
            let NotStarted::Refused(failure) = cannot_start(Path::new("/x"), errno) else { panic!("{errno}") };
            assert_eq!((failure.status, failure.hint.is_some()), (status, true), "{errno}");
            assert!(failure.message.starts_with("`/x` cannot be started: "), "{failure}");
        }
    }

    #[test]
    fn what_any_other_command_would_meet_too_is_no_fault_of_this_one() {
        for errno in
            [Errno::EAGAIN, Errno::ENOMEM, Errno::E2BIG, Errno::EMFILE, Errno::ENFILE, Errno::EIO, Errno::EPERM]
        {
            let NotStarted::Impossible(failure) = cannot_start(Path::new("/x"), errno) else { panic!("{errno}") };
            assert_eq!((failure.status, failure.hint.is_some()), (126, true), "{errno}");
        }
    }
}
