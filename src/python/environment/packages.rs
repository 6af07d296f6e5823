//! Where packages are.

use std::path::{Path, PathBuf};

use super::{Interpreter, Python};

impl Python<'_> {
    /// The environment's packages, when they have to be handed to an interpreter that is not the environment's own.
    #[must_use]
    pub fn lent_packages(&self) -> Option<PathBuf> {
        let environment = self.environment.as_ref()?;
        let fitting = self.image().and_then(|image| image.minor).filter(|minor| environment.minors.contains(minor));
        fitting.or(environment.minors.first().copied()).map(|minor| environment.packages(minor))
    }

    /// The folders in which the environment's packages are, then those of the image's Python, if they are seen.
    ///
    /// The user's `PYTHONPATH` comes first, as in Python itself.
    #[must_use]
    pub fn packages(&self) -> Vec<PathBuf> {
        let mut folders = self.packages_of_environment();
        if !self.runs_own_interpreter() || self.environment.as_ref().is_some_and(|own| self.sees_image(&own.folder)) {
            folders.extend(self.image_packages());
        }
        folders
    }

    /// Was the environment made with `--system-site-packages`? (PEP 405)
    fn sees_image(&self, folder: &Path) -> bool {
        let Ok(text) = self.files.read(&folder.join("pyvenv.cfg")) else { return false };
        String::from_utf8_lossy(&text).lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            key.trim().eq_ignore_ascii_case("include-system-site-packages") && value.trim().eq_ignore_ascii_case("true")
        })
    }

    /// The same without those of the image.
    #[must_use]
    pub fn packages_of_environment(&self) -> Vec<PathBuf> {
        let mut folders = self.user_packages.clone();
        folders.extend(self.package_folder.clone());
        if let Some(environment) = &self.environment {
            let own = environment.interpreter.as_ref().map(|own| own.minor.or(environment.minors.first().copied()));
            folders.extend(match own {
                Some(minor) => minor.map(|minor| environment.packages(minor)),
                None => self.lent_packages(),
            });
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
}

#[cfg(test)]
mod tests {
    use super::super::scene::*;
    use super::*;

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
    fn an_interpreter_whose_name_tells_no_version_has_the_environments_packages() {
        let files =
            image().empty("/site/antenv/lib/python3.11/site-packages").program("/site/antenv/bin/python", "\x7fELF");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert_eq!(python.packages(), [PathBuf::from("/site/antenv/lib/python3.11/site-packages")]);
    }

    #[test]
    fn an_environment_may_see_the_packages_of_the_image() {
        let own = Path::new("/site/antenv/lib/python3.12/site-packages");
        for (text, seen) in [
            ("home = /bin\ninclude-system-site-packages = true\n", true),
            ("Include-System-Site-Packages=TRUE\r\n", true),
            ("include-system-site-packages = false\n", false),
            ("", false),
        ] {
            let files = image().empty(own).file("/site/antenv/pyvenv.cfg", text);
            let files =
                files.program("/site/antenv/bin/python", "").dead_link("/site/antenv/bin/python", "/bin/python3.12");
            let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
            let folders = python.packages();
            assert_eq!((folders[0].as_path(), folders.len() > 1), (own, seen), "{text}");
            assert!(folders[1..].iter().all(|folder| python.image_packages().contains(folder)));
        }
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
}
