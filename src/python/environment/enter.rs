//! What the app gets: the search path and the variables of its environment.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::{Environment, Origin, Python};
use crate::environ::Environ;

impl Python<'_> {
    /// The search path of the app's environment.
    #[must_use]
    pub fn search_path(&self) -> OsString {
        // One that is known from the search path has its place there, which may not be the first.
        let environment = self.environment.as_ref().filter(|environment| environment.origin != Origin::SearchPath);
        let folders = environment.map(Environment::bin).into_iter();
        let own: Vec<PathBuf> = folders.chain(self.package_folder.as_ref().map(|folder| folder.join("bin"))).collect();
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
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::scene::*;

    use super::*;

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
    fn packages_that_the_user_has_on_pythonpath_are_not_lent_twice() {
        let packages = "/site/antenv/lib/python3.12/site-packages";
        let files = image().empty(packages);
        let mut vars = environ(&[("PYTHONPATH", packages)]);
        Python::find(&files, Path::new(ROOT), &vars).enter(&mut vars, true);
        assert_eq!(vars.get("PYTHONPATH"), Some(OsStr::new(packages)));
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
}
