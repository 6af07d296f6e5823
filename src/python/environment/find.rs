//! Which folder is the environment, and whether its interpreter works.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{DEFAULT_PATH, Environment, Interpreter, Minor, Origin, Python};
use crate::environ::Environ;
use crate::files::{Access, Files, PACKAGE_FOLDER};

/// In a root with more folders than this, an environment must carry one of the usual names: looking for a
/// `pyvenv.cfg` costs a system call for each folder.
const MOST_FOLDERS: usize = 256;

impl<'a> Python<'a> {
    /// Looks for the environment of the app: `antenv`, `.venv`, `venv`, `env`, any other of the root, `VIRTUAL_ENV`, the
    /// first Python on `PATH`.
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
        let inspect = |(name, origin): (OsString, Origin)| python.inspect(root, &name, origin);
        let found = candidates(files, root, environ).into_iter().find_map(inspect);
        python.environment = found.or_else(|| inspect((python.folder_on_path(root)?, Origin::SearchPath)));
        python
    }

    /// With the environment in `folder`, whatever its name: the one that `build` has made elsewhere.
    #[must_use]
    pub fn with_environment(mut self, root: &Path, folder: &Path) -> Self {
        self.environment = self.inspect(root, folder.as_os_str(), Origin::Build).or(self.environment);
        self
    }

    /// With the environment that this program lies in, where there is no other. `program` is its path, if it was called
    /// by one.
    #[must_use]
    pub fn or_around(mut self, root: &Path, program: Option<&Path>) -> Self {
        if self.environment.is_none() {
            let folder = program.and_then(Path::parent).filter(|bin| bin.ends_with("bin")).and_then(Path::parent);
            let folder = folder.filter(|folder| self.files.is_file(&folder.join("pyvenv.cfg")));
            self.environment = folder.and_then(|folder| {
                let name = folder.strip_prefix(root).unwrap_or(folder);
                self.inspect(root, name.as_os_str(), Origin::Program)
            });
        }
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

    fn inspect(&self, root: &Path, name: &OsStr, origin: Origin) -> Option<Environment> {
        let folder = root.join(name);
        let mut minors = self.minors_of(&folder);
        if minors.is_empty() && !self.files.is_file(&folder.join("pyvenv.cfg")) {
            return None;
        }
        minors.sort_unstable_by(|left, right| right.cmp(left));
        let mut environment =
            Environment { folder, name: name.display().to_string(), origin, minors, interpreter: None, fault: None };
        match self.own_interpreter(&environment) {
            Ok(interpreter) => environment.interpreter = Some(interpreter),
            Err(fault) => environment.fault = Some(fault),
        }
        Some(environment)
    }

    /// The environment whose programs are in the first folder of the search path that has a Python, though a dead one;
    /// relative to the root if it is in there. Python itself knows an environment by `pyvenv.cfg` beside that folder
    /// (PEP 405).
    fn folder_on_path(&self, root: &Path) -> Option<OsString> {
        for bin in std::env::split_paths(&self.own_path).filter(|bin| bin.is_absolute()) {
            let python = || ["python3", "python"].map(|name| bin.join(name));
            let folder = bin.parent().filter(|folder| self.files.is_file(&folder.join("pyvenv.cfg")));
            if let Some(folder) = folder {
                let is_there =
                    |path: &PathBuf| self.files.may(path, Access::Execute) || self.files.link(path).is_some();
                if python().iter().any(is_there) {
                    return Some(folder.strip_prefix(root).unwrap_or(folder).as_os_str().to_owned());
                }
            } else if python().iter().any(|path| self.files.may(path, Access::Execute)) {
                return None;
            }
        }
        None
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
}

/// Folders that may be the environment, best first: relative to the root, or absolute.
fn candidates(files: &dyn Files, root: &Path, environ: &Environ) -> Vec<(OsString, Origin)> {
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
    let in_root = names.into_iter().map(|name| (name, Origin::AppRoot));
    in_root.chain(active.map(|folder| (folder.to_owned(), Origin::VirtualEnv))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::*;
    use super::*;

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
    fn an_environment_that_was_only_just_made_runs_its_own_interpreter() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .program("/site/antenv/bin/python", "")
            .dead_link("/site/antenv/bin/python", "/bin/python3.12");
        assert!(Python::find(&files, Path::new(ROOT), &environ(&[])).runs_own_interpreter());
    }

    #[test]
    fn among_very_many_folders_only_the_usual_names_are_looked_for() {
        let many = (0..=MOST_FOLDERS).fold(image(), |files, number| files.empty(format!("/site/{number}")));
        let files = many.file("/site/zoo/pyvenv.cfg", "");
        assert_eq!(name_found(&files, &[]), None);
        assert_eq!(name_found(&files.file("/site/venv/pyvenv.cfg", ""), &[]).as_deref(), Some("venv"));
    }

    /// An environment in `/opt/venv`, its interpreter first on `PATH`.
    fn on_path(files: Memory) -> Memory {
        let files = files.file("/opt/venv/pyvenv.cfg", "").empty("/opt/venv/lib/python3.12/site-packages");
        ["python", "python3"].iter().fold(files, |files, name| {
            let path = format!("/opt/venv/bin/{name}");
            files.program(&path, "").dead_link(&path, "/bin/python3.12")
        })
    }

    #[test]
    fn the_first_python_on_path_tells_of_its_environment() {
        let venv = || on_path(image());
        let dead = image().file("/opt/venv/pyvenv.cfg", "").dead_link("/opt/venv/bin/python3", "/gone/python3.12");
        let empty = image().file("/opt/venv/pyvenv.cfg", "").empty("/opt/venv/bin");
        let own = image().program("/opt/own/bin/python3", "");
        let here = || venv().file("/site/antenv/pyvenv.cfg", "");
        let active = || venv().file("/other/pyvenv.cfg", "");
        let none: &[(&str, &str)] = &[];
        for (row, files, path, vars, expected) in [
            ("first", venv(), "/opt/venv/bin:/bin", none, Some(("/opt/venv", Origin::SearchPath))),
            (
                "behind folders without",
                venv(),
                "/sbin:/opt/venv/bin:/bin",
                none,
                Some(("/opt/venv", Origin::SearchPath)),
            ),
            ("alone", venv(), "/opt/venv/bin", none, Some(("/opt/venv", Origin::SearchPath))),
            ("behind the image's", venv(), "/bin:/opt/venv/bin", none, None),
            ("not on it", venv(), "/bin", none, None),
            ("relative", venv(), "opt/venv/bin:/bin", none, None),
            ("dead", dead, "/opt/venv/bin:/bin", none, Some(("/opt/venv", Origin::SearchPath))),
            ("without Python", empty, "/opt/venv/bin:/bin", none, None),
            ("a Python without pyvenv.cfg", own, "/opt/own/bin:/bin", none, None),
            ("the root's own goes first", here(), "/opt/venv/bin:/bin", none, Some(("antenv", Origin::AppRoot))),
            (
                "VIRTUAL_ENV goes first",
                active(),
                "/opt/venv/bin:/bin",
                &[("VIRTUAL_ENV", "/other")],
                Some(("/other", Origin::VirtualEnv)),
            ),
            (
                "in the root",
                image().file("/site/a/b/pyvenv.cfg", "").program("/site/a/b/bin/python3", ""),
                "/site/a/b/bin:/bin",
                none,
                Some(("a/b", Origin::SearchPath)),
            ),
        ] {
            let vars: Environ = vars.iter().copied().chain([("PATH", path)]).collect();
            let python = Python::find(&files, Path::new(ROOT), &vars);
            let found = python.environment.as_ref().map(|found| (found.name.as_str(), found.origin));
            assert_eq!(found, expected, "{row}");
        }
    }

    #[test]
    fn an_environment_around_the_program_counts_where_there_is_no_other() {
        let files = || image().file("/venv/pyvenv.cfg", "").empty("/venv/lib/python3.12/site-packages");
        let here = files().file("/site/antenv/pyvenv.cfg", "");
        for (row, files, program, expected) in [
            ("in its bin", files(), Some("/venv/bin/pystart"), Some(("/venv", Origin::Program))),
            ("elsewhere in it", files(), Some("/venv/tools/pystart"), None),
            ("in no environment", files(), Some("/usr/local/bin/pystart"), None),
            ("called by its name", files(), None, None),
            ("the root's own goes first", here, Some("/venv/bin/pystart"), Some(("antenv", Origin::AppRoot))),
        ] {
            let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
            let python = python.or_around(Path::new(ROOT), program.map(Path::new));
            let found = python.environment.as_ref().map(|found| (found.name.as_str(), found.origin));
            assert_eq!(found, expected, "{row}");
        }
    }

    #[test]
    fn an_environment_on_path_is_entered_and_is_not_the_image() {
        let files = on_path(image());
        let mut vars: Environ = [("PATH", "/sbin:/opt/venv/bin:/bin")].into_iter().collect();
        let python = Python::find(&files, Path::new(ROOT), &vars);
        assert_eq!(python.image().unwrap().path, Path::new("/bin/python3"));
        assert_eq!(python.on_path().unwrap().path, Path::new("/opt/venv/bin/python3"));
        assert_eq!(python.interpreter().unwrap().path, Path::new("/opt/venv/bin/python"));
        assert_eq!(python.packages(), [Path::new("/opt/venv/lib/python3.12/site-packages")]);
        python.enter(&mut vars, false);
        assert_eq!(vars.get("PATH"), Some(OsStr::new("/sbin:/opt/venv/bin:/bin")), "its place is the user's");
        assert_eq!(vars.get("VIRTUAL_ENV"), Some(OsStr::new("/opt/venv")));
    }
}
