//! The step of what the author has written down: a Procfile, an entry point, `FLASK_APP`, ...
//!
//! Each source has its file. The first that is there and can be processed wins; one that cannot is passed over with a
//! warning, or is fatal with `--strict`, exactly as a custom command.

mod app_module;
mod dotenv;
mod fastapi_entrypoint;
mod flask_app;
mod gunicorn_conf;
mod hypercorn_toml;
mod pdm_scripts;
mod procfile;
mod pyproject;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::choice::{Choice, Inputs, Trail};
use super::{command_start, runner, serving};
use crate::command;
use crate::detect::NamedApp;
use crate::error::Failure;
use crate::model::{Notice, Step, Verdict, WebApp};
use crate::servers;
use crate::settings::Given;

/// What a source says.
struct Declaration {
    /// Who says it, as people know it: "`web` in `Procfile`".
    subject: String,
    /// What is to be started, or why that cannot be.
    start: Result<Declared, Failure>,
    /// What is worth knowing besides.
    notices: Vec<Notice>,
}

/// What is to be started.
enum Declared {
    /// A command, as a shell reads it.
    Command(OsString),
    /// An app, with gunicorn's configuration file if one is named too.
    App { app: NamedApp, config: Option<PathBuf> },
}

impl Declaration {
    fn new(subject: impl Into<String>, start: Result<Declared, Failure>) -> Self {
        Self { subject: subject.into(), start, notices: Vec::new() }
    }
}

/// A place where an author writes it down.
struct Source {
    /// What is looked for, for the evidence that it is not there.
    name: &'static str,
    /// What it says, if it is there.
    find: fn(&Inputs) -> Option<Declaration>,
}

/// The sources, in their order.
const SOURCES: [Source; 7] = [
    Source { name: "Procfile", find: procfile::find },
    Source { name: "[tool.fastapi]", find: fastapi_entrypoint::find },
    Source { name: "FLASK_APP", find: flask_app::find },
    Source { name: "APP_MODULE", find: app_module::find },
    Source { name: "wsgi_app", find: gunicorn_conf::find },
    Source { name: "hypercorn.toml", find: hypercorn_toml::find },
    Source { name: "[tool.pdm.scripts]", find: pdm_scripts::find },
];

/// A process of the Procfile that was asked for on purpose: it comes before every step but the custom command.
pub(super) fn asked_process(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Some(process) = inputs.settings.process.as_deref().filter(|process| *process != procfile::WEB) else {
        return (None, Trail::default());
    };
    match procfile::declaration(inputs, process) {
        Ok(declaration) => match process_declaration(declaration, inputs) {
            (None, trail) => (None, trail),
            chosen => chosen,
        },
        Err(failure) => {
            let trail =
                Trail::of(Step::Declared, procfile::subject(process), Verdict::Rejected, failure.message.clone());
            (Some(Choice::impossible(Step::Declared, failure, inputs)), trail)
        }
    }
}

/// The first declaration that can be processed.
pub(super) fn declared(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let mut trail = Trail::default();
    for source in &SOURCES {
        let Some(declaration) = (source.find)(inputs) else { continue };
        let (choice, found) = process_declaration(declaration, inputs);
        trail = trail.then(found);
        if choice.is_some() {
            return (choice, trail);
        }
    }
    if trail.evidence.is_empty() {
        let names: Vec<_> = SOURCES.iter().map(|source| format!("`{}`", source.name)).collect();
        let reason = format!("there is none of {}", names.join(", "));
        trail = Trail::of(Step::Declared, "a declared start", Verdict::Absent, reason);
    }
    (None, trail)
}

/// From what was said to a choice; one that cannot be processed is final only with `--strict`.
fn process_declaration(declaration: Declaration, inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Declaration { subject, start, notices } = declaration;
    let told = Trail { notices, ..Trail::default() };
    let failure = match start {
        Ok(Declared::App { app, config }) => {
            let target = format!("{}:{}", app.module, app.object);
            let trail = told.then(Trail::of(Step::Declared, &subject, Verdict::Chosen, format!("names `{target}`")));
            let (choice, more) = serving::choose_declared(web_app(app, &subject), config.as_deref(), inputs);
            return (Some(choice), trail.then(more));
        }
        Ok(Declared::Command(text)) => match resolve(&text, inputs) {
            Ok(resolved) => {
                let trail = told.then(Trail::of(Step::Declared, &subject, Verdict::Chosen, resolved.reading.clone()));
                let (choice, more) = command_start::choose(Step::Declared, resolved, inputs);
                return (Some(choice), trail.then(more));
            }
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    let trail = told.then(Trail::of(Step::Declared, &subject, Verdict::Rejected, failure.message.clone()));
    if inputs.settings.strict {
        return (Some(Choice::impossible(Step::Declared, failure, inputs)), trail);
    }
    let message = format!("{subject} is not used: {}", failure.message);
    (None, trail.with_notice(Notice { message, hint: failure.hint }))
}

fn resolve(text: &OsString, inputs: &Inputs) -> Result<command::Resolved, Failure> {
    runner::resolve(&Given::Text(text.clone()), false, inputs)
}

fn web_app(app: NamedApp, subject: &str) -> WebApp {
    WebApp {
        step: Step::Declared,
        framework: app.framework,
        module: app.module,
        object: Some(app.object),
        folder: app.folder,
        file: app.file,
        interface: app.interface,
        reason: format!("{subject} names it"),
        fallback: None,
    }
}

/// A documented step has won; does the author name another app? One warning, with the command that uses it.
pub(super) fn contradiction(chosen: &Choice, inputs: &Inputs) -> Option<Notice> {
    let own = (chosen.folder.clone(), chosen.target.clone()?);
    SOURCES.iter().filter_map(|source| (source.find)(inputs)).find_map(|declaration| {
        let Declaration { subject, start, .. } = declaration;
        let (declared, command) = match start.ok()? {
            Declared::App { app, .. } => {
                let target = format!("{}:{}", app.module, app.object);
                let chdir = if app.folder.as_os_str().is_empty() {
                    String::new()
                } else {
                    format!(" --chdir={}", app.folder.display())
                };
                let command = format!("gunicorn --bind=0.0.0.0 --timeout 600{chdir} {target}");
                ((inputs.settings.app_root.join(&app.folder), target), command)
            }
            Declared::Command(text) => {
                let call = servers::find_call(&text)?;
                let folder = call
                    .folder
                    .map_or_else(|| inputs.settings.app_root.clone(), |folder| inputs.settings.app_root.join(folder));
                ((folder, call.target?), text.display().to_string())
            }
        };
        let is_same = full_name(&declared.0, &declared.1) == full_name(&own.0, &own.1);
        (!is_same).then(|| Notice {
            message: format!("{subject} names `{}`, but `{}` is served, as documented", declared.1, own.1),
            hint: Some(format!("if the other is meant, give it as the start-up command: `{command}`")),
        })
    })
}

/// An app by its file's path and the object, whatever folder its module path starts from.
fn full_name(folder: &Path, target: &str) -> (PathBuf, String) {
    let (module, object) = target.split_once(':').unwrap_or((target, "application"));
    let path = module.split('.').fold(folder.components().collect::<PathBuf>(), |path, part| path.join(part));
    (path, object.trim_end_matches("()").to_owned())
}

/// A path that somebody has named, relative to the app root.
fn in_root<'p>(inputs: &Inputs, path: &'p Path) -> Result<&'p Path, String> {
    let relative = path.strip_prefix(&inputs.settings.app_root).unwrap_or(path);
    let relative = relative.strip_prefix(".").unwrap_or(relative);
    if relative.is_absolute() || relative.components().any(|part| part.as_os_str() == "..") {
        return Err(format!("names `{}`, which is not in the app root", path.display()));
    }
    Ok(relative)
}

/// A declaration that cannot be processed, by the words of [`crate::detect::Sources::named`].
fn unusable(reason: String) -> Failure {
    Failure::usage(reason).with_hint("correct it, or give the start-up command yourself")
}
