//! Doing what was decided: one environment, from nothing to its place.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::build_tool::{self, BuildTool};
use super::environment::{self, lend_pip};
use super::failure::{StepFailure, cannot};
use super::hooks::{Hook, When};
use super::installer::{Installer, Pip, Uv};
use super::interpreter::Interpreter;
use super::place::Place;
use super::plan::{Action, Install, Plan, Setting};
use super::run_step::{self, Ended, Outcome};
use super::secrets::Masker;
use super::stamp::Stamp;
use super::step::Step;
use super::{Request, caches, collectstatic, indexes, listed, relocate};
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::{Disk, Files};
use crate::python::environment::{DEFAULT_PATH, Python};

/// Variables that would send packages elsewhere, or pip to the wrong modules.
const HARMFUL: [&str; 8] = [
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
];

/// What the user may set otherwise.
const USUAL: [(&str, &str); 3] =
    [("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1"), ("PIP_ROOT_USER_ACTION", "ignore")];

/// What has to be done.
pub(super) struct Needs<'a> {
    /// How the project is installed; `None`: nothing says what it needs.
    pub(super) install: Option<Install>,
    /// The folder of the project.
    pub(super) folder: Option<PathBuf>,
    /// The file that says what it needs.
    pub(super) source: Option<String>,
    /// Commands of the user.
    pub(super) hooks: &'a [Hook],
    /// The requirements have hashes.
    pub(super) is_hashed: bool,
    /// The files that are built from: they may hold secrets, which must not be shown.
    pub(super) texts: Vec<&'a [u8]>,
    /// The folder with Django's `manage.py`.
    pub(super) manage_py: Option<PathBuf>,
}

/// One build.
pub(super) struct Make<'a> {
    request: &'a Request<'a>,
    interpreter: &'a Interpreter,
    files: &'a Disk,
    place: &'a Place,
    needs: &'a Needs<'a>,
    /// Where it is built.
    building: PathBuf,
    /// What is needed meanwhile.
    work: PathBuf,
    /// The environment of the tools.
    environ: Environ,
    masker: Masker,
}

impl<'a> Make<'a> {
    pub(super) fn new(
        request: &'a Request<'a>,
        interpreter: &'a Interpreter,
        files: &'a Disk,
        place: &'a Place,
        needs: &'a Needs<'a>,
    ) -> Self {
        let building = place.building();
        let environ = environ_of_tools(request.environ, &building);
        let masker = Masker::new(&environ, needs.texts.iter().copied());
        let work = building.join("pystart-work");
        Self { request, interpreter, files, place, needs, building, work, environ, masker }
    }

    /// Makes the environment and puts it in its place; the name of what installed it.
    pub(super) fn run(&self, stamp: &Stamp) -> Result<&'static str, Failure> {
        if !caches::variables(self.request.environ).is_empty() {
            caches::make(self.request.environ).map_err(|error| {
                Failure::usage(format!("no folder for caches: {error}"))
                    .with_status(status::NO)
                    .with_hint(format!("name one that this user can write in `{}`", caches::VARIABLE))
            })?;
        }
        let pip = Pip { runner: self.interpreter.pip_runner.clone() };
        let uv = self.uv();
        tracing::info!(
            "building `{}` from {} with {}, for Python {}",
            self.place.environment().display(),
            self.needs.source.as_deref().unwrap_or("nothing"),
            if uv.is_some() { "uv" } else { "pip" },
            self.interpreter.version
        );
        let has_own_pip = pip.runner.is_none() && uv.is_none();
        self.step(&environment::create(self.request.python, "antenv", has_own_pip, &self.building))?;
        let written = |error| cannot("write in", &self.building, &error);
        lend_pip(&self.building, &pip).map_err(written)?;
        self.hooks(When::Before)?;
        let installer = self.fill(uv.as_ref(), &pip)?;
        self.collect_static()?;
        self.hooks(When::After)?;
        let _ = fs::remove_dir_all(&self.work);
        self.step(&environment::compile(&self.building, &self.place.environment()))?;
        relocate::relocate(&self.building, &self.place.environment()).map_err(written)?;
        stamp.write(&self.building).map_err(written)?;
        self.place
            .install()
            .map_err(|error| cannot("put the new environment at", &self.place.environment(), &error))?;
        Ok(installer)
    }

    /// uv: on PATH, beside the image's Python, or in the environment that is to be replaced.
    fn uv(&self) -> Option<Uv> {
        let path = self.environ.filled("PATH").unwrap_or(OsStr::new(DEFAULT_PATH));
        let beside = self.request.python.parent().map(|folder| folder.join("uv"));
        let own = self.place.environment().join("bin/uv");
        let others = beside.into_iter().chain([own]).find(|path| self.files.is_file(path));
        self.files.program(OsStr::new("uv"), path).or(others).map(Uv::new)
    }

    /// Installs what the project needs: by uv where it is, else by pip, which has a try as well where uv has failed on
    /// something that pip may do.
    fn fill(&self, uv: Option<&Uv>, pip: &Pip) -> Result<&'static str, Failure> {
        let instead: Vec<_> = self.needs.hooks.iter().filter(|hook| hook.when == When::Instead).collect();
        let installer: &dyn Installer = uv.map_or(pip as &dyn Installer, |uv| uv);
        if !instead.is_empty() {
            self.hooks(When::Instead)?;
            return self.server(installer);
        }
        match self.install(installer) {
            Ok(()) => self.server(installer),
            Err(failed) if uv.is_some() && self.is_for_pip(&failed, pip) => {
                let why = failed.cause.unwrap_or("it did not say why");
                tracing::warn!("uv has failed ({why}): pip has a try");
                self.install(pip).map_err(|failed| failed.failure)?;
                self.server(pip)
            }
            Err(failed) => Err(failed.failure),
        }
    }

    fn is_for_pip(&self, failed: &StepFailure, pip: &Pip) -> bool {
        failed.may_succeed_otherwise
            && pip.runner.is_some()
            && self.needs.install.as_ref().is_none_or(Install::is_for_pip)
    }

    fn install(&self, installer: &dyn Installer) -> Result<(), StepFailure> {
        fs::create_dir_all(&self.work).map_err(|error| cannot("make", &self.work, &error))?;
        let tool_folder = |tool: &BuildTool| self.tool_place(tool).map(|place| place.environment()).unwrap_or_default();
        let setting = self.setting(installer, &tool_folder);
        let plan = Plan::new(self.needs.install.as_ref(), &setting);
        if let Some(tool) = plan.tool {
            self.provide(tool, installer)?;
        }
        plan.actions.iter().try_for_each(|action| self.act(action, installer))
    }

    fn setting<'s>(&'s self, installer: &'s dyn Installer, tool: &'s dyn Fn(&BuildTool) -> PathBuf) -> Setting<'s> {
        Setting {
            installer,
            project: self.needs.folder.as_deref().unwrap_or(self.request.app_root),
            environment: &self.building,
            work: &self.work,
            tool,
            is_hashed: self.needs.is_hashed,
        }
    }

    fn act(&self, action: &Action, installer: &dyn Installer) -> Result<(), StepFailure> {
        match action {
            Action::Run(step) => self.run_step(step, None).map(drop),
            Action::Write { path, text } => fs::write(path, text).map_err(|error| cannot("write", path, &error).into()),
            Action::Copy { from, to } => {
                let parent = to.parent().unwrap_or(to);
                let copied = fs::create_dir_all(parent).and_then(|()| fs::copy(from, to));
                copied.map(drop).map_err(|error| cannot("copy", from, &error).into())
            }
            Action::InstallList { list, is_complete } => self.install_list(list, *is_complete, installer),
        }
    }

    fn install_list(&self, list: &Path, is_complete: bool, installer: &dyn Installer) -> Result<(), StepFailure> {
        let text = fs::read_to_string(list).map_err(|error| cannot("read", list, &error))?;
        for (number, part) in listed::arranged(&text).into_iter().enumerate() {
            let file = list.with_extension(format!("{number}.txt"));
            fs::write(&file, part).map_err(|error| cannot("write", &file, &error))?;
            let mut words: Vec<OsString> = vec!["-r".into(), file.into()];
            if is_complete {
                words.push("--no-deps".into());
            }
            let project = self.needs.folder.as_deref().unwrap_or(self.request.app_root);
            self.run_step(&installer.install(&self.building, &words).in_folder(project), None)?;
        }
        Ok(())
    }

    /// Installs gunicorn, unless it came with the rest.
    fn server(&self, installer: &dyn Installer) -> Result<&'static str, Failure> {
        if !environment::has(&self.building, "gunicorn") {
            self.step(&Plan::server(&self.setting(installer, &|_| PathBuf::new())))?;
        }
        Ok(installer.name())
    }

    fn tool_place(&self, tool: &BuildTool) -> Result<Place, Failure> {
        let cache = caches::make_folder(self.request.environ, build_tool::FOLDER)
            .map_err(|error| Failure::usage(format!("no folder for build tools: {error}")).with_status(status::NO))?;
        Ok(Place::new(cache, tool.folder_name(&self.interpreter.identity)))
    }

    /// Makes sure that a build tool is in its environment in the cache.
    fn provide(&self, tool: &'static BuildTool, installer: &dyn Installer) -> Result<(), StepFailure> {
        let place = self.tool_place(tool)?;
        let is_there = || place.environment().join("bin/python").is_file();
        if is_there() {
            return Ok(());
        }
        let _lock = place.lock(|| tracing::info!("another build is installing {}: waiting for it", tool.name))?;
        if is_there() {
            place.clear();
            return Ok(());
        }
        tracing::info!("installing {}, for builds only", tool.name);
        let building = place.building();
        let has_own_pip = self.interpreter.pip_runner.is_none() && installer.as_uv().is_none();
        let create = environment::create(self.request.python, tool.name, has_own_pip, &building);
        let done = self
            .run_step(&create, None)
            .and_then(|_| self.run_step(&tool.install(installer, &building), None))
            .and_then(|_| place.install().map_err(|error| cannot("install", &place.environment(), &error).into()));
        if done.is_err() {
            place.clear();
        }
        done
    }

    /// The user's commands for one moment, in the new environment.
    fn hooks(&self, when: When) -> Result<(), Failure> {
        for hook in self.needs.hooks.iter().filter(|hook| hook.when == when) {
            // A file of its own, so that what an earlier command has made is seen.
            let files = Disk::new(self.request.app_root);
            let python = Python::find(&files, self.request.app_root, &self.environ)
                .with_environment(self.request.app_root, &self.building);
            let step = hook.step(self.request.app_root, &python, &files)?;
            tracing::info!("running `{}`", hook.variable);
            self.entered(&step, None).map_err(|failed| failed.of_hook(hook.variable))?;
        }
        Ok(())
    }

    /// Django's `collectstatic`; a failure is a warning, as on the platform.
    fn collect_static(&self) -> Result<(), Failure> {
        let Some(folder) = &self.needs.manage_py else { return Ok(()) };
        if !environment::has(&self.building, "django") || collectstatic::is_off(self.request.environ) {
            return Ok(());
        }
        let step = collectstatic::step(&self.building, folder);
        match self.entered(&step, Some(collectstatic::LIMIT)) {
            Ok(_) => {}
            Err(failed) if failed.is_interrupted => return Err(failed.failure),
            Err(failed) if collectstatic::is_not_meant(&failed.output) => {
                tracing::info!("no static files are collected: the settings name no `STATIC_ROOT`");
            }
            Err(failed) => tracing::warn!(
                hint = format!(
                    "see above; `{}=1` leaves it out, and `POST_BUILD_COMMAND` can do it another way",
                    collectstatic::VARIABLE
                ),
                "static files were not collected: {}",
                failed.failure.message
            ),
        }
        Ok(())
    }

    /// Runs a command in the app's environment that is being made.
    fn entered(&self, step: &Step, limit: Option<Duration>) -> Result<Outcome, StepFailure> {
        let mut environ = self.request.environ.clone();
        let python = Python::find(self.files, self.request.app_root, &environ)
            .with_environment(self.request.app_root, &self.building);
        python.enter(&mut environ, false);
        environ.set("PATH", joined(&self.building.join("bin"), environ.filled("PATH")));
        environ.set("VIRTUAL_ENV", &self.building);
        for (name, value) in caches::variables(self.request.environ) {
            environ.set(name, value);
        }
        self.run_in(step, &environ, limit)
    }

    fn step(&self, step: &Step) -> Result<(), Failure> {
        self.run_step(step, None).map(drop).map_err(|failed| failed.failure)
    }

    fn run_step(&self, step: &Step, limit: Option<Duration>) -> Result<Outcome, StepFailure> {
        self.run_in(step, &self.environ, limit)
    }

    fn run_in(&self, step: &Step, environ: &Environ, limit: Option<Duration>) -> Result<Outcome, StepFailure> {
        tracing::info!("{}", step.title());
        let outcome = run_step::run(step, environ, self.masker.clone(), limit)
            .map_err(|error| StepFailure::not_started(step, &error))?;
        match outcome.ended {
            Ended::Exit(status) if status.success() => Ok(outcome),
            _ => Err(StepFailure::new(step, &outcome, &self.interpreter.version, self.request.environ)),
        }
    }
}

fn joined(folder: &Path, path: Option<&OsStr>) -> OsString {
    let mut all = OsString::from(folder);
    all.push(":");
    all.push(path.unwrap_or(OsStr::new(DEFAULT_PATH)));
    all
}

/// What the tools get: what we were given, without what would send packages elsewhere.
fn environ_of_tools(given: &Environ, building: &Path) -> Environ {
    let mut environ = given.clone();
    for name in HARMFUL {
        environ.remove(name);
    }
    for (name, value) in USUAL.iter().filter(|(name, _)| given.get(name).is_none()) {
        environ.set(name, value);
    }
    for (name, value) in caches::variables(given) {
        environ.set(name, value);
    }
    for (name, value) in indexes::translated(given, |path| Path::new(path).exists()) {
        environ.set(name, value);
    }
    // Links into a cache on another file system cannot be, and uv warns that it copies instead.
    if environ.filled("UV_LINK_MODE").is_none() && !caches::is_beside(&environ, building) {
        environ.set("UV_LINK_MODE", "copy");
    }
    // The interpreter is the image's: another one would be gone with the build.
    environ.set("UV_PYTHON_DOWNLOADS", "never");
    environ
}
