//! `pystart build`: what the platform's deployment step does, for a folder that holds nothing but sources.
//!
//! First it is decided, from a listing of folders and the content of files: the form of the project ([`forms`]), and
//! what is run for it ([`plan`]). Then it is done ([`make`]): the new environment is made beside the old one and takes
//! its place in one step when it is complete, so a build that fails, is interrupted or killed leaves the old one as it
//! was. A digest of everything it was built from is kept in it ([`stamp`]): while that is unchanged there is nothing
//! to do, and no Python is started to find that out.

mod build_tool;
mod caches;
mod collectstatic;
mod environment;
mod failure;
mod forms;
mod hooks;
mod indexes;
mod inputs;
mod installer;
mod interpreter;
mod listed;
mod make;
mod place;
mod plan;
mod python_version;
mod relocate;
mod remedy;
mod report;
mod run_step;
mod secrets;
mod stamp;
mod step;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::commands::{app_root, deployed, output};
use crate::decide::decide;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::{Disk, Files};
use crate::process::signals;
use crate::python::environment::{Origin, Python};
use crate::settings::{Flags, Settings, table};
use forms::Found;
use hooks::Hook;
use inputs::Inputs;
use make::{Make, Needs};
use place::Place;
pub use place::cached_environment;
use report::FailureReport;
pub use report::{Outcome, Report};
use stamp::Stamp;

/// What to build for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app root.
    pub app_root: &'a Path,
    /// The folder of the app that was found: the project is looked for from there upwards.
    pub app: &'a Path,
    /// The image's interpreter.
    pub python: &'a Path,
    /// The environment we were given: proxies, indexes and caches of pip and uv are in it.
    pub environ: &'a Environ,
}

/// `pystart build`; the exit status.
///
/// # Errors
///
/// A bad setting, or as [`for_settings`].
pub fn build(flags: Flags, environ: &Environ) -> Result<u8, Failure> {
    let started = Instant::now();
    let is_for_machines = flags.has(&table::JSON.row);
    let settings = app_root::settings(flags, environ).and_then(deployed::found);
    let done = settings.and_then(|settings| for_settings(&settings));
    if !is_for_machines {
        return done.map(|_| 0);
    }
    let json = match &done {
        Ok(report) => output::json(&report.clone().counted(started.elapsed())),
        Err(failure) => output::json(&FailureReport::from(failure)),
    };
    output::print(json.as_bytes())?;
    done.map(|_| 0)
}

/// Builds what these settings ask for, with the image's Python.
///
/// # Errors
///
/// As [`refresh`]; also when the image has no Python.
pub fn for_settings(settings: &Settings) -> Result<Report, Failure> {
    if let Some(archive) = settings.deployed.archive() {
        return Ok(told(Report::of_archive(archive)));
    }
    let files = Disk::new(&settings.app_root);
    let python = Python::find(&files, &settings.app_root, &settings.environ);
    let Some(image) = python.on_path() else {
        return Err(Failure::usage("there is no Python to build an environment with")
            .with_status(status::NOT_FOUND)
            .with_hint("use an image with Python, or put `python3` on PATH"));
    };
    let decision = decide(settings, &files);
    let app = match &decision.app {
        Some(app) => settings.app_root.join(&app.file).parent().map(Path::to_owned).unwrap_or_default(),
        None => decision.folder.clone(),
    };
    let environ = &settings.environ;
    refresh(&Request { app_root: &settings.app_root, app: &app, python: &image.path, environ })
}

/// Makes or refreshes the environment of the app; progress and the tools' own output go to standard error.
///
/// Signals are held from here on: one that asks us to end is passed to the tool at work, and ends the build.
///
/// # Errors
///
/// A [`Failure`] that names the command that failed, or the step that could not be done.
pub fn refresh(request: &Request<'_>) -> Result<Report, Failure> {
    let started = Instant::now();
    signals::hold();
    let files = Disk::new(request.app_root);
    let project = Project::look(request, &files)?;
    let place = Place::of_app(request.app_root, request.environ)?;
    let current = |identity: Option<&str>| is_current(&place.environment(), &project.digest, request.python, identity);
    let report = |outcome| project.report(outcome, request.app_root, &place);
    if current(None) {
        return Ok(told(report(Outcome::Current)));
    }
    if project.is_nothing() && image_has_server(request, &files) {
        return Ok(told(report(Outcome::Unneeded)));
    }
    let interpreter = interpreter::ask(request.python, request.environ)?;
    if project.is_nothing() && interpreter.has_server {
        return Ok(told(report(Outcome::Unneeded)));
    }
    // The interpreter's file may be another one of the same version.
    if current(Some(&interpreter.identity)) {
        return Ok(told(report(Outcome::Current)));
    }
    let needs = project.needs(request.app_root, &interpreter.version, &files)?;
    let root = request.app_root.display();
    let lock = place.lock(|| tracing::info!("another build of `{root}` is running: waiting for it"))?;
    // Another build may have done it meanwhile.
    if current(Some(&interpreter.identity)) {
        place.clear();
        return Ok(told(report(Outcome::Current)));
    }
    let make = Make::new(request, &interpreter, &files, &place, &needs);
    let done = make.run(&Stamp {
        inputs: project.digest.clone(),
        interpreter: interpreter.identity.clone(),
        interpreter_file: interpreter::file_identity(request.python).unwrap_or_default(),
    });
    if done.is_err() {
        place.clear();
    }
    drop(lock);
    let report = Report { installer: Some(done?), python: Some(interpreter.version.clone()), ..report(Outcome::Built) };
    Ok(told(report.counted(started.elapsed())))
}

fn told(report: Report) -> Report {
    tracing::info!("{}", report.line());
    report
}

/// The file that says what the app in the folder `app` needs, relative to the app root, and all that it says: its text
/// and that of every file it names. `None` where nothing says so, or what says so cannot be read.
pub(crate) fn declared(app_root: &Path, app: &Path, environ: &Environ) -> Option<(String, String)> {
    let files = Disk::new(app_root);
    let request = Request { app_root, app, python: Path::new(""), environ };
    let project = Project::look(&request, &files).ok()?;
    let texts: Vec<_> = project.inputs.iter().map(|(_, content)| String::from_utf8_lossy(content)).collect();
    Some((project.source(app_root)?, texts.join("\n")))
}

/// What is built from: everything that is known before anything is done.
struct Project<'a> {
    found: Option<Found<'a>>,
    folders: Vec<PathBuf>,
    hooks: Vec<Hook>,
    inputs: Inputs,
    digest: String,
}

impl<'a> Project<'a> {
    fn look(request: &Request<'a>, files: &'a Disk) -> Result<Self, Failure> {
        let folders = forms::upwards(request.app_root, request.app);
        let chosen = forms::chosen(request.environ)?;
        let found = forms::find(files, request.app_root, &folders, chosen)?;
        let hooks = hooks::of(request.environ);
        let mut inputs = found.as_ref().map_or_else(|| Ok(Inputs::default()), Inputs::of)?;
        for script in hooks.iter().filter_map(|hook| hook.script(request.app_root, files)) {
            inputs.add(&script)?;
        }
        if let Some(found) = &found {
            // Relative to where the installer runs.
            let bounds = indexes::constraints(request.environ).into_iter();
            bounds.map(|file| found.folder.path.join(file)).try_for_each(|file| inputs.add(&file).map(drop))?;
        }
        let form = found.as_ref().map_or("", |found| found.file.as_str());
        let digest = stamp::digest(form, &inputs, hooks.iter().map(Hook::bytes));
        Ok(Self { found, folders, hooks, inputs, digest })
    }

    /// Nothing says what to install, and nothing is to be run.
    fn is_nothing(&self) -> bool {
        self.found.is_none() && self.hooks.is_empty()
    }

    /// What has to be done, once it is clear that something has: the wrong Python is told before anything is fetched.
    fn needs(&self, root: &Path, version: &str, files: &'a Disk) -> Result<Needs<'_>, Failure> {
        let install = self.found.as_ref().map(Found::install).transpose()?;
        if let Some(found) = &self.found {
            found.require_python(version)?;
            found.tell_ignored();
        }
        forms::tell_pinned_python(&self.folders, version, files);
        Ok(Needs {
            install,
            folder: self.found.as_ref().map(|found| found.folder.path.clone()),
            source: self.source(root),
            hooks: &self.hooks,
            is_hashed: self.inputs.has_hashes(),
            texts: self.inputs.iter().map(|(_, text)| text).collect(),
            manage_py: collectstatic::folder(&self.folders, files),
        })
    }

    /// The file that says what the project needs, relative to the app root if it is in there.
    fn source(&self, root: &Path) -> Option<String> {
        let found = self.found.as_ref()?;
        let path = found.folder.path.join(&found.file);
        Some(path.strip_prefix(root).unwrap_or(&path).display().to_string())
    }

    fn report(&self, outcome: Outcome, root: &Path, place: &Place) -> Report {
        Report {
            outcome,
            environment: (outcome != Outcome::Unneeded).then(|| place.environment()),
            source: self.source(root),
            installer: None,
            python: None,
            packages: 0,
            bytes: 0,
            seconds: 0.0,
        }
    }
}

/// Was the environment made from just this, by just this interpreter? One whose own interpreter is gone was not,
/// whatever its stamp says. `identity` is what the interpreter says, where it has been asked.
fn is_current(environment: &Path, digest: &str, python: &Path, identity: Option<&str>) -> bool {
    let Some(stamp) = Stamp::read(environment) else { return false };
    let is_same_interpreter = match identity {
        Some(identity) => stamp.interpreter == identity,
        None => interpreter::file_identity(python).is_some_and(|file| file == stamp.interpreter_file),
    };
    stamp.inputs == digest && is_same_interpreter && environment.join("bin/python").is_file()
}

/// Has the image's Python a gunicorn, or an environment of the image, as far as a look at its folders can tell?
fn image_has_server(request: &Request<'_>, files: &Disk) -> bool {
    let python = Python::find(files, request.app_root, request.environ);
    let mut folders = python.image_packages();
    let is_of_image = |origin| matches!(origin, Origin::VirtualEnv | Origin::SearchPath);
    if python.environment.as_ref().is_some_and(|environment| is_of_image(environment.origin)) {
        folders.extend(python.packages());
    }
    folders.iter().any(|folder| files.is_file(&folder.join("gunicorn/__init__.py")))
}
