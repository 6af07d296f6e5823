//! What the app says it needs: which file counts, and a digest of all that an environment is built from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::files::read_whole;
use crate::python::requirements::{Line, lines};

/// Changes when the same inputs give another environment than before: then all are built anew.
const FORMAT: &str = "2";

/// The largest file that is taken for a description of packages: lock files of large projects have a few mebibytes.
const LARGEST: u64 = 64 << 20;

/// Where the list of packages comes from; the first that is there, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `requirements.txt`.
    Requirements,
    /// `uv.lock` beside `pyproject.toml`, with uv on PATH.
    Lock,
    /// `pyproject.toml` without `[build-system]`: its dependencies alone (the rule of uv for what is a package).
    Dependencies,
    /// `pyproject.toml` with `[build-system]`, or `setup.py`: the app is a package.
    Package,
    /// Nothing: gunicorn is all it takes.
    Nothing,
}

impl Source {
    /// The file, for messages.
    #[must_use]
    pub fn file(self, root: &Root) -> &'static str {
        match self {
            Self::Requirements => "requirements.txt",
            Self::Lock => "uv.lock",
            Self::Dependencies => "pyproject.toml",
            Self::Package if root.pyproject.is_some() => "pyproject.toml",
            Self::Package => "setup.py",
            Self::Nothing => "nothing",
        }
    }
}

/// What is in the app root, as far as it says what to install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a file of its own")]
pub struct Root {
    /// Is there a `requirements.txt`?
    pub requirements: bool,
    /// The text of `pyproject.toml`.
    pub pyproject: Option<String>,
    /// Is there a `setup.py`?
    pub setup: bool,
    /// Is there a `uv.lock`?
    pub lock: bool,
    /// May files be made in the root? Building a package does.
    pub is_writable: bool,
}

impl Root {
    /// Which of them counts.
    #[must_use]
    pub fn source(&self, has_uv: bool) -> Source {
        let has_table = |name: &str| {
            self.pyproject.as_ref().is_some_and(|text| text.lines().any(|line| line.trim_end().starts_with(name)))
        };
        let is_package = has_table("[build-system]") && (self.is_writable || !has_table("[project]"));
        match &self.pyproject {
            _ if self.requirements => Source::Requirements,
            Some(_) if has_uv && self.lock => Source::Lock,
            Some(_) if is_package => Source::Package,
            Some(_) if has_table("[project]") || !self.setup => Source::Dependencies,
            _ if self.setup => Source::Package,
            _ => Source::Nothing,
        }
    }
}

/// Every file that an environment is built from, with its content; read before anything is built.
pub type Inputs = BTreeMap<PathBuf, Vec<u8>>;

/// Reads the inputs of `source` in `root`.
///
/// # Errors
///
/// A file that is there and cannot be read.
pub fn gather(root: &Path, source: Source) -> io::Result<Inputs> {
    let mut inputs = Inputs::new();
    match source {
        Source::Requirements => requirements(&root.join("requirements.txt"), &mut inputs)?,
        Source::Lock => add_all(root, &["pyproject.toml", "uv.lock"], &mut inputs)?,
        Source::Dependencies => add_all(root, &["pyproject.toml"], &mut inputs)?,
        Source::Package => add_all(root, PROJECT, &mut inputs)?,
        Source::Nothing => {}
    }
    Ok(inputs)
}

/// The files that describe a package.
const PROJECT: &[&str] = &["pyproject.toml", "setup.cfg", "setup.py"];

fn add_all(folder: &Path, names: &[&str], inputs: &mut Inputs) -> io::Result<()> {
    for name in names {
        add(&folder.join(name), inputs)?;
    }
    Ok(())
}

/// Adds a file; `None` if it is not there or was added before.
fn add(path: &Path, inputs: &mut Inputs) -> io::Result<Option<Vec<u8>>> {
    if inputs.contains_key(path) {
        return Ok(None);
    }
    match read_whole(path, LARGEST) {
        Ok(content) => {
            inputs.insert(path.to_owned(), content.clone());
            Ok(Some(content))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A requirements file, the files it includes, and the description of every local package it names.
fn requirements(path: &Path, inputs: &mut Inputs) -> io::Result<()> {
    let path = &real(path);
    let Some(content) = add(path, inputs)? else { return Ok(()) };
    let folder = path.parent().unwrap_or(Path::new(""));
    for line in lines(&String::from_utf8_lossy(&content)) {
        match line {
            Line::Include(file) => requirements(&folder.join(file), inputs)?,
            Line::Project(file) => add_all(&real(&folder.join(file)), PROJECT, inputs)?,
            Line::Package { .. } => {}
        }
    }
    Ok(())
}

/// One name for one file, so that files which include each other come to an end.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A digest of the inputs and of the interpreter: equal digests stand for equal environments.
#[must_use]
pub fn digest(inputs: &Inputs, source: Source, interpreter: &str) -> String {
    let mut digest = Digest::of([FORMAT, &format!("{source:?}"), interpreter]);
    for (path, content) in inputs {
        digest.add(path.as_os_str().as_encoded_bytes());
        digest.add(content);
    }
    digest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_that_is_there_counts() {
        let package = Some("[build-system]\nrequires = []\n[project]\n".to_owned());
        let flat = Some("[project]\ndependencies = []\n".to_owned());
        let tools = Some("[tool.ruff]\n".to_owned());
        let root = |requirements, pyproject: &Option<String>, setup, lock, is_writable| Root {
            requirements,
            pyproject: pyproject.clone(),
            setup,
            lock,
            is_writable,
        };
        let rows = [
            ("requirements first", root(true, &package, true, true, true), true, Source::Requirements),
            ("a lock for uv", root(false, &flat, false, true, true), true, Source::Lock),
            ("a lock that pip cannot read", root(false, &flat, false, true, true), false, Source::Dependencies),
            ("a package", root(false, &package, false, false, true), false, Source::Package),
            (
                "a package that cannot be built in place",
                root(false, &package, false, false, false),
                false,
                Source::Dependencies,
            ),
            ("no package", root(false, &flat, false, false, true), true, Source::Dependencies),
            ("setup.py with tools in pyproject.toml", root(false, &tools, true, false, true), false, Source::Package),
            ("setup.py", root(false, &None, true, false, true), false, Source::Package),
            ("nothing", root(false, &None, false, false, true), true, Source::Nothing),
        ];
        for (row, root, has_uv, expected) in rows {
            assert_eq!(root.source(has_uv), expected, "{row}");
        }
    }

    #[test]
    fn every_file_that_decides_is_read_once_even_in_a_circle() {
        let root = std::env::temp_dir().join(format!("pystart-inputs-{}", std::process::id()));
        let files = [
            ("requirements.txt", "-r ./sub/more.txt\n-e ./shop\n"),
            ("sub/more.txt", "-r ../requirements.txt\n-r ../requirements.txt\n-r ./more.txt\n"),
            ("shop/pyproject.toml", "x"),
            ("pyproject.toml", "y"),
            ("uv.lock", "z"),
            ("setup.py", ""),
        ];
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = root.canonicalize().unwrap();
        let read = |source| {
            let inputs = gather(&root, source).unwrap();
            let names = inputs.keys().map(|path| path.strip_prefix(&root).unwrap().display().to_string());
            names.collect::<Vec<_>>()
        };
        let (requirements, lock, package) = (read(Source::Requirements), read(Source::Lock), read(Source::Package));
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(requirements, ["requirements.txt", "shop/pyproject.toml", "sub/more.txt"]);
        assert_eq!(lock, ["pyproject.toml", "uv.lock"]);
        assert_eq!(package, ["pyproject.toml", "setup.py"]);
    }

    #[test]
    fn the_digest_changes_with_every_input_and_with_nothing_else() {
        let inputs = |pairs: &[(&str, &str)]| -> Inputs {
            pairs.iter().map(|(path, text)| (path.into(), text.as_bytes().to_vec())).collect()
        };
        let base = digest(&inputs(&[("a", "x"), ("b", "y")]), Source::Requirements, "3.12.1");
        assert_eq!(base, digest(&inputs(&[("b", "y"), ("a", "x")]), Source::Requirements, "3.12.1"));
        for other in [
            digest(&inputs(&[("a", "x"), ("b", "z")]), Source::Requirements, "3.12.1"),
            digest(&inputs(&[("a", "xb"), ("", "y")]), Source::Requirements, "3.12.1"),
            digest(&inputs(&[("a", "x")]), Source::Requirements, "3.12.1"),
            digest(&inputs(&[("a", "x"), ("b", "y")]), Source::Package, "3.12.1"),
            digest(&inputs(&[("a", "x"), ("b", "y")]), Source::Requirements, "3.12.2"),
        ] {
            assert_ne!(base, other);
        }
    }
}
