//! gunicorn: where it is, which version, what the user has set, and the command line that follows.

pub mod arguments;
mod command_line;
mod configuration;
pub mod options;
pub mod shlex;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::{Failure, status};
use crate::files::{Access, Files};
use crate::model::Interface;
use crate::python::environment::Python;
use crate::shell::shebang::Shebang;

/// A gunicorn that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gunicorn {
    /// The program for `execve`.
    pub program: PathBuf,
    /// The words in front of gunicorn's own arguments: `gunicorn`, or `python -m gunicorn`.
    pub words: Vec<OsString>,
    /// The package that runs, if it could be found; it tells the version.
    pub package: Option<PathBuf>,
    /// It comes from the environment of the app, not from the image.
    pub from_environment: bool,
    /// It runs in an interpreter that is not the environment's own, which needs the packages lent.
    pub needs_lent_packages: bool,
}

/// A version of gunicorn, as far as anything depends on it.
pub type Version = (u16, u16);

impl Gunicorn {
    /// Looks in the environment first, then in the image.
    ///
    /// A console script is only used when its first line names an interpreter that is there, and one of this very
    /// environment: a script of a moved or copied environment would run another Python, or none.
    ///
    /// # Errors
    ///
    /// There is none: status 127.
    pub fn find(files: &dyn Files, python: &Python) -> Result<Self, Failure> {
        if let Some(environment) = &python.environment {
            let packages = python.packages_of_environment();
            let own = packages.iter().filter(|folder| folder.starts_with(&environment.folder));
            let package = own.map(|folder| folder.join("gunicorn")).find(|package| files.is_folder(package));
            if let Some(package) = package {
                let script = environment.folder.join("bin/gunicorn");
                let is_own = |interpreter: &Path| interpreter.starts_with(&environment.folder);
                // On a volume that is mounted `noexec` the kernel refuses the script, and Python reads it.
                let may_run = files.may(&script, Access::Execute);
                let works = may_run
                    && python.runs_own_interpreter()
                    && script_interpreter(files, &script).is_some_and(|i| is_own(&i));
                let interpreter = python.interpreter().map(|interpreter| interpreter.path.clone());
                return match interpreter {
                    _ if works => Ok(Self::script(script, Some(package), true, false)),
                    Some(interpreter) => {
                        Ok(Self::module(interpreter, Some(package), true, !python.runs_own_interpreter()))
                    }
                    None => Err(no_python(&environment.name)),
                };
            }
        }
        // Its script was made for the interpreter of the build, which is usually another one.
        let in_folder = python.package_folder.as_ref().map(|folder| folder.join("gunicorn"));
        if let (Some(package), Some(image)) = (in_folder.filter(|package| files.is_folder(package)), python.image()) {
            return Ok(Self::module(image.path.clone(), Some(package), true, false));
        }
        // In the Python that the environment was made from and sees, where the image's search path does not lead to it.
        let of_base = python.packages_of_other_base().into_iter().map(|folder| folder.join("gunicorn"));
        if let (Some(own), Some(package)) =
            (python.interpreter(), of_base.into_iter().find(|package| files.is_folder(package)))
        {
            return Ok(Self::module(own.path.clone(), Some(package), false, false));
        }
        let lends = python.environment.is_some();
        let script = files.program(OsStr::new("gunicorn"), &python.search_path());
        if let Some(script) = script.filter(|script| is_program_or_live_script(files, script)) {
            return Ok(Self::script(script, None, false, lends));
        }
        let package = python.image_packages().into_iter().map(|folder| folder.join("gunicorn"));
        match (python.image(), package.into_iter().find(|package| files.is_folder(package))) {
            (Some(image), Some(package)) => Ok(Self::module(image.path.clone(), Some(package), false, lends)),
            _ => Err(Failure::usage("gunicorn was not found, neither in the app's environment nor in the image")
                .with_status(status::NOT_FOUND)
                .with_hint("add `gunicorn` to requirements.txt and build the environment: `pystart build`")),
        }
    }

    fn script(script: PathBuf, package: Option<PathBuf>, from_environment: bool, needs_lent_packages: bool) -> Self {
        Self { program: script, words: vec!["gunicorn".into()], package, from_environment, needs_lent_packages }
    }

    fn module(python: PathBuf, package: Option<PathBuf>, from_environment: bool, needs_lent_packages: bool) -> Self {
        let words = vec![python.clone().into(), "-m".into(), "gunicorn".into()];
        Self { program: python, words, package, from_environment, needs_lent_packages }
    }

    /// Its version, from `gunicorn/__init__.py`; `None` when the package cannot be found or reads unlike any release.
    #[must_use]
    pub fn version(&self, files: &dyn Files, python: &Python) -> Option<Version> {
        let found = || {
            let mut folders = python.image_packages().into_iter().map(|folder| folder.join("gunicorn"));
            folders.find(|package| files.is_folder(package))
        };
        let package = self.package.clone().or_else(found)?;
        parse_version(&files.read(&package.join("__init__.py")).ok()?)
    }
}

fn no_python(environment: &str) -> Failure {
    Failure::usage(format!("the interpreter of `{environment}` is not here, and the image has no Python"))
        .with_status(status::NOT_FOUND)
        .with_hint("use an image with Python, or put `python3` on PATH")
}

/// `version_info = (23, 0, 0)`, as every release since 0.17 has it.
fn parse_version(init: &[u8]) -> Option<Version> {
    let text = std::str::from_utf8(init).ok()?;
    let tuple = text.lines().find_map(|line| line.strip_prefix("version_info")?.split_once('('))?.1;
    let mut numbers = tuple.split(',').map(|number| number.trim().parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// The interpreter that the first line of a script names, if it is there.
pub(crate) fn script_interpreter(files: &dyn Files, script: &Path) -> Option<PathBuf> {
    let content = files.read(script).ok()?;
    let interpreter = Shebang::of(&content)?.interpreter();
    files.may(interpreter, Access::Execute).then(|| interpreter.to_owned())
}

fn is_program_or_live_script(files: &dyn Files, path: &Path) -> bool {
    let is_script = files.read(path).is_ok_and(|content| content.starts_with(b"#!"));
    !is_script || script_interpreter(files, path).is_some()
}

/// The worker class for ASGI apps that is taken first (the package `uvicorn-worker`).
pub(crate) const USUAL_ASGI_WORKER: &str = "uvicorn_worker.UvicornWorker";

/// The worker class that aiohttp brings; it takes an `Application`, or a coroutine function that makes one.
pub(crate) const AIOHTTP_WORKER: &str = "aiohttp.GunicornWebWorker";

/// The worker class for an app: none for WSGI, where gunicorn's default is right.
///
/// For ASGI the one that is installed, in this order: `uvicorn_worker` is where uvicorn's worker class lives today,
/// `uvicorn.workers` where it lived before, `asgi` is gunicorn's own since 25.
///
/// # Errors
///
/// None is installed. Under a worker for WSGI every request would be answered with 500.
pub fn worker_class(
    interface: Interface,
    gunicorn: &Gunicorn,
    files: &dyn Files,
    python: &Python,
) -> Result<Option<&'static str>, Failure> {
    if interface == Interface::Wsgi {
        return Ok(None);
    }
    let mut folders = python.packages();
    if !gunicorn.from_environment {
        folders.extend(python.image_packages());
    }
    let has = |module: &str| folders.iter().any(|folder| files.is_file(&folder.join(module)));
    if interface == Interface::Aiohttp {
        if has("aiohttp/worker.py") {
            return Ok(Some(AIOHTTP_WORKER));
        }
        let message = "this is an aiohttp app, and the package `aiohttp` with its worker class is not installed";
        return Err(Failure::usage(message)
            .with_status(status::NOT_FOUND)
            .with_hint("add `aiohttp` to requirements.txt, then build the environment"));
    }
    if has("uvicorn_worker/__init__.py") {
        return Ok(Some(USUAL_ASGI_WORKER));
    }
    if has("uvicorn/workers.py") {
        return Ok(Some("uvicorn.workers.UvicornWorker"));
    }
    match gunicorn.version(files, python) {
        Some((25.., _)) => Ok(Some("asgi")),
        version => Err(Failure::usage(format!(
            "this is an ASGI app, and there is no worker class for it: no `uvicorn-worker`, no `uvicorn` with workers, \
             and gunicorn {} has none of its own",
            version.map_or_else(|| "of an unknown version".into(), |(major, minor)| format!("{major}.{minor}"))
        ))
        .with_status(status::NOT_FOUND)
        .with_hint("add `uvicorn-worker` to requirements.txt (or gunicorn 25 or newer), then build the environment")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environ::Environ;
    use crate::files::Memory;

    const INIT: &str = "version_info = (23, 0, 0)\n__version__ = \".\".join([str(v) for v in version_info])\n";
    const SITE: &str = "/site/antenv/lib/python3.12/site-packages";

    fn image() -> Memory {
        Memory::default()
            .program("/usr/bin/python3.12", "\x7fELF")
            .program("/usr/bin/python3", "\x7fELF")
            .dead_link("/usr/bin/python3", "python3.12")
    }

    fn image_gunicorn(files: Memory) -> Memory {
        files
            .program("/usr/bin/gunicorn", "#!/usr/bin/python3\n")
            .file("/usr/lib/python3.12/site-packages/gunicorn/__init__.py", INIT)
    }

    fn environment(files: Memory, shebang: &str) -> Memory {
        files
            .file("/site/antenv/pyvenv.cfg", "")
            .program("/site/antenv/bin/gunicorn", format!("#!{shebang}\nimport re\n"))
            .file(format!("{SITE}/gunicorn/__init__.py"), INIT)
    }

    fn find(files: &Memory) -> Result<Gunicorn, Failure> {
        let environ: Environ = [("PATH", "/usr/bin")].into_iter().collect();
        Gunicorn::find(files, &Python::find(files, Path::new("/site"), &environ))
    }

    #[test]
    fn the_environments_own_script_is_used_when_it_runs_the_environments_python() {
        let files = environment(image(), "/site/antenv/bin/python").program("/site/antenv/bin/python", "");
        let found = find(&files).unwrap();
        assert_eq!(found.program, Path::new("/site/antenv/bin/gunicorn"));
        assert_eq!(found.words, ["gunicorn"]);
        assert!(found.from_environment && !found.needs_lent_packages);
    }

    #[test]
    fn a_script_of_another_place_is_run_as_a_module() {
        for shebang in ["/tmp/8dc1/antenv/bin/python", "/usr/bin/python3", "/bin/sh"] {
            let files = environment(image(), shebang).program("/site/antenv/bin/python", "");
            let found = find(&files).unwrap();
            assert_eq!(found.words, ["/site/antenv/bin/python", "-m", "gunicorn"], "{shebang}");
            let moved = find(&environment(image(), shebang)).unwrap();
            assert_eq!(moved.words, ["/usr/bin/python3", "-m", "gunicorn"], "{shebang}");
            assert!(moved.needs_lent_packages && moved.from_environment, "{shebang}");
        }
    }

    #[test]
    fn the_images_gunicorn_is_lent_the_packages_of_an_environment_without_one() {
        let files = image_gunicorn(image()).file(format!("{SITE}/flask/__init__.py"), "");
        let found = find(&files).unwrap();
        assert_eq!((found.program.as_path(), found.needs_lent_packages), (Path::new("/usr/bin/gunicorn"), true));
        let alone = find(&image_gunicorn(image())).unwrap();
        assert!(!alone.needs_lent_packages && !alone.from_environment);
    }

    #[test]
    fn a_dead_script_of_the_image_is_run_as_a_module() {
        let files = image_gunicorn(image()).program("/usr/bin/gunicorn", "#!/opt/gone/python\n");
        assert_eq!(find(&files).unwrap().words, ["/usr/bin/python3", "-m", "gunicorn"]);
    }

    #[test]
    fn a_script_whose_python_does_not_see_its_packages_is_not_used() {
        let files = image()
            .program("/site/antenv/bin/python", "")
            .dead_link("/site/antenv/bin/python", "/usr/bin/python3.12")
            .program("/site/antenv/bin/gunicorn", "#!/site/antenv/bin/python\n")
            .file("/site/antenv/lib/python3.9/site-packages/gunicorn/__init__.py", INIT);
        let found = find(&files).unwrap();
        assert_eq!(found.words, ["/usr/bin/python3", "-m", "gunicorn"]);
        assert!(found.needs_lent_packages);
    }

    #[test]
    fn an_environment_without_any_interpreter_is_named() {
        let failure = find(&environment(Memory::default(), "/gone/python")).unwrap_err();
        assert!(failure.status == 127 && failure.message.contains("`antenv`"), "{failure}");
    }

    #[test]
    fn the_environments_gunicorn_does_not_see_the_images_worker_classes() {
        let files = environment(image(), "/site/antenv/bin/python")
            .program("/site/antenv/bin/python", "")
            .file("/usr/lib/python3.12/site-packages/uvicorn_worker/__init__.py", "");
        let environ: Environ = [("PATH", "/usr/bin")].into_iter().collect();
        let python = Python::find(&files, Path::new("/site"), &environ);
        let gunicorn = Gunicorn::find(&files, &python).unwrap();
        assert!(worker_class(Interface::Asgi, &gunicorn, &files, &python).is_err());
    }

    #[test]
    fn without_any_gunicorn_the_message_says_what_to_add() {
        let failure = find(&image()).unwrap_err();
        assert_eq!(failure.status, 127);
        assert!(failure.hint.unwrap().contains("requirements.txt"));
    }

    #[test]
    fn versions_are_read_as_every_release_writes_them() {
        assert_eq!(parse_version(INIT.as_bytes()), Some((23, 0)));
        assert_eq!(parse_version(b"version_info = (25, 1, 0)\n"), Some((25, 1)));
        for odd in ["", "version_info = ()", "version_info = None", "x = (1, 2)"] {
            assert_eq!(parse_version(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn the_worker_class_is_the_first_that_is_installed() {
        let class = |files: &Memory| {
            let environ: Environ = [("PATH", "/usr/bin")].into_iter().collect();
            let python = Python::find(files, Path::new("/site"), &environ);
            let gunicorn = Gunicorn::find(files, &python).unwrap();
            assert_eq!(worker_class(Interface::Wsgi, &gunicorn, files, &python), Ok(None));
            worker_class(Interface::Asgi, &gunicorn, files, &python)
        };
        let mut files = environment(image(), "x");
        let failure = class(&files).unwrap_err();
        assert!(failure.message.contains("gunicorn 23.0") && failure.hint.unwrap().contains("uvicorn-worker"));
        files = files.file(format!("{SITE}/gunicorn/__init__.py"), "version_info = (25, 0, 0)");
        assert_eq!(class(&files), Ok(Some("asgi")));
        files = files.file(format!("{SITE}/uvicorn/workers.py"), "");
        assert_eq!(class(&files), Ok(Some("uvicorn.workers.UvicornWorker")));
        files = files.file(format!("{SITE}/uvicorn_worker/__init__.py"), "");
        assert_eq!(class(&files), Ok(Some("uvicorn_worker.UvicornWorker")));
    }

    #[test]
    fn aiohttp_brings_its_own_worker_class() {
        let bare = environment(image(), "/site/antenv/bin/python").program("/site/antenv/bin/python", "");
        let installed = bare.clone().file(format!("{SITE}/aiohttp/worker.py"), "");
        let class = |files: &Memory| {
            let environ: Environ = [("PATH", "/usr/bin")].into_iter().collect();
            let python = Python::find(files, Path::new("/site"), &environ);
            worker_class(Interface::Aiohttp, &Gunicorn::find(files, &python).unwrap(), files, &python)
        };
        assert_eq!(class(&installed), Ok(Some("aiohttp.GunicornWebWorker")));
        assert_eq!(class(&bare).unwrap_err().status, 127);
    }
}
