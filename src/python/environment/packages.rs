//! Where packages are.

use std::ffi::OsStr;
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

    /// The folders in which the environment's packages are, then those of the image's Python or of the one that the
    /// environment was made from, if they are seen.
    ///
    /// The user's `PYTHONPATH` comes first, as in Python itself.
    #[must_use]
    pub fn packages(&self) -> Vec<PathBuf> {
        let mut folders = self.packages_of_environment();
        folders.extend(match self.base() {
            Base::Unseen => Vec::new(),
            Base::Image => self.image_packages(),
            Base::Other(base) => self.packages_of(&base),
        });
        folders
    }

    /// The packages that the environment sees beside its own, where they are those of another Python than the image's.
    #[must_use]
    pub fn packages_of_other_base(&self) -> Vec<PathBuf> {
        match self.base() {
            Base::Other(base) => self.packages_of(&base),
            Base::Unseen | Base::Image => Vec::new(),
        }
    }

    /// Whose packages the app's interpreter sees beside those of the environment: PEP 405 has the Python that an
    /// environment was made from in `pyvenv.cfg`, and whether it was made with `--system-site-packages`. That Python
    /// need not be on the search path.
    fn base(&self) -> Base {
        let Some(own) = self.environment.as_ref().filter(|own| own.interpreter.is_some()) else { return Base::Image };
        let Ok(text) = self.files.read(&own.folder.join("pyvenv.cfg")) else { return Base::Unseen };
        let text = String::from_utf8_lossy(&text);
        let value = |name: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once('='));
            pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        if !value("include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Base::Unseen;
        }
        let place = |python: &Interpreter| self.followed(&python.path).last();
        match value("home").and_then(|home| self.first_on(OsStr::new(home))) {
            Some(base) if self.image().map(place) != Some(place(&base)) => Base::Other(base),
            _ => Base::Image,
        }
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

    /// Where the image's Python keeps its packages.
    #[must_use]
    pub fn image_packages(&self) -> Vec<PathBuf> {
        self.image().map(|image| self.packages_of(image)).unwrap_or_default()
    }

    /// Where a Python that is in no environment keeps its packages (`site.getsitepackages`, on Debian too).
    fn packages_of(&self, python: &Interpreter) -> Vec<PathBuf> {
        let Interpreter { path, minor: Some(minor) } = python else { return Vec::new() };
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

/// Whose packages are seen beside those of the environment.
enum Base {
    /// Nobody's.
    Unseen,
    /// Those of the image's Python.
    Image,
    /// Those of another one, which the environment was made from.
    Other(Interpreter),
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
    fn an_environment_sees_the_packages_of_the_python_that_it_was_made_from() {
        let own = Path::new("/opt/venv/lib/python3.12/site-packages");
        let text = "home = /opt/python/bin\ninclude-system-site-packages = true\n";
        let made_from = |base: &str| {
            let files = image().empty(own).file("/opt/venv/pyvenv.cfg", text).program("/opt/python/bin/python3", "");
            ["/opt/venv/bin/python", "/opt/venv/bin/python3"]
                .into_iter()
                .fold(files, |files, name| files.program(name, "").dead_link(name, "/opt/python/bin/python3"))
                .dead_link("/opt/python/bin/python3", base)
                .program("/opt/python/bin/python3.12", "")
        };
        for (path, base, other) in [
            ("/opt/venv/bin", "python3.12", "/opt/python/lib/python3.12/site-packages"),
            ("/opt/venv/bin:/bin", "python3.12", "/opt/python/lib/python3.12/site-packages"),
            ("/opt/venv/bin:/bin", "/bin/python3.12", ""),
            ("/opt/venv/bin:/opt/python/bin:/bin", "python3.12", ""),
        ] {
            let files = made_from(base);
            let vars: Environ = [("PATH", path)].into_iter().collect();
            let python = Python::find(&files, Path::new(ROOT), &vars);
            let seen = if other.is_empty() { python.image_packages() } else { python.packages_of_other_base() };
            assert_eq!(python.packages()[1..], seen, "{path} {base}");
            assert_eq!(
                python.packages_of_other_base().first().map(PathBuf::as_path),
                (!other.is_empty()).then(|| Path::new(other))
            );
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
