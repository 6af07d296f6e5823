//! `pystart build`: what the platform's deployment step does, for a folder that holds nothing but sources.
//!
//! The new environment is built beside the old one and takes its place in one step when it is complete, so a build
//! that fails, is interrupted or killed leaves the old one as it was. A digest of everything it was built from is kept
//! in it: while that is unchanged there is nothing to do.

pub mod inputs;
mod place;
pub mod plan;
mod relocate;
mod tool;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use nix::unistd::{AccessFlags, access};

use crate::commands::app_root;
use crate::deployment::Deployment;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::Disk;
use crate::process::signals;
use crate::python::environment::Python;
use crate::settings::{Flags, Settings};
use inputs::{Root, Source};
use place::Place;
pub use place::cached_environment;
use plan::{Plan, Tools};

/// The file in the environment that holds the digest of its inputs.
const STAMP: &str = "pystart-build";

/// What to build for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The app root.
    pub app_root: &'a Path,
    /// The image's interpreter.
    pub python: &'a Path,
    /// The environment we were given: proxies, indexes and caches of pip and uv are in it.
    pub environ: &'a Environ,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The environment was there and up to date.
    Current(PathBuf),
    /// It was built.
    Built(PathBuf),
    /// Nothing lists a package, and the image has gunicorn: no environment is needed.
    Unneeded,
}

/// `pystart build`; the exit status.
///
/// # Errors
///
/// A bad setting, or as [`for_settings`].
pub fn build(flags: Flags, environ: &Environ) -> Result<u8, Failure> {
    let settings = app_root::settings(flags, environ)?;
    let disk = Disk::new(&settings.app_root);
    let settings = Deployment::find(&settings, &disk)?.apply(settings, &disk);
    match archive_with_environment(&settings) {
        Some(archive) => tracing::info!("nothing to build: the environment is in `{archive}`"),
        None => drop(for_settings(&settings)?),
    }
    Ok(0)
}

/// The archive that the environment of this deployment is in, if it is in one.
#[must_use]
pub fn archive_with_environment(settings: &Settings) -> Option<String> {
    let archive = settings.deployed.report.as_ref()?.archive.as_ref()?;
    Some(archive.file_name()?.to_string_lossy().into_owned())
}

/// Builds what these settings ask for, with the image's Python; the environment's folder, if there is one.
///
/// # Errors
///
/// As [`refresh`]; also when the image has no Python.
pub fn for_settings(settings: &Settings) -> Result<Option<PathBuf>, Failure> {
    let files = Disk::new(&settings.app_root);
    let python = Python::find(&files, &settings.app_root, &settings.environ);
    let Some(image) = python.image() else {
        return Err(Failure::usage("there is no Python to build an environment with")
            .with_status(status::NOT_FOUND)
            .with_hint("use an image with Python, or put `python3` on PATH"));
    };
    let request = Request { app_root: &settings.app_root, python: &image.path, environ: &settings.environ };
    match refresh(&request) {
        Ok(Outcome::Current(folder) | Outcome::Built(folder)) => Ok(Some(folder)),
        Ok(Outcome::Unneeded) => Ok(None),
        Err(error) => Err(error.downcast().unwrap_or_else(|error| Failure {
            message: format!("{error:#}"),
            hint: None,
            status: status::NO,
        })),
    }
}

/// Makes or refreshes the environment of the app; progress and the tools' own output go to standard error.
///
/// Signals are held from here on: one that asks us to end is passed to the tool at work, and ends the build.
///
/// # Errors
///
/// A [`Failure`] that names the command that failed, or the step that could not be done.
pub fn refresh(request: &Request<'_>) -> Result<Outcome> {
    let Request { app_root, python, environ } = *request;
    signals::hold();
    let place = Place::choose(app_root, environ).context("no folder for the environment")?;
    let waiting = || tracing::info!("another build of `{}` is running: waiting for it", app_root.display());
    let _lock = place.lock(waiting).with_context(|| format!("cannot open `{}`", app_root.display()))?;

    let uv = environ.filled("PATH").and_then(|path| which::which_in("uv", Some(path), "/").ok());
    let root = look(app_root);
    let source = root.source(uv.is_some());
    let interpreter = interpreter(request)?;
    if source == Source::Nothing && can_import_gunicorn(request)? {
        tracing::info!("nothing to build: no requirements.txt, pyproject.toml or setup.py in `{}`", app_root.display());
        return Ok(Outcome::Unneeded);
    }
    let inputs = inputs::gather(app_root, source).with_context(|| format!("cannot read {}", source.file(&root)))?;
    let digest = inputs::digest(&inputs, source, &interpreter.identity);
    let environment = place.environment();
    if is_current(&environment, &digest) {
        tracing::info!("`{}` is up to date", environment.display());
        return Ok(Outcome::Current(environment));
    }

    let building = place.building();
    let tools = Tools { python, uv: uv.as_deref(), building: &building };
    tracing::info!(
        "building `{}` from {} with {}, for Python {}",
        environment.display(),
        source.file(&root),
        if uv.is_some() { "uv" } else { "pip" },
        interpreter.version
    );
    place.clear().with_context(|| format!("cannot remove `{}`", building.display()))?;
    let done = make(&Plan::new(source, &tools), request, &building, &environment, &digest).and_then(|()| {
        place.install().with_context(|| format!("cannot put the new environment at `{}`", environment.display()))
    });
    if let Err(error) = done {
        let _ = place.clear();
        return Err(error);
    }
    tracing::info!("`{}` is built", environment.display());
    Ok(Outcome::Built(environment))
}

fn look(app_root: &Path) -> Root {
    let has = |name: &str| app_root.join(name).is_file();
    Root {
        requirements: has("requirements.txt"),
        pyproject: fs::read(app_root.join("pyproject.toml")).ok().map(|text| String::from_utf8_lossy(&text).into()),
        setup: has("setup.py"),
        lock: has("uv.lock"),
        is_writable: access(app_root, AccessFlags::W_OK).is_ok(),
    }
}

/// An environment whose interpreter is gone is not up to date, whatever its stamp says.
fn is_current(environment: &Path, digest: &str) -> bool {
    fs::read_to_string(environment.join(STAMP)).is_ok_and(|stamp| stamp == digest)
        && environment.join("bin/python").is_file()
}

/// What an environment depends on besides its packages.
struct Interpreter {
    version: String,
    /// Version, implementation and platform: packages with native code are built for just these.
    identity: String,
}

/// Asks the interpreter, in isolated mode and without `site`: ten milliseconds, the price of not guessing.
fn interpreter(request: &Request<'_>) -> Result<Interpreter> {
    const QUESTION: &str = "import sys; i = sys.implementation; \
                            print(sys.version.split()[0], i.cache_tag, getattr(i, '_multiarch', ''), sys.executable)";
    let failed = || format!("cannot run the interpreter `{}`", request.python.display());
    let output = question(request, &["-I", "-S", "-c", QUESTION]).output().with_context(failed)?;
    let identity = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = identity.split(' ').next().filter(|_| output.status.success()).with_context(failed)?.to_owned();
    Ok(Interpreter { version, identity })
}

fn can_import_gunicorn(request: &Request<'_>) -> io::Result<bool> {
    let status = question(request, &["-I", "-c", "import gunicorn"]).stderr(Stdio::null()).status()?;
    Ok(status.success())
}

fn question(request: &Request<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(request.python);
    command.args(arguments).env_clear().envs(request.environ.iter()).stdin(Stdio::null());
    signals::released(&mut command);
    command
}

/// Runs the plan and leaves a complete environment in the building folder.
fn make(plan: &Plan, request: &Request<'_>, building: &Path, environment: &Path, digest: &str) -> Result<()> {
    for step in std::iter::once(&plan.create).chain(&plan.install) {
        tool::run(step, request)?;
    }
    if !has_gunicorn(building) {
        tool::run(&plan.gunicorn, request)?;
    }
    match tool::run(&plan.compile, request) {
        // Some packages carry templates that are no valid Python; the rest is compiled all the same.
        Err(failure) if failure.status == status::NO => tracing::debug!("{failure}"),
        ended => ended?,
    }
    let written = || format!("cannot write in `{}`", building.display());
    relocate::relocate(building, environment).with_context(written)?;
    fs::write(building.join(STAMP), digest).with_context(written)
}

fn has_gunicorn(environment: &Path) -> bool {
    let versions = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("site-packages/gunicorn/__init__.py").is_file())
}
