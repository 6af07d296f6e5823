//! From what was chosen to a start that is complete to the last byte: the folder, the environment, who is PID 1.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::access_log::{access_log, add_to_path};
use super::choice::{Inputs, Server, Start};
use super::concurrency::{self, Concurrency};
use crate::environ::Environ;
use crate::files::Access;
use crate::gunicorn::options::UserOptions;
use crate::gunicorn::{Gunicorn, Version, arguments};
use crate::model::{Interface, Launch, Mode, Notice};
use crate::settings::{DEFAULT_PORT, Init, Settings};

/// From this version on a gunicorn that is PID 1 does not take an orphan that ends for a worker of its own: one that exits
/// with 3 or 4 stops an older one (`reap_workers` in `gunicorn/arbiter.py`).
const LEAVES_ORPHANS_ALONE: Version = (26, 1);

/// The gunicorn of a start, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GunicornInUse {
    /// It comes from the environment of the app, not from the image.
    pub from_environment: bool,
    /// Its version, if its files tell.
    pub version: Option<Version>,
    /// What the user has set for it.
    pub options: UserOptions,
}

/// A start with what is known of it.
pub(super) struct Prepared {
    pub(super) launch: Launch,
    pub(super) known: Known,
}

/// What is known of a start.
#[derive(Default)]
pub(super) struct Known {
    pub(super) notices: Vec<Notice>,
    pub(super) gunicorn: Option<GunicornInUse>,
    pub(super) concurrency: Option<Concurrency>,
    /// The port that gunicorn will listen on, where that is ours to say.
    pub(super) port: Option<u16>,
    /// The user names a worker class for ASGI.
    pub(super) has_asgi_worker: bool,
}

/// Completes a start.
pub(super) fn prepare(start: Start, interface: Interface, inputs: &Inputs) -> Prepared {
    let mut environ = app_environ(inputs, start.needs_lent_packages);
    for (name, value) in &start.variables {
        environ.set(name, value);
    }
    let mut copies = start.copies;
    let directory = directory(&start.folder, inputs);
    // gunicorn takes the name of its folder from here when it is the same one.
    if environ.get("PWD").is_some() {
        environ.set("PWD", directory.as_os_str());
    }
    let (mut known, mut used) = (Known::default(), None);
    if let Server::Gunicorn { gunicorn, options, port } = &start.server {
        known.notices.extend(gunicorn.as_ref().and_then(|gunicorn| missing_byte_code(gunicorn, inputs)));
        let version = gunicorn.as_ref().and_then(|gunicorn| gunicorn.version(inputs.files, &inputs.python));
        let logged = access_log(options, inputs);
        if let Some(module) = &logged.module {
            add_to_path(&mut environ, module);
        }
        add_container_extras(&mut environ, options, version, interface, logged.extras, inputs);
        copies.extend(logged.module);
        known.notices.extend(logged.notice);
        known.concurrency = Concurrency::of(options, interface, inputs);
        known.port = (!options.may_set("bind")).then(|| port.unwrap_or(DEFAULT_PORT));
        if options.leaves_bind_open() {
            environ.set("PORT", port.unwrap_or(DEFAULT_PORT).to_string());
        }
        let is_for_asgi = |class: &str| class == "asgi" || class.contains("Uvicorn");
        known.has_asgi_worker = options.worker_class.as_deref().is_some_and(is_for_asgi);
        used = gunicorn.as_ref().map(|gunicorn| (gunicorn.from_environment, version));
    }
    let mode = mode(inputs.settings, &start.server, used.and_then(|(_, version)| version));
    if mode == Mode::Exec && !inputs.settings.drain.is_zero() {
        known.notices.push(Notice {
            message: "a stop is not delayed: `PYSTART_DRAIN` needs the init, and `--init never` leaves it out".into(),
            hint: Some("leave `--init never` out".into()),
        });
    }
    let is_gunicorn = matches!(start.server, Server::Gunicorn { .. });
    // gunicorn says itself where it listens, but not when; where there is an init, that tells.
    let expected_port = match mode {
        _ if !is_gunicorn => Some(inputs.settings.port.unwrap_or(DEFAULT_PORT)),
        Mode::Init => known.port,
        Mode::Exec => None,
    };
    let is_shell = matches!(start.server, Server::Shell);
    if let (Server::Gunicorn { options, .. }, Some((from_environment, version))) = (start.server, used) {
        known.gunicorn = Some(GunicornInUse { from_environment, version, options: *options });
    }
    let (program, argv) = (start.program, start.argv);
    let launch = Launch { program, argv, directory, environ, mode, is_shell, copies, expected_port };
    Prepared { launch, known }
}

/// The environment that everything gets.
pub(super) fn app_environ(inputs: &Inputs, needs_lent_packages: bool) -> Environ {
    let settings = inputs.settings;
    let mut environ = settings.environ.clone();
    inputs.python.enter(&mut environ, needs_lent_packages);
    if environ.get("PYTHONUNBUFFERED").is_none() {
        environ.set("PYTHONUNBUFFERED", "1");
    }
    // The platform tells the app where it is.
    if environ.filled("APP_PATH").is_none() {
        environ.set("APP_PATH", settings.app_root.as_os_str());
    }
    // Behind the platform's front end every request comes from it; elsewhere anybody could forge the headers.
    if settings.on_platform && environ.filled("FORWARDED_ALLOW_IPS").is_none() {
        environ.set("FORWARDED_ALLOW_IPS", "*");
    }
    if let Some(limits) = concurrency::limits(inputs) {
        environ.set("WEB_CONCURRENCY", limits.workers().to_string());
    }
    environ
}

/// Where it is started: a folder of the app root, or `/` where the root cannot be entered.
fn directory(folder: &Path, inputs: &Inputs) -> PathBuf {
    let root = &inputs.settings.app_root;
    if !folder.as_os_str().is_empty() {
        return root.join(folder);
    }
    let can_be_entered = inputs.files.is_folder(root) && inputs.files.may(root, Access::Execute);
    if can_be_entered { root.clone() } else { "/".into() }
}

/// Who is PID 1. By itself a gunicorn, where nothing speaks against it.
fn mode(settings: &Settings, server: &Server, version: Option<Version>) -> Mode {
    match (settings.init, server) {
        (Init::Never, _) => Mode::Exec,
        (Init::Auto, Server::Gunicorn { options, .. }) => {
            let takes_orphans_for_workers = version.is_some_and(|version| version < LEAVES_ORPHANS_ALONE);
            // While the app is loaded there are no handlers, and the kernel drops what PID 1 does not handle.
            let is_deaf = options.sets("preload_app");
            let needs_init = takes_orphans_for_workers || is_deaf || !settings.drain.is_zero();
            if needs_init { Mode::Init } else { Mode::Exec }
        }
        (Init::Always | Init::Auto, _) => Mode::Init,
    }
}

/// The first answer takes two to three times as long when Python has to compile every package first. gunicorn stands
/// for them all: who installs with byte code has it for gunicorn too. One system call.
fn missing_byte_code(gunicorn: &Gunicorn, inputs: &Inputs) -> Option<Notice> {
    let package = gunicorn.package.as_ref().filter(|_| gunicorn.from_environment)?;
    // Python may have been told to keep it elsewhere.
    if inputs.settings.environ.filled("PYTHONPYCACHEPREFIX").is_some() {
        return None;
    }
    let found = inputs.files.kind(&package.join("__pycache__"));
    let environment = inputs.python.environment.as_ref()?;
    found.is_err_and(|error| error.kind() == ErrorKind::NotFound).then(|| Notice {
        message: format!(
            "the packages in `{}` have no byte code: the first answer waits until Python has compiled them",
            environment.name
        ),
        hint: Some("compile them once: `pystart build`, or `python -m compileall` on the environment".into()),
    })
}

/// What every gunicorn gets, in front of what the user gives it.
fn add_container_extras(
    environ: &mut Environ,
    options: &UserOptions,
    version: Option<Version>,
    interface: Interface,
    logging: Vec<String>,
    inputs: &Inputs,
) {
    let settings = inputs.settings;
    // An app that was unpacked elsewhere is still one of its app root.
    let root = settings.deployed.deployed_into.as_ref().unwrap_or(&settings.app_root);
    let mut extras = arguments::container_extras(inputs.files, options, environ, root, || version);
    extras.extend(logging);
    extras.extend(concurrency::threads(settings, options, interface).map(|threads| format!("--threads {threads}")));
    if !extras.is_empty() {
        let joined = arguments::prepend(&extras, environ.filled("GUNICORN_CMD_ARGS"));
        environ.set("GUNICORN_CMD_ARGS", joined);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::decide::decide;
    use crate::files::Memory;
    use crate::model::Mode;
    use crate::settings::{Flags, Settings, table};

    #[test]
    fn gunicorn_is_pid_1_itself_unless_something_speaks_against_it() {
        let site = "/usr/lib/python3.12/site-packages/gunicorn";
        let image = |version: &str| {
            Memory::default()
                .program("/usr/bin/python3.12", "")
                .program("/usr/bin/python3", "")
                .dead_link("/usr/bin/python3", "python3.12")
                .program("/usr/bin/gunicorn", "#!/usr/bin/python3\n")
                .file(format!("{site}/__init__.py"), format!("version_info = {version}\n"))
        };
        let new = image("(26, 1, 0)").file("/site/app.py", "app = 1");
        let old = image("(26, 0, 9)").file("/site/app.py", "app = 1");
        let preloads = new.clone().file("/site/gunicorn.conf.py", "preload_app = True");
        for (row, files, vars, command, expected) in [
            ("a new one", &new, &[][..], "gunicorn app:app", Mode::Exec),
            ("an old one", &old, &[], "gunicorn app:app", Mode::Init),
            ("an old one, but never", &old, &[("PYSTART_INIT", "never")], "gunicorn app:app", Mode::Exec),
            ("a new one, but always", &new, &[("PYSTART_INIT", "always")], "gunicorn app:app", Mode::Init),
            ("preloads by its words", &new, &[], "gunicorn --preload app:app", Mode::Init),
            ("preloads by variable", &new, &[("GUNICORN_CMD_ARGS", "--preload")], "gunicorn app:app", Mode::Init),
            ("preloads by configuration", &preloads, &[], "gunicorn app:app", Mode::Init),
            ("drained", &new, &[("PYSTART_DRAIN", "5")], "gunicorn app:app", Mode::Init),
            (
                "drained, but never",
                &new,
                &[("PYSTART_DRAIN", "5"), ("PYSTART_INIT", "never")],
                "gunicorn app:app",
                Mode::Exec,
            ),
        ] {
            let environ = vars.iter().copied().chain([("PATH", "/usr/bin")]).collect();
            let flags = Flags::of_command([command]).with(&table::APP_ROOT.row, "/site");
            let decision = decide(&Settings::new(flags, &environ, Path::new("/")).unwrap(), files);
            let launch = decision.outcome.unwrap();
            let port = (expected == Mode::Init).then_some(8000);
            assert_eq!((launch.mode, launch.expected_port), (expected, port), "{row}");
            let is_told = decision.notices.iter().any(|notice| notice.message.starts_with("a stop is not delayed"));
            assert_eq!(is_told, row == "drained, but never", "{row}");
        }
    }

    #[test]
    fn what_is_not_gunicorn_is_expected_on_the_port() {
        let files = Memory::default().program("/bin/server", "\x7fELF").empty("/site");
        for (vars, port) in [(&[][..], 8000), (&[("PORT", "81")], 81)] {
            let environ = vars.iter().copied().chain([("PATH", "/bin")]).collect();
            let flags = Flags::of_command(["server"]).with(&table::APP_ROOT.row, "/site");
            let launch = decide(&Settings::new(flags, &environ, Path::new("/")).unwrap(), &files).outcome.unwrap();
            assert_eq!(launch.expected_port, Some(port));
        }
    }

    #[test]
    fn missing_byte_code_is_noticed_where_gunicorn_comes_from_the_environment() {
        let site = "/site/antenv/lib/python3.12/site-packages/gunicorn";
        let image = Memory::default().program("/bin/python3", "").program("/bin/gunicorn", "\x7fELF");
        let bare = image.clone().file("/site/app.py", "");
        let raw = bare.clone().file("/site/antenv/pyvenv.cfg", "").file(format!("{site}/__init__.py"), "");
        let compiled = raw.clone().file(format!("{site}/__pycache__/__init__.cpython-312.pyc"), "");
        let elsewhere = [("PATH", "/bin"), ("PYTHONPYCACHEPREFIX", "/tmp/cache")];
        for (row, files, vars, wanted) in [
            ("raw", &raw, &elsewhere[..1], true),
            ("compiled", &compiled, &elsewhere[..1], false),
            ("kept elsewhere", &raw, &elsewhere[..], false),
            ("no environment", &bare, &elsewhere[..1], false),
        ] {
            let environ = vars.iter().copied().collect();
            let flags = Flags::default().with(&table::APP_ROOT.row, "/site");
            let settings = Settings::new(flags, &environ, Path::new("/")).unwrap();
            let decision = decide(&settings, files);
            assert!(decision.outcome.is_ok(), "{row}");
            let is_noticed = decision.notices.iter().any(|notice| notice.message.contains("no byte code"));
            assert_eq!(is_noticed, wanted, "{row}");
        }
    }
}
