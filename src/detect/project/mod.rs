//! The app root, seen as Python modules: each file read and parsed once, each folder listed once, never more than a
//! few. Nothing here knows a framework. Paths are relative to the app root.

pub(super) mod import_root;
pub(super) mod locate;
mod marks;
mod required;
mod sys_path;

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::limits;
#[cfg(test)]
use super::words::Words;
use crate::files::by_path::ByPath;
use crate::files::{Files, Folder};
use crate::python::source::{self, Module};

/// The tables of words that a project is read with.
#[cfg(test)]
pub(super) static TABLES: &[&Words] = &[
    &marks::ROOT_FILES,
    &required::DEVELOPMENT_LISTS,
    &sys_path::SAME_PATH_METHODS,
    &sys_path::SAME_PATH_FUNCTIONS,
    &sys_path::WORKING_FOLDER_FUNCTIONS,
];

/// A Python file of the app.
pub(super) struct SourceFile {
    /// Relative to the app root.
    pub path: PathBuf,
    /// What it says; empty if it cannot be read.
    pub module: Module,
    /// Why it cannot be read.
    pub error: Option<io::Error>,
}

impl SourceFile {
    /// The folder it is in, relative to the app root.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Is it `wsgi.py` or `asgi.py`, which are there for nothing else than to be named in a start command?
    pub(super) fn is_named_in_commands(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "wsgi.py" || name == "asgi.py")
    }
}

/// The files of an app.
pub(super) struct Project<'a> {
    files: &'a dyn Files,
    root: &'a Path,
    /// Which calls in functions the sources keep, by the last name of what is called.
    keeps_call: fn(&str) -> bool,
    /// By path.
    sources: RefCell<ByPath<Rc<SourceFile>>>,
    folders: RefCell<ByPath<Rc<Folder>>>,
    /// The lists of packages of a folder.
    lists: RefCell<ByPath<Rc<[PathBuf]>>>,
    /// Files that were asked for as text.
    texts: RefCell<ByPath<Option<Rc<str>>>>,
    /// How many bytes of Python were parsed.
    parsed: Cell<usize>,
}

impl<'a> Project<'a> {
    pub(super) fn new(files: &'a dyn Files, root: &'a Path, keeps_call: fn(&str) -> bool) -> Self {
        Self {
            files,
            root,
            keeps_call,
            sources: RefCell::default(),
            parsed: Cell::default(),
            folders: RefCell::default(),
            lists: RefCell::default(),
            texts: RefCell::default(),
        }
    }

    /// What is in a folder; nothing if it cannot be listed, is a virtual environment, or too many were listed.
    pub(super) fn folder(&self, folder: &Path) -> Rc<Folder> {
        if let Some(known) = self.folders.borrow().get(folder) {
            return Rc::clone(known);
        }
        if self.folders.borrow().len() >= limits::FOLDERS_LISTED {
            return Rc::default();
        }
        let is_root = folder.as_os_str().is_empty();
        let listing = self.files.folder(&self.root.join(folder)).unwrap_or_default();
        let is_environment = !is_root && listing.notable.contains(&"pyvenv.cfg");
        let listing = if is_environment { Rc::default() } else { listing };
        self.folders.borrow_mut().insert(folder.to_owned(), Rc::clone(&listing));
        listing
    }

    /// The folders in a folder that hold a file of this name, sorted.
    pub(super) fn folders_with(&self, folder: &Path, file: &str) -> Vec<PathBuf> {
        let names = self.files.folders_with(&self.root.join(folder), file).unwrap_or_default();
        let is_environment = |folder: &PathBuf| self.is_file(&folder.join("pyvenv.cfg"));
        names.into_iter().map(|name| folder.join(name)).filter(|folder| !is_environment(folder)).collect()
    }

    /// Is there such a file?
    pub(super) fn is_file(&self, file: &Path) -> bool {
        self.files.is_file(&self.root.join(file))
    }

    /// A file, read and parsed; `None` when it was not read before and no more may be read.
    pub(super) fn source(&self, file: &Path) -> Option<Rc<SourceFile>> {
        if let Some(known) = self.sources.borrow().get(file) {
            return Some(Rc::clone(known));
        }
        if self.sources.borrow().len() >= limits::FILES_READ {
            return None;
        }
        let (module, error) = if self.has_parsed_enough() {
            (source::not_parsed(limits::ENOUGH_PARSED), None)
        } else {
            match self.files.read(&self.root.join(file)) {
                Ok(bytes) => {
                    self.parsed.update(|parsed| parsed + bytes.len());
                    (source::read_with_calls(&bytes, self.keeps_call), None)
                }
                Err(error) => (Module::default(), Some(error)),
            }
        };
        let source = Rc::new(SourceFile { path: file.to_owned(), module, error });
        self.sources.borrow_mut().insert(file.to_owned(), Rc::clone(&source));
        Some(source)
    }

    /// Is no further file parsed? Then none need be read to spare the parser either.
    pub(super) fn has_parsed_enough(&self) -> bool {
        self.parsed.get() >= limits::BYTES_PARSED
    }

    /// The text of a file, not parsed; `None` if it cannot be read.
    pub(super) fn text(&self, file: &Path) -> Option<Rc<str>> {
        if let Some(known) = self.texts.borrow().get(file) {
            return known.clone();
        }
        let bytes = self.files.read(&self.root.join(file)).ok();
        let text = bytes.map(|bytes| Rc::from(String::from_utf8_lossy(&bytes)));
        self.texts.borrow_mut().insert(file.to_owned(), text.clone());
        text
    }

    /// Every name in a folder, sorted; none if it cannot be listed.
    fn names(&self, folder: &Path) -> Vec<String> {
        self.files.names(&self.root.join(folder)).unwrap_or_default()
    }
}
