//! Every file that an environment is built from, read to its end before anything is built.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::forms::Found;
use crate::error::{Failure, status};
use crate::files::read_whole;
use crate::python::requirements::{Line, lines};

/// The largest file that is taken for a description of packages: lock files of large projects have a few mebibytes.
const LARGEST: u64 = 64 << 20;

/// The files that describe a package on this disk.
const PACKAGE: &[&str] = &["pyproject.toml", "setup.cfg", "setup.py"];

/// Files by path, with their content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Inputs {
    /// What the project that was found is built from.
    ///
    /// # Errors
    ///
    /// A file that is there and cannot be read, is no regular file, or is too large; the file that shows the project is not
    /// there any more, or was not told from one.
    pub(super) fn of(found: &Found<'_>) -> Result<Self, Failure> {
        let mut inputs = Self::default();
        let file = found.folder.path.join(&found.file);
        if found.form.is_requirements_file {
            inputs.requirements(&file, &found.folder.path)?;
        } else {
            inputs.add(&file)?;
        }
        if inputs.files.is_empty() {
            // It was there when it was looked for; or the disk did not say whether it is.
            return Err(unreadable(&file, &ErrorKind::NotFound.into()));
        }
        inputs.add_all(&found.folder.path, found.form.beside)?;
        Ok(inputs)
    }

    /// Every file, by path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files.iter().map(|(path, content)| (path.as_path(), content.as_slice()))
    }

    /// Has a package a hash, so that all must have one?
    #[must_use]
    pub(super) fn has_hashes(&self) -> bool {
        let sign = b"--hash=";
        self.files.values().any(|content| content.windows(sign.len()).any(|window| window == sign))
    }

    /// Adds a file, if it is there; its content if it was not added before.
    ///
    /// # Errors
    ///
    /// As [`Inputs::of`].
    pub(super) fn add(&mut self, path: &Path) -> Result<Option<&[u8]>, Failure> {
        if self.files.contains_key(path) {
            return Ok(None);
        }
        match read_whole(path, LARGEST) {
            Ok(content) => Ok(Some(self.files.entry(path.to_owned()).or_insert(content))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn add_all(&mut self, folder: &Path, names: &[&str]) -> Result<(), Failure> {
        names.iter().try_for_each(|name| self.add(&folder.join(name)).map(drop))
    }

    /// A requirements file, the files it includes, and the description of every local package it names. Included files
    /// are relative to the file, projects to the folder that the installer runs in.
    fn requirements(&mut self, path: &Path, folder: &Path) -> Result<(), Failure> {
        let path = &real(path);
        let Some(content) = self.add(path)? else { return Ok(()) };
        let text = String::from_utf8_lossy(content).into_owned();
        for line in lines(&text) {
            match line {
                Line::Include(file) => self.requirements(&path.with_file_name(file), folder)?,
                Line::Project(place) => self.add_all(&real(&folder.join(place)), PACKAGE)?,
                Line::Package { .. } => {}
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: &Error) -> Failure {
    Failure::usage(format!("cannot read `{}`: {error}", path.display()))
        .with_status(status::NO)
        .with_hint("make it a file that the user of the build may read")
}

/// One name for one file, so that files which include each other come to an end.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::forms;
    use super::*;
    use crate::files::Disk;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("pystart-inputs-{name}-{}", std::process::id()));
            for (name, text) in files {
                let path = root.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(root.canonicalize().unwrap())
        }

        fn inputs(&self) -> Result<Inputs, Failure> {
            let disk = Disk::new(&self.0);
            let found = forms::find(&disk, &self.0, std::slice::from_ref(&self.0), None).unwrap().unwrap();
            Inputs::of(&found)
        }

        fn names(&self) -> Vec<String> {
            let inputs = self.inputs().unwrap();
            inputs.iter().map(|(path, _)| path.strip_prefix(&self.0).unwrap().display().to_string()).collect()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn every_file_that_decides_is_read_once_even_in_a_circle() {
        let root = Scratch::new(
            "circle",
            &[
                ("requirements.txt", "-r ./sub/more.txt\n-e ./shop\n"),
                ("sub/more.txt", "-r ../requirements.txt\n-r ../requirements.txt\n-r ./more.txt\n-c bounds.txt\n"),
                ("sub/bounds.txt", "shop<2\n"),
                ("shop/pyproject.toml", "x"),
                ("pyproject.toml", "y"),
                ("setup.py", ""),
            ],
        );
        assert_eq!(root.names(), ["requirements.txt", "shop/pyproject.toml", "sub/bounds.txt", "sub/more.txt"]);
    }

    #[test]
    fn a_lock_counts_together_with_its_project() {
        let root = Scratch::new("lock", &[("uv.lock", ""), ("pyproject.toml", "[project]\n"), ("setup.py", "")]);
        assert_eq!(root.names(), ["pyproject.toml", "uv.lock"]);
        let root = Scratch::new("package", &[("setup.cfg", ""), ("pyproject.toml", "[project]\n"), ("setup.py", "")]);
        assert_eq!(root.names(), ["pyproject.toml", "setup.cfg", "setup.py"]);
    }

    #[test]
    fn a_file_of_which_the_disk_does_not_say_what_it_is_is_not_missing() {
        let root = Scratch::new("fault", &[("app.py", "")]);
        std::os::unix::fs::symlink("requirements.txt", root.0.join("requirements.txt")).unwrap();
        let failure = root.inputs().unwrap_err();
        let path = root.0.join("requirements.txt");
        assert!(failure.message.starts_with(&format!("cannot read `{}`: ", path.display())), "{failure}");
    }

    #[test]
    fn pipes_are_refused_wherever_a_tool_would_read_them() {
        for (name, files) in [
            ("requirements.txt", &[("app.py", "")][..]),
            ("more.txt", &[("requirements.txt", "-r more.txt\n")]),
            ("setup.cfg", &[("setup.py", "")]),
            ("uv.lock", &[("pyproject.toml", "[project]\n")]),
        ] {
            let root = Scratch::new("pipes", files);
            nix::unistd::mkfifo(&root.0.join(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
            let failure = root.inputs().unwrap_err();
            let expected =
                format!("cannot read `{}`: it is a pipe or a device, not a file", root.0.join(name).display());
            assert_eq!((failure.message, failure.status), (expected, 1));
        }
    }
}
