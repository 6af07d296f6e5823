//! The app's own files: which module is which file, each read and parsed once, never more than a few.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::starts;
use super::thing::Thing;
use crate::files::{Files, Folder};
use crate::python::requirements::{self, Release};
use crate::python::source::{self, Module};

/// At most this many files are read: the rest of a large site is looked at by name only.
pub(super) const MAX_READS: usize = 96;

/// At most this many folders are listed.
pub(super) const MAX_LISTINGS: usize = 400;

/// A Python file of the app.
pub(super) struct Source {
    /// Relative to the app root.
    pub file: PathBuf,
    /// What it says; empty if it cannot be read.
    pub module: Module,
    /// Why it cannot be read.
    pub error: Option<io::Error>,
}

impl Source {
    /// The folder it is in, relative to the app root.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }
}

/// What a module name leads to.
pub(super) enum Located {
    /// A file: a module, or the `__init__.py` of a package.
    File(PathBuf),
    /// A folder without `__init__.py`.
    Folder(PathBuf),
}

impl Located {
    /// Is it this file?
    pub(super) fn is(&self, file: &Path) -> bool {
        matches!(self, Self::File(found) if found == file)
    }
}

/// The app root, seen as Python modules. Paths are relative to it.
pub(super) struct Workspace<'a> {
    files: &'a dyn Files,
    root: &'a Path,
    sources: RefCell<BTreeMap<PathBuf, Rc<Source>>>,
    listings: RefCell<BTreeMap<PathBuf, Rc<Folder>>>,
    /// Steps of reasoning that are left for one file; see [`Workspace::step`].
    steps: Cell<usize>,
    /// What names of whole modules were found to mean.
    meanings: RefCell<BTreeMap<(PathBuf, PathBuf, String), Thing>>,
}

/// How many steps of reasoning one file may take.
const MAX_STEPS: usize = 5_000;

impl<'a> Workspace<'a> {
    pub(super) fn new(files: &'a dyn Files, root: &'a Path) -> Self {
        Self {
            files,
            root,
            sources: RefCell::default(),
            listings: RefCell::default(),
            steps: Cell::new(MAX_STEPS),
            meanings: RefCell::default(),
        }
    }

    /// Begins to reason about another file.
    pub(super) fn reset_steps(&self) {
        self.steps.set(MAX_STEPS);
    }

    /// Takes one step of reasoning, if any is left: code that was made to be tangled must end too.
    pub(super) fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }

    /// What is in a folder; nothing if it cannot be listed, is a virtual environment, or too many were listed.
    pub(super) fn folder(&self, folder: &Path) -> Rc<Folder> {
        if let Some(known) = self.listings.borrow().get(folder) {
            return Rc::clone(known);
        }
        if self.listings.borrow().len() >= MAX_LISTINGS {
            return Rc::default();
        }
        let is_root = folder.as_os_str().is_empty();
        let listing = self.files.folder(&self.root.join(folder)).unwrap_or_default();
        let is_environment = !is_root && listing.notable.contains(&"pyvenv.cfg");
        let listing = if is_environment { Rc::default() } else { listing };
        self.listings.borrow_mut().insert(folder.to_owned(), Rc::clone(&listing));
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
    pub(super) fn source(&self, file: &Path) -> Option<Rc<Source>> {
        if let Some(known) = self.sources.borrow().get(file) {
            return Some(Rc::clone(known));
        }
        if self.sources.borrow().len() >= MAX_READS {
            return None;
        }
        let (module, error) = match self.files.read(&self.root.join(file)) {
            Ok(bytes) => (source::read_with_calls(&bytes, starts::is_kept), None),
            Err(error) => (Module::default(), Some(error)),
        };
        let source = Rc::new(Source { file: file.to_owned(), module, error });
        self.sources.borrow_mut().insert(file.to_owned(), Rc::clone(&source));
        Some(source)
    }

    /// What a name of a module means, found out once by `find`. A name that is asked for while it is being found out
    /// goes round in a circle, and means nothing.
    pub(super) fn remember(&self, source: &Source, base: &Path, name: &str, find: impl FnOnce() -> Thing) -> Thing {
        let key = (source.file.clone(), base.to_owned(), name.to_owned());
        if let Some(known) = self.meanings.borrow().get(&key) {
            return known.clone();
        }
        self.meanings.borrow_mut().insert(key.clone(), Thing::Unknown);
        let thing = find();
        self.meanings.borrow_mut().insert(key, thing.clone());
        thing
    }

    /// Does `requirements.txt` ask for a release of a package before this one? Without a word, the newest is meant.
    pub(super) fn is_required_before(&self, package: &str, release: Release) -> bool {
        let listing = self.folder(Path::new(""));
        let is_there = listing.notable.contains(&"requirements.txt");
        let bytes = is_there.then(|| self.files.read(&self.root.join("requirements.txt")).ok()).flatten();
        bytes.is_some_and(|bytes| requirements::is_before(&String::from_utf8_lossy(&bytes), package, release))
    }

    /// Where a dotted module name leads from a folder of the module path. A package comes before a module of the
    /// same name, as in Python.
    pub(super) fn locate(&self, base: &Path, module: &str) -> Option<Located> {
        let mut at = Located::Folder(base.to_owned());
        for part in module.split('.').filter(|part| !part.is_empty()) {
            let folder = match &at {
                Located::Folder(folder) => folder.clone(),
                Located::File(file) if is_package(file) => file.parent()?.to_owned(),
                Located::File(_) => return None,
            };
            at = self.child(&folder, part)?;
        }
        Some(at)
    }

    /// One module of a folder.
    pub(super) fn child(&self, folder: &Path, name: &str) -> Option<Located> {
        let listing = self.folder(folder);
        if listing.folders.iter().any(|folder| folder == name) {
            let package = folder.join(name);
            let init = package.join("__init__.py");
            let here = self.folder(&package);
            if here.has("__init__.py") {
                return Some(Located::File(init));
            }
            if !listing.has(&format!("{name}.py")) {
                // A folder of templates or images is no package that anybody imports.
                let holds_modules = !here.python.is_empty() || !here.folders.is_empty();
                return holds_modules.then_some(Located::Folder(package));
            }
        }
        let file = format!("{name}.py");
        listing.has(&file).then(|| Located::File(folder.join(file)))
    }
}

/// Is this file the `__init__.py` of a package?
pub(super) fn is_package(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "__init__.py")
}

/// The dotted name of a file from a folder of the module path; `None` if a part of it
/// has a name that cannot be imported.
pub(super) fn dotted(base: &Path, file: &Path) -> Option<String> {
    let below = file.strip_prefix(base).ok()?;
    let below = if is_package(below) { below.parent()?.to_owned() } else { below.with_extension("") };
    let mut name = String::new();
    for part in below.components() {
        let Component::Normal(part) = part else { return None };
        let part = part.to_str().filter(|part| is_importable(part))?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    (!name.is_empty()).then_some(name)
}

/// Can a part of a module path be called this? `import_module` takes any name without a dot, so `my-app:app` works
/// although no `import` statement could say it.
fn is_importable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['.', ':'])
}
