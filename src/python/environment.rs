//! The Python environment of the app: which virtual environment, which interpreter, which packages it will see.
//!
//! Environments are often built elsewhere and moved. Links to interpreters and first lines of scripts may then point
//! nowhere, so nothing of an environment is taken on trust, `activate` is never sourced, and no Python is started to
//! find out.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::environ::Environ;
use crate::files::{Access, Files, PACKAGE_FOLDER};
use crate::model::Notice;

/// The search path when the environment has none: that of the official Python images, and of glibc behind it.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// In a root with more folders than this, an environment must carry one of the usual names: looking for a
/// `pyvenv.cfg` costs a system call for each folder.
const MOST_FOLDERS: usize = 256;

/// A Python 3 version, as far as it decides which packages fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(pub u8);

impl Minor {
    /// Reads `python3.12` (also `python3.12m`, `python3.13t`).
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("python3.")?;
        let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok().map(Self)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "3.{}", self.0)
    }
}

/// A Python interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Its path; for one of an environment the path in the environment, which is what makes Python use it.
    pub path: PathBuf,
    /// Its version, if the name of the file that it leads to tells.
    pub minor: Option<Minor>,
}

/// A virtual environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// Its name as the user knows it: relative to the app root if it is in there.
    pub name: String,
    /// The versions that it has packages for, the newest first.
    pub minors: Vec<Minor>,
    /// Its own interpreter, if that one works and fits the packages.
    pub interpreter: Option<Interpreter>,
    /// Why its own interpreter is not used.
    pub fault: Option<String>,
}

impl Environment {
    fn packages(&self, minor: Minor) -> PathBuf {
        self.folder.join(format!("lib/python{minor}/site-packages"))
    }
}

/// The Python that the app gets, as a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonInUse {
    /// The interpreter that the app runs in.
    pub interpreter: Option<Interpreter>,
    /// The environment of the app, if it has one.
    pub environment: Option<Environment>,
}

/// The search for the Python of the app; what it has not looked at yet it looks at when it is asked.
pub struct Python<'a> {
    files: &'a dyn Files,
    /// The environment of the app, if it has one.
    pub environment: Option<Environment>,
    /// The search path without the environment.
    own_path: OsString,
    user_packages: Vec<PathBuf>,
    /// The folder of packages that stands in for an environment.
    pub package_folder: Option<PathBuf>,
    image: OnceCell<Option<Interpreter>>,
}

impl<'a> Python<'a> {
    /// Looks for the environment of the app: `antenv`, `.venv`, `venv`, `env`, any other of the root, `VIRTUAL_ENV`.
    #[must_use]
    pub fn find(files: &'a dyn Files, root: &Path, environ: &Environ) -> Self {
        let own_path = environ.filled("PATH").unwrap_or(OsStr::new(DEFAULT_PATH)).to_owned();
        let user_packages = environ.filled("PYTHONPATH").map(|path| std::env::split_paths(path).collect());
        let mut python = Self {
            files,
            environment: None,
            own_path,
            user_packages: user_packages.unwrap_or_default(),
            package_folder: None,
            image: OnceCell::new(),
        };
        python.environment = candidates(files, root, environ).into_iter().find_map(|name| python.inspect(root, &name));
        python
    }

    /// With the environment in `folder`, whatever its name: the one that `build` has made elsewhere.
    #[must_use]
    pub fn with_environment(mut self, root: &Path, folder: &Path) -> Self {
        self.environment = self.inspect(root, folder.as_os_str()).or(self.environment);
        self
    }

    /// With a folder of packages in the app root: the one that a build has named, else the usual one.
    #[must_use]
    pub fn with_packages(mut self, root: &Path, named: Option<&Path>) -> Self {
        let is_usual_there = || {
            let listing = self.files.folder(root);
            listing.is_ok_and(|listing| listing.environments.iter().any(|name| name == PACKAGE_FOLDER))
        };
        self.package_folder = match named {
            Some(named) => Some(root.join(named)).filter(|folder| self.files.is_folder(folder)),
            None => is_usual_there().then(|| root.join(PACKAGE_FOLDER)),
        };
        self
    }

    fn inspect(&self, root: &Path, name: &OsStr) -> Option<Environment> {
        let folder = root.join(name);
        let mut minors = self.minors_of(&folder);
        if minors.is_empty() && !self.files.is_file(&folder.join("pyvenv.cfg")) {
            return None;
        }
        minors.sort_unstable_by(|left, right| right.cmp(left));
        let mut environment =
            Environment { folder, name: name.display().to_string(), minors, interpreter: None, fault: None };
        match self.own_interpreter(&environment) {
            Ok(interpreter) => environment.interpreter = Some(interpreter),
            Err(fault) => environment.fault = Some(fault),
        }
        Some(environment)
    }

    /// The versions that the folder `lib` of an environment has packages for.
    fn minors_of(&self, folder: &Path) -> Vec<Minor> {
        let names = self.files.names(&folder.join("lib")).unwrap_or_default();
        names.iter().filter_map(|name| Minor::of_name(name)).collect()
    }

    fn own_interpreter(&self, environment: &Environment) -> Result<Interpreter, String> {
        let path = environment.folder.join("bin/python");
        if !self.files.may(&path, Access::Execute) {
            return Err(match self.files.link(&path) {
                Some(target) => format!("its interpreter points to `{}`, which is not here", target.display()),
                None => "it has no interpreter".into(),
            });
        }
        let minor = self.minor_of_program(&path);
        match minor {
            Some(minor) if !environment.minors.is_empty() && !environment.minors.contains(&minor) => {
                Err(format!("its interpreter is Python {minor} here, its packages are not"))
            }
            minor => Ok(Interpreter { path, minor }),
        }
    }

    /// Follows links until a name tells the version: `python` -> `python3` -> `/usr/local/bin/python3.12`.
    fn minor_of_program(&self, path: &Path) -> Option<Minor> {
        self.followed(path).find_map(|path| path.file_name().and_then(OsStr::to_str).and_then(Minor::of_name))
    }

    /// A path, then what each link leads to.
    fn followed(&self, path: &Path) -> impl Iterator<Item = PathBuf> {
        let next = |path: &PathBuf| Some(path.parent()?.join(self.files.link(path)?));
        // More links than the kernel follows (`MAXSYMLINKS`) cannot be; a handful is all that occurs.
        std::iter::successors(Some(path.to_owned()), next).take(8)
    }

    /// The Python of the image: `python3`, else `python`, on the search path that we were given.
    #[must_use]
    pub fn image(&self) -> Option<&Interpreter> {
        let find = || {
            let program = |name: &str| self.files.program(OsStr::new(name), &self.own_path);
            let path = program("python3").or_else(|| program("python"))?;
            let minor = self.minor_of_program(&path);
            Some(Interpreter { path, minor })
        };
        self.image.get_or_init(find).as_ref()
    }

    /// The interpreter that the app runs in.
    #[must_use]
    pub fn interpreter(&self) -> Option<&Interpreter> {
        let own = self.environment.as_ref().and_then(|environment| environment.interpreter.as_ref());
        own.or_else(|| self.image())
    }

    /// What was found.
    #[must_use]
    pub fn in_use(&self) -> PythonInUse {
        PythonInUse { interpreter: self.interpreter().cloned(), environment: self.environment.clone() }
    }

    /// The environment's packages, when they have to be handed to an interpreter that is not the environment's own.
    #[must_use]
    pub fn lent_packages(&self) -> Option<PathBuf> {
        let environment = self.environment.as_ref()?;
        let fitting = self.image().and_then(|image| image.minor).filter(|minor| environment.minors.contains(minor));
        fitting.or(environment.minors.first().copied()).map(|minor| environment.packages(minor))
    }

    /// Does the environment's own interpreter work?
    #[must_use]
    pub fn runs_own_interpreter(&self) -> bool {
        self.environment.as_ref().is_some_and(|environment| environment.interpreter.is_some())
    }

    /// The folders in which the environment's packages are, then those of the image's Python.
    ///
    /// The user's `PYTHONPATH` comes first, as in Python itself.
    #[must_use]
    pub fn packages(&self) -> Vec<PathBuf> {
        let mut folders = self.user_packages.clone();
        folders.extend(self.package_folder.clone());
        if let Some(environment) = &self.environment {
            let own = environment.interpreter.as_ref().map(|own| own.minor.or(environment.minors.first().copied()));
            folders.extend(match own {
                Some(minor) => minor.map(|minor| environment.packages(minor)),
                None => self.lent_packages(),
            });
        }
        if !self.runs_own_interpreter() {
            folders.extend(self.image_packages());
        }
        folders
    }

    /// Where the image's Python keeps its packages (`site.getsitepackages`, on Debian too).
    #[must_use]
    pub fn image_packages(&self) -> Vec<PathBuf> {
        let Some(Interpreter { path, minor: Some(minor) }) = self.image() else { return Vec::new() };
        // Python looks for its library from where its program really is.
        let program = self.followed(path).last();
        let Some(prefix) = program.as_deref().and_then(Path::parent).and_then(Path::parent) else { return Vec::new() };
        let mut folders = vec![prefix.join(format!("lib/python{minor}/site-packages"))];
        folders.extend([
            format!("/usr/local/lib/python{minor}/dist-packages").into(),
            PathBuf::from("/usr/lib/python3/dist-packages"),
        ]);
        folders
    }

    /// The search path of the app's environment.
    #[must_use]
    pub fn search_path(&self) -> OsString {
        let folders = self.environment.as_ref().map(|environment| &environment.folder).into_iter();
        let own: Vec<PathBuf> = folders.chain(&self.package_folder).map(|folder| folder.join("bin")).collect();
        if own.is_empty() || std::env::split_paths(&self.own_path).take(own.len()).eq(own.iter().cloned()) {
            return self.own_path.clone();
        }
        let mut path = OsString::new();
        for bin in own {
            path.push(bin);
            path.push(":");
        }
        path.push(&self.own_path);
        path
    }

    /// Makes `environ` the environment of the app; `lends` says that an interpreter which is not the environment's
    /// own runs it, so that it needs the packages on `PYTHONPATH`.
    pub fn enter(&self, environ: &mut Environ, lends: bool) {
        if self.environment.is_none() && self.package_folder.is_none() {
            return;
        }
        environ.set("PATH", self.search_path());
        if let Some(environment) = &self.environment {
            environ.set("VIRTUAL_ENV", environment.folder.as_os_str());
            environ.remove("PYTHONHOME");
        }
        // Behind the user's own entries, which keep their order.
        let lent = self.package_folder.clone().into_iter().chain(self.lent_packages().filter(|_| lends));
        for packages in lent.filter(|packages| !self.user_packages.contains(packages)) {
            let mut path = environ.filled("PYTHONPATH").map(OsStr::to_owned).unwrap_or_default();
            if !path.is_empty() {
                path.push(":");
            }
            path.push(packages);
            environ.set("PYTHONPATH", path);
        }
    }

    /// A build for another version of Python than the one that runs here, where no environment tells: `build` is the
    /// version that it was for, `3.12.3`.
    #[must_use]
    pub fn notice_of_build(&self, build: Option<&str>) -> Option<Notice> {
        let folder = self.package_folder.as_ref()?.file_name()?.display();
        let built_for = Minor::of_name(&format!("python{}", build?))?;
        let here = self.interpreter()?.minor.filter(|here| *here != built_for)?;
        Some(Notice {
            message: format!(
                "`{folder}` is for Python {built_for}, this image has {here}; packages with compiled parts will fail"
            ),
            hint: Some(format!("use an image with Python {built_for}, or build for {here}")),
        })
    }

    /// What is the matter with the environment, if anything.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        let environment = self.environment.as_ref()?;
        let fault = environment.fault.as_deref()?;
        let name = &environment.name;
        let image = self.image().and_then(|image| image.minor);
        let hint = Some(format!("build it in this image: `pystart build` makes `{name}` anew"));
        let message = match (environment.minors.first(), image) {
            (Some(own), Some(image)) if !environment.minors.contains(&image) => {
                format!("`{name}` is for Python {own}, this image has {image}; packages with compiled parts will fail")
            }
            // Moved, and all is well with the packages: worth a line of the reasoning, not a warning.
            (Some(_), Some(_)) => return None,
            _ => format!("the virtual environment `{name}` cannot be used: {fault}"),
        };
        Some(Notice { message, hint })
    }
}

/// Folders that may be the environment, best first: relative to the root, or absolute.
fn candidates(files: &dyn Files, root: &Path, environ: &Environ) -> Vec<OsString> {
    let mut names: Vec<OsString> = Vec::new();
    if let Ok(folder) = files.folder(root) {
        let rank =
            |name: &String| ["antenv", ".venv", "venv", "env"].iter().position(|usual| usual == name).unwrap_or(4);
        let mut usual = folder.environments.clone();
        usual.sort_by_key(rank);
        names.extend(usual.into_iter().map(OsString::from));
        if names.is_empty() && folder.folders.len() <= MOST_FOLDERS {
            let others = files.folders_with(root, "pyvenv.cfg").unwrap_or_default();
            names.extend(others.into_iter().map(OsString::from));
        }
    }
    let active = environ.filled("VIRTUAL_ENV").filter(|path| path.as_bytes().starts_with(b"/"));
    names.extend(active.map(OsStr::to_owned));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    const ROOT: &str = "/site";

    fn environ(vars: &[(&str, &str)]) -> Environ {
        std::iter::once(("PATH", "/bin")).chain(vars.iter().copied()).collect()
    }

    /// An image with Python 3.12.
    fn image() -> Memory {
        Memory::default()
            .program("/bin/python3.12", "")
            .program("/bin/python3", "")
            .dead_link("/bin/python3", "python3.12")
    }

    fn name_found(files: &Memory, vars: &[(&str, &str)]) -> Option<String> {
        Python::find(files, Path::new(ROOT), &environ(vars)).environment.map(|environment| environment.name)
    }

    #[test]
    fn the_usual_names_are_taken_in_their_order_then_any_other_then_the_active_one() {
        let cfg = |name: &str| format!("/site/{name}/pyvenv.cfg");
        let mut files = image().file("/elsewhere/pyvenv.cfg", "").file(cfg("zoo"), "");
        let active = [("VIRTUAL_ENV", "/elsewhere")];
        assert_eq!(name_found(&image().file("/elsewhere/pyvenv.cfg", ""), &active).as_deref(), Some("/elsewhere"));
        assert_eq!(name_found(&files, &active).as_deref(), Some("zoo"));
        for name in ["antenv3.9", "env", "venv", ".venv", "antenv"] {
            files = files.file(cfg(name), "");
            assert_eq!(name_found(&files, &active).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_folder_that_only_has_the_name_is_no_environment() {
        let files = image().file("/site/env/settings.py", "").file("/site/venv/lib/readme", "");
        assert_eq!(name_found(&files, &[]), None);
        for (active, found) in [("", None), ("../other", None), ("/other", Some("/other"))] {
            let files = image().empty("/site").file("/other/pyvenv.cfg", "").file("/site/../other/pyvenv.cfg", "");
            assert_eq!(name_found(&files, &[("VIRTUAL_ENV", active)]).as_deref(), found, "{active}");
        }
        let without_cfg = image().empty("/site/antenv/lib/python3.12/site-packages");
        assert_eq!(name_found(&without_cfg, &[]).as_deref(), Some("antenv"));
    }

    #[test]
    fn a_working_environment_is_entered_without_pythonpath() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .empty("/site/antenv/lib/python3.12/site-packages")
            .program("/site/antenv/bin/python", "")
            .dead_link("/site/antenv/bin/python", "/bin/python3.12");
        let mut vars = environ(&[("PYTHONHOME", "/x"), ("PYTHONPATH", "/mine")]);
        let python = Python::find(&files, Path::new(ROOT), &vars);
        python.enter(&mut vars, !python.runs_own_interpreter());
        assert_eq!(vars.get("PATH"), Some(OsStr::new("/site/antenv/bin:/bin")));
        assert_eq!(vars.get("VIRTUAL_ENV"), Some(OsStr::new("/site/antenv")));
        assert_eq!((vars.get("PYTHONHOME"), vars.get("PYTHONPATH")), (None, Some(OsStr::new("/mine"))));
        assert_eq!(python.notice(), None);
        let folders = [PathBuf::from("/mine"), "/site/antenv/lib/python3.12/site-packages".into()];
        assert_eq!(python.packages(), folders);
        let twice = Python::find(&files, Path::new(ROOT), &vars);
        assert_eq!(twice.search_path(), "/site/antenv/bin:/bin", "entering twice changes nothing");
    }

    #[test]
    fn a_moved_environment_lends_its_packages_to_the_images_python() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .empty("/site/antenv/lib/python3.12/site-packages")
            .dead_link("/site/antenv/bin/python", "/opt/python/3.12.1/bin/python3.12");
        let mut vars = environ(&[("PYTHONPATH", "/mine")]);
        let python = Python::find(&files, Path::new(ROOT), &vars);
        assert_eq!(python.interpreter().unwrap().path, Path::new("/bin/python3"));
        python.enter(&mut vars, true);
        assert_eq!(vars.get("PYTHONPATH"), Some(OsStr::new("/mine:/site/antenv/lib/python3.12/site-packages")));
        assert_eq!(python.notice(), None, "nothing is wrong with it");
    }

    #[test]
    fn another_minor_version_is_named() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .empty("/site/antenv/lib/python3.9/site-packages")
            .dead_link("/site/antenv/bin/python", "/opt/python/3.9/bin/python3.9");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        let message = python.notice().unwrap().message;
        assert!(message.starts_with("`antenv` is for Python 3.9, this image has 3.12"), "{message}");
        assert_eq!(python.lent_packages(), Some("/site/antenv/lib/python3.9/site-packages".into()));
    }

    #[test]
    fn a_link_that_leads_to_another_version_is_not_the_environments_interpreter() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .empty("/site/antenv/lib/python3.9/site-packages")
            .program("/site/antenv/bin/python", "")
            .dead_link("/site/antenv/bin/python", "/bin/python3");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert!(!python.runs_own_interpreter());
        assert!(python.notice().unwrap().message.contains("is for Python 3.9, this image has 3.12"));
    }

    #[test]
    fn of_several_versions_the_one_that_fits_the_image_is_taken() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .empty("/site/antenv/lib/python3.12/site-packages")
            .empty("/site/antenv/lib/python3.14/site-packages");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert_eq!(python.lent_packages(), Some("/site/antenv/lib/python3.12/site-packages".into()));
    }

    #[test]
    fn without_a_version_that_fits_the_newest_is_named_and_lent() {
        let files = image()
            .empty("/site/antenv/lib/python3.11/site-packages")
            .empty("/site/antenv/lib/python3.10/site-packages")
            .empty("/site/antenv/lib/python3.9/site-packages");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert_eq!(python.lent_packages(), Some("/site/antenv/lib/python3.11/site-packages".into()));
        assert!(python.notice().unwrap().message.contains("is for Python 3.11"));
    }

    #[test]
    fn an_environment_that_was_only_just_made_runs_its_own_interpreter() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .program("/site/antenv/bin/python", "")
            .dead_link("/site/antenv/bin/python", "/bin/python3.12");
        assert!(Python::find(&files, Path::new(ROOT), &environ(&[])).runs_own_interpreter());
    }

    #[test]
    fn an_interpreter_whose_name_tells_no_version_has_the_environments_packages() {
        let files =
            image().empty("/site/antenv/lib/python3.11/site-packages").program("/site/antenv/bin/python", "\x7fELF");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert_eq!(python.packages(), [PathBuf::from("/site/antenv/lib/python3.11/site-packages")]);
    }

    #[test]
    fn an_image_may_call_its_python_python_and_keep_packages_as_debian_does() {
        let files = Memory::default().program("/usr/bin/python", "").dead_link("/usr/bin/python", "python3.11");
        let vars: Environ = [("PATH", "")].into_iter().collect();
        let python = Python::find(&files, Path::new(ROOT), &vars);
        assert_eq!(python.image().unwrap().path, Path::new("/usr/bin/python"), "on the usual search path");
        let folders = [
            "/usr/lib/python3.11/site-packages",
            "/usr/local/lib/python3.11/dist-packages",
            "/usr/lib/python3/dist-packages",
        ];
        assert_eq!(python.packages(), folders.map(PathBuf::from));
    }

    #[test]
    fn the_images_packages_are_where_its_program_really_is() {
        let files = Memory::default()
            .program("/bin/python3", "")
            .dead_link("/bin/python3", "python3.12")
            .dead_link("/bin/python3.12", "/opt/python/bin/python3.12");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert_eq!(python.image_packages()[0], Path::new("/opt/python/lib/python3.12/site-packages"));
    }

    #[test]
    fn packages_that_the_user_has_on_pythonpath_are_not_lent_twice() {
        let packages = "/site/antenv/lib/python3.12/site-packages";
        let files = image().empty(packages);
        let mut vars = environ(&[("PYTHONPATH", packages)]);
        Python::find(&files, Path::new(ROOT), &vars).enter(&mut vars, true);
        assert_eq!(vars.get("PYTHONPATH"), Some(OsStr::new(packages)));
    }

    #[test]
    fn among_very_many_folders_only_the_usual_names_are_looked_for() {
        let many = (0..=MOST_FOLDERS).fold(image(), |files, number| files.empty(format!("/site/{number}")));
        let files = many.file("/site/zoo/pyvenv.cfg", "");
        assert_eq!(name_found(&files, &[]), None);
        assert_eq!(name_found(&files.file("/site/venv/pyvenv.cfg", ""), &[]).as_deref(), Some("venv"));
    }

    #[test]
    fn a_folder_of_packages_stands_in_for_an_environment() {
        let files = image().program("/site/__oryx_packages__/bin/flask", "").empty("/site/other/pkgs");
        let root = Path::new(ROOT);
        let usual = || Python::find(&files, root, &environ(&[("PYTHONPATH", "/agent")])).with_packages(root, None);
        let mut vars = environ(&[("PYTHONPATH", "/agent")]);
        usual().enter(&mut vars, false);
        assert_eq!(vars.get("PATH"), Some(OsStr::new("/site/__oryx_packages__/bin:/bin")));
        assert_eq!(vars.get("PYTHONPATH"), Some(OsStr::new("/agent:/site/__oryx_packages__")));
        assert_eq!(vars.get("VIRTUAL_ENV"), None);
        assert_eq!(usual().packages()[..2], ["/agent", "/site/__oryx_packages__"].map(PathBuf::from));
        let named = Python::find(&files, root, &environ(&[])).with_packages(root, Some(Path::new("other/pkgs")));
        assert_eq!(named.package_folder, Some("/site/other/pkgs".into()));
        let missing = Python::find(&files, root, &environ(&[])).with_packages(root, Some(Path::new("none")));
        assert_eq!(missing.package_folder, None);
        let told = usual().notice_of_build(Some("3.9.1")).unwrap().message;
        assert!(told.contains("is for Python 3.9, this image has 3.12"), "{told}");
        assert_eq!((usual().notice_of_build(Some("3.12.3")), usual().notice_of_build(None)), (None, None));
    }

    #[test]
    fn versions_are_read_from_names() {
        for (name, minor) in [("python3.12", Some(12)), ("python3.13t", Some(13)), ("python3.7m", Some(7))] {
            assert_eq!(Minor::of_name(name), minor.map(Minor), "{name}");
        }
        for name in ["python3", "python", "python3.", "pypy3.10", "python2.7"] {
            assert_eq!(Minor::of_name(name), None, "{name}");
        }
    }
}
