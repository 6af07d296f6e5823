//! `pystart run`: the decision is made, then done.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use nix::errno::Errno;

use crate::decide::{Decision, decide};
use crate::default_site;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::Disk;
use crate::gunicorn::arguments::with_path;
use crate::invocation::Invocation;
use crate::log;
use crate::model::Step;
use crate::model::{Launch, Mode};
use crate::process::exec::{Image, NotReplaced, variable};
use crate::process::init::{self, Supervision};
use crate::process::ports;
use crate::process::signals;
use crate::process::sshd;
use crate::settings::{Flags, Settings};
use crate::shell::words;

/// The variable that tells a session in the container what PID 1 was given. `execve` replaces the arguments of PID 1,
/// but not this: the words of its command line, each quoted for a shell.
pub const GIVEN: &str = "PYSTART_PID1";

/// Starts the site. Returns only when there is nothing left to look after: the exit status.
///
/// # Errors
///
/// The site cannot be started; the failure has the status to end with.
pub fn run(flags: Flags, invocation: &Invocation) -> Result<u8, Failure> {
    signals::hold();
    log::start(&invocation.environ)?;
    let mut settings = checked_settings(flags, &invocation.environ)?;
    if invocation.is_pid_1 {
        start_sshd(&settings);
    }
    if settings.build {
        // By hand while the site runs nothing is changed: the port is asked for before the build, too.
        require_free_port(&decide(&settings, &Disk::new(&settings.app_root)), invocation)?;
        let built = crate::commands::build::for_settings(&settings)?;
        settings = settings.with_environment(built);
    }
    loop {
        let disk = Disk::new(&settings.app_root);
        let decision = decide(&settings, &disk);
        require_free_port(&decision, invocation)?;
        announce(&decision);
        let mut launch = decision.outcome?;
        if decision.step == Step::DefaultSite {
            launch.argv = materialised(launch.argv, &decision.folder)?;
        }
        match start(&launch, &settings, invocation) {
            Ok(status) => return Ok(status),
            // The kernel refuses what looked right: a processing error like any other.
            Err(failure) if decision.step == Step::Custom && !settings.strict => {
                tracing::warn!(hint = failure.hint, "the custom command is not used: {}", failure.message);
                settings.command = None;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// What was asked for, as it stands here and now.
///
/// # Errors
///
/// A value that is not valid, or an app root that somebody named and that is not there.
pub(crate) fn checked_settings(flags: Flags, environ: &Environ) -> Result<Settings, Failure> {
    let directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let settings = Settings::new(flags, environ, &directory)?;
    require_root(&settings)?;
    Ok(settings)
}

/// A folder that somebody named must be there. The platform's own place may be missing: then nothing is deployed yet.
fn require_root(settings: &Settings) -> Result<(), Failure> {
    let Some(source @ ("--app-root" | "PYSTART_APP_ROOT")) = settings.app_root_from.as_deref() else { return Ok(()) };
    if settings.app_root.is_dir() {
        return Ok(());
    }
    let root = settings.app_root.display();
    Err(Failure::usage(format!("the app root `{root}` is not a folder"))
        .with_hint(format!("mount or deploy the app there, or correct `{source}`")))
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

/// Makes sure that the default site is there. `planned` is where the decision expects it.
fn materialised(mut argv: Vec<OsString>, planned: &Path) -> Result<Vec<OsString>, Failure> {
    if planned == Path::new(default_site::FOLDER) {
        return Ok(argv);
    }
    let folder = default_site::materialise().map_err(|error| {
        Failure::usage(format!("the default site cannot be served: {error}"))
            .with_hint("mount a writable folder on `/tmp`, or deploy an app")
    })?;
    // Another place than planned, if that one was lost in between.
    let (wanted, made) = (with_path("--chdir=", planned), with_path("--chdir=", &folder));
    for word in &mut argv {
        if *word == wanted {
            word.clone_from(&made);
        }
    }
    Ok(argv)
}

/// By hand in a running container the port is usually the site's: gunicorn would try for five seconds and then say
/// less. As PID 1 there is nobody else to ask.
fn require_free_port(decision: &Decision, invocation: &Invocation) -> Result<(), Failure> {
    let Some(port) = decision.port.filter(|_| !invocation.is_pid_1) else { return Ok(()) };
    if ports::is_free(port) {
        return Ok(());
    }
    let who = ports::listener(port).map_or_else(|| "another process".into(), |listener| listener.to_string());
    Err(Failure::usage(format!("port {port} is taken by {who}"))
        .with_status(status::NO)
        .with_hint("see `pystart explain` for what runs here, or start a second one with `pystart run --port N`"))
}

/// A few lines that say what was decided and why.
fn announce(decision: &Decision) {
    for fact in &decision.evidence {
        tracing::debug!("{:?}: {}: {:?}, {}", fact.step, fact.subject, fact.verdict, fact.reason);
    }
    for notice in &decision.notices {
        log::notice(notice);
    }
    match (&decision.app, decision.step) {
        (Some(app), _) => tracing::info!("{} app: {}", app.framework, app.reason),
        (None, Step::Custom) => tracing::info!("custom command: {}", reading(decision)),
        (None, _) => tracing::info!("the default site"),
    }
    if let Ok(launch) = &decision.outcome {
        let verb = if launch.mode == Mode::Exec { "exec" } else { "init for" };
        tracing::info!("{verb} {}", joined(&launch.argv));
    }
}

fn reading<'a>(decision: &'a Decision) -> &'a str {
    decision.evidence.first().map_or("", |fact| fact.reason.as_str())
}

fn joined(words: &[OsString]) -> String {
    words::join(words).to_string_lossy().into_owned()
}

fn start(launch: &Launch, settings: &Settings, invocation: &Invocation) -> Result<u8, Failure> {
    enter(&launch.directory)?;
    let given = invocation.is_pid_1.then(|| given(&invocation.args));
    let program = launch.program.as_os_str();
    match launch.mode {
        Mode::Exec => {
            let mut environ = launch.environ.clone();
            if let Some(given) = given {
                environ.set(GIVEN, given);
            }
            match Image::new(program, &launch.argv, &environ).replace() {
                NotReplaced::Stopped { signal } => Ok(128 + u8::try_from(signal).unwrap_or_default()),
                NotReplaced::Failed(errno) => Err(cannot_start(&launch.program, errno)),
            }
        }
        Mode::Init => {
            let supervision = Supervision { grace: settings.grace, shell: launch.is_shell };
            let image = Image::new(program, &launch.argv, &launch.environ);
            let own_variable = given.map(|given| variable(OsStr::new(GIVEN), &given));
            init::supervise(&image, &supervision, own_variable.as_deref())
                .map_err(|errno| cannot_start(&launch.program, errno))
        }
    }
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

/// `pystart` and its arguments, as one line for a shell.
fn given(args: &[OsString]) -> OsString {
    let words = std::iter::once(OsStr::new("pystart")).chain(args.iter().map(OsString::as_os_str));
    words::join(words)
}

/// The arguments that [`given`] wrote down.
#[must_use]
pub fn parse_given(value: &OsStr) -> Vec<OsString> {
    let line = words::split(value).unwrap_or_default();
    line.words.into_iter().skip(1).collect()
}

fn cannot_start(program: &Path, errno: Errno) -> Failure {
    let shown = program.display();
    let (status, hint) = match errno {
        Errno::ENOENT => (status::NOT_FOUND, "check the path, and the interpreter in the first line if it is a script"),
        Errno::ENOEXEC => (status::NOT_EXECUTABLE, "it is built for another machine, or is no program at all"),
        Errno::EACCES => {
            (status::NOT_EXECUTABLE, "set its execute bit, and check that its folder is not mounted noexec")
        }
        _ => (status::NOT_EXECUTABLE, "see execve(2) for what the kernel means"),
    };
    Failure::usage(format!("`{shown}` cannot be started: {}", errno.desc())).with_status(status).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn what_pid_1_was_given_can_be_recovered_byte_for_byte() {
        let words: Vec<OsString> = [&b"run"[..], b"--app-root", b"/a b", b"--", b"sh", b"-c", b"echo '$X' \"`\n\xff"]
            .iter()
            .map(|word| OsStr::from_bytes(word).to_owned())
            .collect();
        assert_eq!(parse_given(&given(&words)), words);
        assert_eq!(parse_given(&given(&[])), Vec::<OsString>::new());
    }

    #[test]
    fn what_the_kernel_refuses_has_the_status_that_a_shell_gives_it() {
        let rows = [(Errno::ENOENT, 127), (Errno::ENOEXEC, 126), (Errno::EACCES, 126), (Errno::ETXTBSY, 126)];
        for (errno, status) in rows {
            let failure = cannot_start(Path::new("/x"), errno);
            assert_eq!((failure.status, failure.hint.is_some()), (status, true), "{errno}");
            assert!(failure.message.starts_with("`/x` cannot be started: "), "{failure}");
        }
    }
}
