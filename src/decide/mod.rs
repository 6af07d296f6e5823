//! The decision: which step of the start-up order it is, why, and the start that follows from it.
//!
//! Pure: it reads through [`Files`] and touches nothing, so `run`, `explain` and `check` all make the same one.
//!
//! ```text
//! Inputs ─▶ each step of ORDER, until one chooses ─▶ Choice ─▶ launch::prepare ─▶ Decision
//!                     (else the default site)
//! ```
//!
//! Each step has its file. [`command_start`] and [`launch`] are what they have in common.

mod access_log;
mod before;
mod choice;
mod command_start;
mod concurrency;
mod custom;
mod declared;
mod default_site;
mod launch;
mod other_server;
mod own_server;
mod runner;
mod serving;
mod web_app;
mod wrapper;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::deployment;
use crate::detect::Sources;
use crate::environ::Environ;
use crate::error::Failure;
use crate::files::Files;
use crate::gunicorn::options::UserOptions;
use crate::gunicorn::{self, arguments};
use crate::model::{Evidence, Interface, Launch, NearMiss, Notice, Step, Verdict, WebApp};
use crate::python::environment::{Python, PythonInUse};
use crate::settings::{DEFAULT_PORT, Settings};
pub use before::BeforeStart;
use choice::{Choice, Inputs, Trail};
pub use concurrency::Concurrency;
pub use launch::GunicornInUse;

/// A step of the order: its choice, if it makes one, and what it has to tell either way.
type FindChoice = fn(&Inputs) -> (Option<Choice>, Trail);

/// The documented order, but for its end: the default site, which is there whatever else is.
const ORDER: [FindChoice; 6] = [
    custom::custom,
    declared::asked_process,
    web_app::documented,
    declared::declared,
    web_app::other,
    own_server::own_server,
];

/// The first step of the order.
const ORDER_BEGINS_WITH: Step = Step::Custom;

/// What is started, and everything that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The step that won.
    pub step: Step,
    /// The app, when a step that looks for one found it.
    pub app: Option<WebApp>,
    /// The object that gunicorn serves, `module:object`; `None` where that is not known.
    pub target: Option<String>,
    /// What was deployed, where that was looked at.
    pub source: Option<deployment::Report>,
    /// The folder of the app.
    pub app_root: PathBuf,
    /// The folder that the module path starts from, absolute.
    pub folder: PathBuf,
    /// The start, or why there can be none.
    pub outcome: Result<Launch, Failure>,
    /// Of an app that cannot be started, the command line that would have started it.
    pub intended: Option<Vec<OsString>>,
    /// What is run to its end first.
    pub before: Option<BeforeStart>,
    /// The environment that we were given.
    pub given: Environ,
    /// The environment of the app, also where it cannot be started.
    pub environ: Environ,
    /// The reasoning, step by step.
    pub evidence: Vec<Evidence>,
    /// What the user should hear.
    pub notices: Vec<Notice>,
    /// Why no app was found, and what to do about it; for the default site, or what takes its place.
    pub missing: Option<Notice>,
    /// What was nearly it; for the default site.
    pub near_misses: Vec<NearMiss>,
    /// Is what gunicorn serves an ASGI app, as far as anybody said so?
    pub is_asgi: bool,
    /// The port that gunicorn will listen on, where that is ours to say.
    pub port: Option<u16>,
    /// The Python of the app.
    pub python: PythonInUse,
    /// The gunicorn that runs, if one does that we have looked for.
    pub gunicorn: Option<GunicornInUse>,
    /// How many requests a gunicorn works on at a time, where that is not in the user's options.
    pub concurrency: Option<Concurrency>,
}

/// Decides. Always comes to something: where the start is impossible, [`Decision::outcome`] says so.
#[must_use]
pub fn decide(settings: &Settings, files: &dyn Files) -> Decision {
    let inputs = inputs(settings, files);
    let trail = surroundings(&inputs);
    first_choice(&ORDER, trail, &inputs)
}

/// Decides once more, after the kernel has refused what the custom command named: as if it could not be processed.
#[must_use]
pub fn decide_without_command(settings: &Settings, files: &dyn Files, refusal: &Failure) -> Decision {
    let inputs = inputs(settings, files);
    let refused = settings.command.as_ref().map(|given| custom::refused(given, refusal)).unwrap_or_default();
    let trail = surroundings(&inputs).then(refused);
    first_choice(&ORDER[1..], trail, &inputs)
}

/// The port that gunicorn will most likely listen on, before anything is decided: none where the user says what is
/// started, or where gunicorn listens.
#[must_use]
pub fn expected_port(settings: &Settings, files: &dyn Files) -> Option<u16> {
    let cmd_args = settings.environ.filled("GUNICORN_CMD_ARGS");
    let is_ours = || !UserOptions::gather(files, &settings.app_root, &[], cmd_args).may_set("bind");
    (settings.command.is_none() && is_ours()).then(|| settings.port.unwrap_or(DEFAULT_PORT))
}

fn first_choice(steps: &[FindChoice], mut trail: Trail, inputs: &Inputs) -> Decision {
    for step in steps {
        let (choice, found) = step(inputs);
        trail = trail.then(found);
        if let Some(choice) = choice {
            return Decision::new(choice, trail, inputs);
        }
    }
    let (choice, found) = default_site::default_site(inputs, &trail.near_misses);
    Decision::new(choice, trail.then(found), inputs)
}

fn inputs<'a>(settings: &'a Settings, files: &'a dyn Files) -> Inputs<'a> {
    let root = settings.app_root.as_path();
    let python = Python::find(files, root, &settings.environ).or_around(root, settings.program.as_deref());
    let python = match &settings.environment {
        Some(folder) => python.with_environment(root, folder),
        None => python,
    };
    let python = python.with_packages(root, settings.deployed.packages.as_deref());
    let options = UserOptions::gather(files, root, &[], settings.environ.filled("GUNICORN_CMD_ARGS"));
    let sources = Sources::new(files, root);
    Inputs { settings, files, python, sources, options }
}

/// What is worth knowing whatever is chosen.
fn surroundings(inputs: &Inputs) -> Trail {
    let mut notices = inputs.settings.notices.clone();
    notices.extend(inputs.python.notice());
    notices.extend(inputs.python.notice_of_build(inputs.settings.deployed.python.as_deref()));
    if inputs.options.cannot_be_split {
        notices.push(Notice {
            message: "`GUNICORN_CMD_ARGS` has a quote that is not closed; gunicorn will refuse it".into(),
            hint: Some("close the quote".into()),
        });
    }
    let source = inputs.settings.deployed.report.as_ref().and_then(deployment::Report::described);
    let trail = source.map_or_else(Trail::default, |source| {
        // Every step looks into it, and this is the first one.
        Trail::of(ORDER_BEGINS_WITH, "the deployment", Verdict::Noted, source)
    });
    Trail { notices, ..trail }
}

impl Decision {
    fn new(choice: Choice, trail: Trail, inputs: &Inputs) -> Self {
        let Choice { step, app, target, folder, is_asgi, start } = choice;
        let Trail { evidence, mut notices, near_misses, missing } = trail;
        let interface = app.as_ref().map_or(Interface::Wsgi, |app| app.interface);
        let (outcome, environ, known) = match start.map(|start| launch::prepare(start, interface, inputs)) {
            Ok(prepared) => {
                let environ = prepared.launch.environ.clone();
                let wrapped = wrapper::wrap(prepared.launch, inputs).map(|(launch, notice)| {
                    notices.extend(notice);
                    launch
                });
                (wrapped, environ, prepared.known)
            }
            Err(failure) => (Err(failure), launch::app_environ(inputs, false), launch::Known::default()),
        };
        let intended = app.as_ref().filter(|_| outcome.is_err()).map(|app| intended(app, inputs));
        notices.extend(known.notices);
        Self {
            step,
            intended,
            is_asgi: is_asgi || (app.is_none() && known.has_asgi_worker),
            app,
            target,
            source: inputs.settings.deployed.report.clone(),
            app_root: inputs.settings.app_root.clone(),
            folder,
            outcome,
            before: before::before(inputs),
            given: inputs.settings.given.clone(),
            environ,
            evidence,
            notices,
            missing,
            // Of an app that was chosen nobody asks what was nearly one.
            near_misses: if step == Step::DefaultSite { near_misses } else { Vec::new() },
            port: known.port,
            python: inputs.python.in_use(),
            gunicorn: known.gunicorn,
            concurrency: known.concurrency,
        }
    }
}

/// The command line for this app with everything installed that it takes.
fn intended(app: &WebApp, inputs: &Inputs) -> Vec<OsString> {
    let class = match app.interface {
        Interface::Wsgi => None,
        Interface::Asgi => Some(gunicorn::USUAL_ASGI_WORKER),
        Interface::Aiohttp => Some(gunicorn::AIOHTTP_WORKER),
    };
    let mut words = vec![OsString::from("gunicorn")];
    words.extend(arguments::documented(&inputs.options, inputs.settings.port, &app.folder, class));
    words.push(arguments::target(app).into());
    words
}
