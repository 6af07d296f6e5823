//! The decision: which step of the start-up order it is, why, and the start that follows from it.
//!
//! Pure: it reads through [`Files`] and touches nothing, so `run`, `explain` and `check` all make the same one.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::app::{Detection, Evidence, Interface, NearMiss, Notice, Step, Verdict, WebApp};
use crate::capacity;
use crate::command::{self, Resolved, Runs, Surroundings};
use crate::default_site;
use crate::detect;
use crate::environ::Environ;
use crate::error::Failure;
use crate::files::{Access, Files, Folder};
use crate::gunicorn::arguments;
use crate::gunicorn::options::{CONFIG_FILE, UserOptions};
use crate::gunicorn::{self, Gunicorn};
use crate::launch::{Launch, Mode};
use crate::settings::{DEFAULT_PORT, Given, Init, Settings, Workers};
use crate::venv::Python;

/// How many near misses the log tells of; `explain` shows them all.
const NEAR_MISSES_TOLD: usize = 3;

/// What is started, and everything that led to it.
pub struct Decision<'a> {
    /// The step that won.
    pub step: Step,
    /// The app, when a step that looks for one found it.
    pub app: Option<WebApp>,
    /// The object that gunicorn serves, `module:object`; `None` where that is not known.
    pub target: Option<String>,
    /// The folder that the module path starts from, absolute.
    pub folder: PathBuf,
    /// The start, or why there can be none.
    pub outcome: Result<Launch, Failure>,
    /// The reasoning, step by step.
    pub evidence: Vec<Evidence>,
    /// What the user should hear.
    pub notices: Vec<Notice>,
    /// The custom command names a worker class for ASGI.
    pub has_asgi_worker: bool,
    /// The port that gunicorn will listen on, where that is ours to say.
    pub port: Option<u16>,
    /// What was nearly it; for the default site.
    pub near_misses: Vec<NearMiss>,
    /// The Python of the app.
    pub python: Python<'a>,
    /// The gunicorn that runs, if one does.
    pub gunicorn: Option<Gunicorn>,
}

impl Decision<'_> {
    /// Is what gunicorn serves an ASGI app, as far as anybody said so?
    #[must_use]
    pub fn is_asgi(&self) -> bool {
        match &self.app {
            Some(app) => app.interface == Interface::Asgi,
            None => self.has_asgi_worker,
        }
    }
}

/// Decides. Always comes to something: where the start is impossible, [`Decision::outcome`] says so.
#[must_use]
pub fn decide<'a>(settings: &Settings, files: &'a dyn Files) -> Decision<'a> {
    let root = settings.app_root.as_path();
    let mut python = Python::find(files, root, &settings.environ);
    if let Some(folder) = &settings.environment {
        python = python.with_environment(root, folder);
    }
    let mut making = Making {
        settings,
        files,
        user: UserOptions::gather(files, root, &[], settings.environ.filled("GUNICORN_CMD_ARGS")),
        decision: Decision {
            step: Step::DefaultSite,
            app: None,
            target: None,
            folder: root.to_owned(),
            outcome: Err(Failure::usage("nothing was decided")),
            evidence: Vec::new(),
            notices: settings.notices.clone(),
            has_asgi_worker: false,
            port: None,
            near_misses: Vec::new(),
            python,
            gunicorn: None,
        },
    };
    making.decision.notices.extend(making.decision.python.notice());
    if making.user.cannot_be_split {
        making.decision.notices.push(Notice {
            message: "`GUNICORN_CMD_ARGS` has a quote that is not closed; gunicorn will refuse it".into(),
            hint: Some("close the quote".into()),
        });
    }
    if !making.custom() {
        making.detected();
    }
    making.decision
}

/// A decision while it is made.
struct Making<'a, 's> {
    settings: &'s Settings,
    files: &'a dyn Files,
    user: UserOptions,
    decision: Decision<'a>,
}

impl Making<'_, '_> {
    fn note(&mut self, step: Step, subject: impl Into<String>, verdict: Verdict, reason: impl Into<String>) {
        self.decision.evidence.push(Evidence { step, subject: subject.into(), verdict, reason: reason.into() });
    }

    /// Step 1. False when there is no custom command, or none that can be used.
    fn custom(&mut self) -> bool {
        let Some(given) = &self.settings.command else {
            self.note(
                Step::Custom,
                "a custom command",
                Verdict::Absent,
                "neither words nor `PYSTART_COMMAND` were given",
            );
            return false;
        };
        let path = self.decision.python.search_path();
        let around = Surroundings {
            files: self.files,
            root: &self.settings.app_root,
            path: &path,
            python: &self.decision.python,
            was_split: self.settings.command_was_split,
        };
        let subject = match given {
            Given::Words(_) => "the words of the command line",
            Given::Text(_) => "`PYSTART_COMMAND`",
        };
        match command::resolve(given, &around) {
            Ok(resolved) => {
                self.note(Step::Custom, subject, Verdict::Chosen, resolved.reading.clone());
                self.decision.step = Step::Custom;
                self.decision.notices.extend(resolved.notices.iter().cloned());
                self.decision.outcome = self.launch_custom(resolved);
                true
            }
            Err(failure) => {
                self.note(Step::Custom, subject, Verdict::Rejected, failure.message.clone());
                if self.settings.strict {
                    self.decision.step = Step::Custom;
                    self.decision.outcome = Err(failure);
                    return true;
                }
                self.decision.notices.push(Notice {
                    message: format!("the custom command is not used: {}", failure.message),
                    hint: failure.hint,
                });
                false
            }
        }
    }

    fn launch_custom(&mut self, resolved: Resolved) -> Result<Launch, Failure> {
        let Resolved { assignments, mut program, mut argv, runs, .. } = resolved;
        let mut environ = self.app_environ(!self.decision.python.runs_own_interpreter());
        let port = self.settings.port.unwrap_or(DEFAULT_PORT);
        environ.set("PORT", port.to_string());
        if environ.filled("HOST").is_none() {
            environ.set("HOST", "0.0.0.0");
        }
        if runs == Runs::Shell {
            set_core_count(&mut environ, &argv);
        }
        if matches!(runs, Runs::Gunicorn | Runs::GunicornArguments) {
            let cmd_args = self.settings.environ.filled("GUNICORN_CMD_ARGS");
            self.user = UserOptions::gather(self.files, &self.settings.app_root, &argv, cmd_args);
            let is_plain = argv.first().is_some_and(|first| first == "gunicorn");
            if runs == Runs::GunicornArguments || is_plain {
                let gunicorn = Gunicorn::find(self.files, &self.decision.python)?;
                let own = if is_plain { argv.split_off(1) } else { std::mem::take(&mut argv) };
                argv.clone_from(&gunicorn.words);
                if runs == Runs::GunicornArguments {
                    argv.extend(arguments::common(&self.user, self.settings.port));
                }
                argv.extend(own);
                program.clone_from(&gunicorn.program);
                self.decision.python.enter(&mut environ, gunicorn.needs_lent_packages);
                self.decision.gunicorn = Some(gunicorn);
            }
            self.notice_missing_byte_code();
            self.add_container_extras(&mut environ);
            self.decision.target = argv
                .iter()
                .find_map(|word| module_and_object(word))
                .or_else(|| self.user.wsgi_app.clone().map(with_object));
            let is_asgi = |class: &str| class == "asgi" || class.contains("Uvicorn");
            self.decision.has_asgi_worker = self.user.worker_class.as_deref().is_some_and(is_asgi);
            if let Some(folder) = &self.user.chdir {
                self.decision.folder = self.settings.app_root.join(folder);
            }
        }
        for (name, value) in assignments {
            environ.set(&name, value);
        }
        let is_gunicorn = matches!(runs, Runs::Gunicorn | Runs::GunicornArguments);
        Ok(self.launch(program, argv, environ, is_gunicorn, runs == Runs::Shell))
    }

    /// Steps 2 to 5.
    fn detected(&mut self) {
        let Detection { app, evidence, notices, near_misses } = detect::detect(self.files, &self.settings.app_root);
        self.decision.evidence.extend(evidence);
        self.decision.notices.extend(notices);
        match app.or_else(|| self.configured_app()) {
            Some(app) => {
                self.decision.step = app.step;
                if !app.folder.as_os_str().is_empty() {
                    self.decision.folder.push(&app.folder);
                }
                self.decision.target = Some(full_target(&app));
                self.decision.outcome = self.launch_app(&app);
                self.decision.app = Some(app);
            }
            None => self.default_site(near_misses),
        }
    }

    /// An app that no rule finds, but that the configuration file names.
    fn configured_app(&self) -> Option<WebApp> {
        let own = self.user.wsgi_app.as_deref()?;
        let (module, object) = own.split_once(':').unwrap_or((own, "application"));
        Some(WebApp {
            step: Step::Other,
            framework: "WSGI",
            module: module.to_owned(),
            object: Some(object.to_owned()),
            folder: PathBuf::new(),
            file: PathBuf::from(CONFIG_FILE),
            interface: Interface::Wsgi,
            reason: format!("`wsgi_app` in `{CONFIG_FILE}`"),
        })
    }

    fn launch_app(&mut self, app: &WebApp) -> Result<Launch, Failure> {
        let gunicorn = Gunicorn::find(self.files, &self.decision.python)?;
        let class = if self.user.sets("worker_class") {
            None
        } else {
            gunicorn::worker_class(app.interface, &gunicorn, self.files, &self.decision.python)?
        };
        let mut argv = gunicorn.words.clone();
        argv.extend(arguments::documented(&self.user, self.settings.port, &app.folder, class));
        argv.extend(self.own_config(&app.folder));
        match self.user.wsgi_app.clone() {
            Some(own) => {
                self.note(app.step, CONFIG_FILE, Verdict::Chosen, format!("its `wsgi_app` names `{own}`"));
                if let Some(folder) = &self.user.chdir {
                    self.decision.folder = self.settings.app_root.join(folder);
                }
                self.decision.target = Some(with_object(own));
            }
            None => argv.push(arguments::target(app).into()),
        }
        Ok(self.launch_gunicorn(gunicorn, argv))
    }

    /// The configuration file beside an app that is not in the root: gunicorn looks only where it is started.
    fn own_config(&self, folder: &Path) -> Option<OsString> {
        let file = folder.join(CONFIG_FILE);
        let is_wanted = !folder.as_os_str().is_empty()
            && !self.user.has_config
            && self.files.is_file(&self.settings.app_root.join(&file));
        is_wanted.then(|| {
            let mut option = OsString::from("--config=");
            option.push(file);
            option
        })
    }

    fn default_site(&mut self, near_misses: Vec<NearMiss>) {
        let folder = default_site::folder(self.files, &self.settings.environ);
        if self.decision.evidence.iter().all(|fact| fact.step != Step::Other) {
            self.note(Step::Other, "any other web app", Verdict::Absent, "there is no Python file that could hold one");
        }
        let reason = format!("nothing else was found; it is in `{}`", folder.display());
        self.note(Step::DefaultSite, "the default site", Verdict::Chosen, reason);
        let notice = self.missing_app_notice(&near_misses);
        self.decision.notices.push(notice);
        self.decision.near_misses = near_misses;
        self.decision.target = Some("application:app".into());
        self.decision.folder.clone_from(&folder);
        self.decision.outcome = Gunicorn::find(self.files, &self.decision.python).map(|gunicorn| {
            let mut argv = gunicorn.words.clone();
            argv.extend(arguments::common(&self.user, self.settings.port));
            argv.extend([OsString::from(format!("--chdir={}", folder.display())), "application:app".into()]);
            self.launch_gunicorn(gunicorn, argv)
        });
    }

    fn missing_app_notice(&self, near_misses: &[NearMiss]) -> Notice {
        let root = self.settings.app_root.display();
        let there = match self.files.folder(&self.settings.app_root) {
            Err(error) => format!("the folder cannot be read: {error}"),
            Ok(folder) => format!("there is {}", content(&folder)),
        };
        let mut message = format!(
            "no app was found in `{root}`: looked for a folder with `wsgi.py` (Django), `application.py`, `app.py` \
             (Flask), then for any file that binds a web app; {there}"
        );
        for miss in near_misses.iter().take(NEAR_MISSES_TOLD) {
            let _ = write!(message, "; `{}` {}", miss.path.display(), miss.reason);
        }
        let hint = match near_misses.iter().find_map(|miss| miss.command.as_ref()) {
            Some(command) => format!("start it with the command `{command}`, or see `pystart explain`"),
            None => "deploy an app, or give a start-up command; `pystart explain` tells what was looked at".into(),
        };
        Notice { message, hint: Some(hint) }
    }

    fn launch_gunicorn(&mut self, gunicorn: Gunicorn, argv: Vec<OsString>) -> Launch {
        let mut environ = self.app_environ(gunicorn.needs_lent_packages);
        let program = gunicorn.program.clone();
        self.decision.gunicorn = Some(gunicorn);
        self.notice_missing_byte_code();
        self.add_container_extras(&mut environ);
        self.launch(program, argv, environ, true, false)
    }

    fn launch(
        &self,
        program: PathBuf,
        argv: Vec<OsString>,
        mut environ: Environ,
        is_gunicorn: bool,
        is_shell: bool,
    ) -> Launch {
        let root = &self.settings.app_root;
        let can_be_entered = self.files.is_folder(root) && self.files.may(root, Access::Execute);
        let directory = if can_be_entered { root.clone() } else { PathBuf::from("/") };
        // gunicorn takes the name of its folder from here when it is the same one.
        if environ.get("PWD").is_some() {
            environ.set("PWD", directory.as_os_str());
        }
        let mode = match self.settings.init {
            Init::Never => Mode::Exec,
            Init::Auto if is_gunicorn => Mode::Exec,
            Init::Always | Init::Auto => Mode::Init,
        };
        Launch { program, argv, directory, environ, mode, is_shell }
    }

    /// The environment of everything that is started.
    fn app_environ(&mut self, lends_packages: bool) -> Environ {
        let mut environ = self.settings.environ.clone();
        self.decision.python.enter(&mut environ, lends_packages);
        if environ.get("PYTHONUNBUFFERED").is_none() {
            environ.set("PYTHONUNBUFFERED", "1");
        }
        // Behind the platform's front end every request comes from it; elsewhere anybody could forge the headers.
        if self.settings.on_platform && environ.filled("FORWARDED_ALLOW_IPS").is_none() {
            environ.set("FORWARDED_ALLOW_IPS", "*");
        }
        if self.settings.workers == Workers::Auto {
            let capacity = capacity::Capacity::of_this_container(self.files);
            environ.set("WEB_CONCURRENCY", capacity.workers().to_string());
            self.decision.notices.push(Notice { message: capacity.describe(), hint: None });
        }
        environ
    }

    /// The first answer takes two to three times as long when Python has to compile every package first. gunicorn
    /// stands for them all: who installs with byte code has it for gunicorn too. One system call.
    fn notice_missing_byte_code(&mut self) {
        let gunicorn = self.decision.gunicorn.as_ref().filter(|gunicorn| gunicorn.from_environment);
        let Some(package) = gunicorn.and_then(|gunicorn| gunicorn.package.as_ref()) else { return };
        // Python may have been told to keep it elsewhere.
        if self.settings.environ.filled("PYTHONPYCACHEPREFIX").is_some() {
            return;
        }
        let is_missing =
            self.files.kind(&package.join("__pycache__")).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if let Some(environment) = self.decision.python.environment.as_ref().filter(|_| is_missing) {
            self.decision.notices.push(Notice {
                message: format!(
                    "the packages in `{}` have no byte code: the first answer waits until Python has compiled them",
                    environment.name
                ),
                hint: Some("compile them once: `pystart build`, or `python -m compileall` on the environment".into()),
            });
        }
    }

    /// What every gunicorn gets.
    fn add_container_extras(&mut self, environ: &mut Environ) {
        self.decision.port = (!self.user.sets("bind")).then(|| self.settings.port.unwrap_or(DEFAULT_PORT));
        let (files, python) = (self.files, &self.decision.python);
        let version = || self.decision.gunicorn.as_ref().and_then(|gunicorn| gunicorn.version(files, python));
        let extras = arguments::container_extras(files, &self.user, environ, &self.settings.app_root, version);
        if !extras.is_empty() {
            let joined = arguments::prepend(&extras, environ.filled("GUNICORN_CMD_ARGS"));
            environ.set("GUNICORN_CMD_ARGS", joined);
        }
    }
}

/// `module:object`, gunicorn's own default spelled out.
fn full_target(app: &WebApp) -> String {
    with_object(arguments::target(app))
}

fn with_object(target: String) -> String {
    if target.contains(':') { target } else { target + ":application" }
}

/// A word that can only be the app of a gunicorn command line.
fn module_and_object(word: &OsStr) -> Option<String> {
    let word = word.to_str()?;
    let (module, object) = word.split_once(':')?;
    let is_module = module.split('.').all(command::words::is_identifier);
    // `localhost:8000` is an address.
    let is_object = object.starts_with(|first: char| first == '_' || first.is_alphabetic());
    (is_module && is_object).then(|| word.to_owned())
}

/// The platform's documentation computes workers from `NUM_CORES`; where the platform does not set it, the formula
/// would quietly come out wrong. Only a command that mentions it gets it.
fn set_core_count(environ: &mut Environ, argv: &[OsString]) {
    let is_mentioned = argv.iter().any(|word| word.to_string_lossy().contains("NUM_CORES"));
    if is_mentioned && environ.filled("NUM_CORES").is_none() {
        environ.set("NUM_CORES", capacity::cores().to_string());
    }
}

/// What is in a folder, in a few words.
fn content(folder: &Folder) -> String {
    let mut names: Vec<String> = folder.python.iter().chain(&folder.sample).map(|name| format!("`{name}`")).collect();
    names.extend(folder.folders.sorted().into_iter().map(|name| format!("`{name}/`")));
    match names.len() {
        0 => "nothing in it".into(),
        1..=8 => names.join(", "),
        count => format!("{} and {} more", names[..8].join(", "), count - 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;
    use crate::settings::Flags;

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
            let flags = Flags { app_root: Some("/site".into()), ..Flags::default() };
            let settings = Settings::new(flags, &environ, Path::new("/")).unwrap();
            let decision = decide(&settings, files);
            assert!(decision.outcome.is_ok(), "{row}");
            let is_noticed = decision.notices.iter().any(|notice| notice.message.contains("no byte code"));
            assert_eq!(is_noticed, wanted, "{row}");
        }
    }
}
