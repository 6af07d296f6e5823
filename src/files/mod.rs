//! The only reader of what a decision depends on: the app root, its environment, and the image.
//!
//! Everything that decides takes a [`Files`] and opens nothing itself, so that it can be tested on a tree that exists
//! only in memory, and so that nothing is read twice. What acts (`build`, the default site, the init) has its own
//! access. [`Disk`] is the real one, [`Memory`] the one for tests.

mod archive;
pub(crate) mod by_path;
mod disk;
pub(crate) mod lock;
mod memory;
pub(crate) mod private_folder;
mod search_path;
mod whole_file;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use archive::Archived;
pub use disk::{Disk, Read};
pub use memory::Memory;
pub(crate) use whole_file::read_whole;

/// At most this many bytes of a file are read: what binds an app stands in the first half mebibyte, and the cost of
/// a start must not grow with the files of the site.
pub const READ_LIMIT: usize = 512 * 1024;

/// How many names of other files a [`Folder`] keeps, for messages.
pub const SAMPLE: usize = 8;

/// What a path leads to, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A socket, a device, a pipe.
    Other,
}

/// What this process may do with a path, with its effective identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Execute a file, or enter a folder.
    Execute,
    /// Write a file, or make files in a folder.
    Write,
}

/// One listing of a folder: what a search for apps can use, nothing kept of the rest but a count.
///
/// Left out for good, in every folder: hidden names, `node_modules`, `__pycache__`, `site-packages`, and symbolic
/// links that leave the app root or lead back to a folder they are in (contract, section 4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Files whose name ends in `.py`, in any case, sorted.
    pub python: Vec<String>,
    /// Folders, but for `environments`, in the order of the listing: sort what you select.
    pub folders: Names,
    /// Folders that carry the name of a virtual environment (see [`is_environment_name`]), sorted.
    pub environments: Vec<String>,
    /// How many other files there are.
    pub others: usize,
    /// The first [`SAMPLE`] of the other files by name.
    pub sample: Vec<String>,
    /// Those of [`NOTABLE`] that are there, sorted.
    pub notable: Vec<&'static str>,
}

impl Folder {
    /// Is there a Python file of just this name?
    #[must_use]
    pub fn has(&self, python_file: &str) -> bool {
        self.python.binary_search_by(|name| name.as_str().cmp(python_file)).is_ok()
    }
}

/// Files that are no Python but tell something, so that nobody has to look for them one by one.
pub const NOTABLE: [&str; 27] = [
    ".env",
    ".flaskenv",
    "Dockerfile",
    "Pipfile",
    "Pipfile.lock",
    "Procfile",
    "antenv.tar.gz",
    "antenv.tar.zst",
    "antenv.zip",
    "build.env",
    "environment.yml",
    "hypercorn.toml",
    "index.html",
    "oryx-manifest.toml",
    "output.tar.gz",
    "output.tar.zst",
    "package.json",
    "pdm.lock",
    "poetry.lock",
    "pyproject.toml",
    "pyvenv.cfg",
    "requirements.txt",
    "setup.cfg",
    "startup.cmd",
    "startup.sh",
    "startup.txt",
    "uv.lock",
];

/// The name itself, if it is one of [`NOTABLE`].
fn notable(name: &[u8]) -> Option<&'static str> {
    NOTABLE.binary_search_by(|notable| notable.as_bytes().cmp(name)).ok().map(|at| NOTABLE[at])
}

/// How notable names begin: a name that begins otherwise need not be searched for.
const NOTABLE_INITIALS: [bool; 256] = {
    let mut initials = [false; 256];
    let mut at = 0;
    while at < NOTABLE.len() {
        initials[NOTABLE[at].as_bytes()[0] as usize] = true;
        at += 1;
    }
    initials
};

/// `antenv*`, `.venv`, `venv`, `env`: names that the platform and the tools give to virtual environments.
#[must_use]
pub fn is_environment_name(name: &str) -> bool {
    name.starts_with("antenv") || matches!(name, ".venv" | "venv" | "env" | PACKAGE_FOLDER)
}

/// The folder of packages that the platform's build may make instead of an environment (`pip install --target`).
pub const PACKAGE_FOLDER: &str = "__oryx_packages__";

/// Is this folder never looked into, whatever is in it?
fn is_pruned(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "__pycache__" | "site-packages")
}

/// Many names in one allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    /// Adds a name.
    pub fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Every name, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// Every name, sorted.
    #[must_use]
    pub fn sorted(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.iter().collect();
        names.sort_unstable();
        names
    }
}

impl<'a> FromIterator<&'a str> for Names {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut all = Self::default();
        for name in names {
            all.push(name);
        }
        all
    }
}

/// Read access to the disk, or to something that stands in for it.
///
/// Listings and contents are remembered: asking twice costs nothing. Errors are those of the system call, so that
/// "not there" and "may not be read" stay apart.
pub trait Files {
    /// What is in a folder.
    ///
    /// # Errors
    ///
    /// Those of `open(2)` and `getdents64(2)`.
    fn folder(&self, path: &Path) -> io::Result<Rc<Folder>>;

    /// The [`Folder::folders`] of `path` in which there is a file (not a folder) called `file`, sorted. A link counts
    /// as in [`Files::folder`].
    ///
    /// One `faccessat(2)` for each folder and nothing else, so that ten thousand folders are cheap.
    ///
    /// # Errors
    ///
    /// As [`Files::folder`].
    fn folders_with(&self, path: &Path, file: &str) -> io::Result<Vec<String>>;

    /// What a path leads to.
    ///
    /// # Errors
    ///
    /// Those of `stat(2)`.
    fn kind(&self, path: &Path) -> io::Result<Kind>;

    /// The first [`READ_LIMIT`] bytes of a regular file; of an ELF program only the first page. Never waits.
    ///
    /// # Errors
    ///
    /// Those of `open(2)` and `read(2)`; a folder is `EISDIR`. What is neither folder nor file (a pipe, a device) is an
    /// error of the kind `InvalidInput`: what it holds has no end, or nobody may ever write it.
    fn read(&self, path: &Path) -> io::Result<Rc<[u8]>>;

    /// Every name in a folder, sorted; for small folders whose content is known, such as `lib` of an environment.
    ///
    /// # Errors
    ///
    /// As [`Files::folder`].
    fn names(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Where a symbolic link points, as it is written; `None` if the path is no link.
    fn link(&self, path: &Path) -> Option<PathBuf>;

    /// The program that `name` means: the first executable file of that name in the folders of `path`, as
    /// `execvp(3)` finds it from the app root. A name with a slash is no name to look up.
    fn program(&self, name: &OsStr, path: &OsStr) -> Option<PathBuf> {
        search_path::find(self, name, path)
    }

    /// The folders that were come upon so far and may not be listed or entered, in the order in which they were met.
    fn forbidden(&self) -> Vec<PathBuf>;

    /// The folder that relative paths start from: the app root.
    fn root(&self) -> &Path;

    /// May this process do that? A path that is not there may not.
    fn may(&self, path: &Path, access: Access) -> bool;

    /// The content of one of [`NOTABLE`]: asked for only where the folder's listing has it.
    fn notable(&self, folder: &Path, name: &str) -> Option<Rc<[u8]>> {
        let is_there = self.folder(folder).is_ok_and(|folder| folder.notable.contains(&name));
        is_there.then(|| self.read(&folder.join(name)).ok()).flatten()
    }

    /// Is there a regular file?
    fn is_file(&self, path: &Path) -> bool {
        matches!(self.kind(path), Ok(Kind::File))
    }

    /// Is there a folder?
    fn is_folder(&self, path: &Path) -> bool {
        matches!(self.kind(path), Ok(Kind::Folder))
    }
}

/// Sorts names into a [`Folder`]; shared by the implementations so that they cannot disagree.
#[derive(Default)]
struct Sorter {
    folder: Folder,
}

impl Sorter {
    /// A name that is not UTF-8 is no Python module and no folder of one.
    fn folder(&mut self, name: &[u8]) {
        let Ok(name) = str::from_utf8(name) else { return };
        if is_environment_name(name) {
            self.folder.environments.push(name.to_owned());
        } else if !is_pruned(name) {
            self.folder.folders.push(name);
        }
    }

    /// Called for each of what may be a hundred thousand files: most are counted, and nothing else.
    fn file(&mut self, name: &[u8]) {
        let [initial, ..] = *name else { return };
        let folder = &mut self.folder;
        if initial == b'.' {
            folder.notable.extend(notable(name));
            return;
        }
        if let [_, .., b'.', b'p' | b'P', b'y' | b'Y'] = name {
            folder.python.extend(str::from_utf8(name).ok().map(str::to_owned));
            return;
        }
        folder.others += 1;
        if NOTABLE_INITIALS[usize::from(initial)] {
            folder.notable.extend(notable(name));
        }
        if folder.sample.len() == SAMPLE && folder.sample.last().is_some_and(|last| last.as_bytes() <= name) {
            return;
        }
        if let Ok(name) = str::from_utf8(name) {
            folder.sample.truncate(SAMPLE - 1);
            let at = folder.sample.partition_point(|old| old.as_str() < name);
            folder.sample.insert(at, name.to_owned());
        }
    }

    fn finish(mut self) -> Folder {
        self.folder.python.sort_unstable();
        self.folder.environments.sort_unstable();
        self.folder.notable.sort_unstable();
        self.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notable_names_can_be_searched() {
        assert!(NOTABLE.is_sorted());
    }

    #[test]
    fn a_listing_is_sorted_into_what_a_search_can_use() {
        let mut sorter = Sorter::default();
        for name in ["src", ".git", "node_modules", "antenv3.12", ".venv", "web", "__pycache__"] {
            sorter.folder(name.as_bytes());
        }
        for name in ["b.py", "App.PY", ".hidden.py", "requirements.txt", "notes", ".env", ".py"] {
            sorter.file(name.as_bytes());
        }
        let folder = sorter.finish();
        assert_eq!(folder.python, ["App.PY", "b.py"]);
        assert_eq!(folder.folders.sorted(), ["src", "web"]);
        assert_eq!(folder.environments, [".venv", "antenv3.12"]);
        assert_eq!((folder.others, folder.notable), (2, vec![".env", "requirements.txt"]));
        assert_eq!(folder.sample, ["notes", "requirements.txt"]);
    }

    #[test]
    fn the_sample_is_the_smallest_names_whatever_the_order() {
        let names: Vec<String> = (0..30).map(|number| format!("f{number:02}.txt")).collect();
        let mut forwards = Sorter::default();
        let mut backwards = Sorter::default();
        for name in &names {
            forwards.file(name.as_bytes());
        }
        for name in names.iter().rev() {
            backwards.file(name.as_bytes());
        }
        let folder = forwards.finish();
        assert_eq!(folder.sample, names[..SAMPLE]);
        assert_eq!(folder, backwards.finish());
    }
}
