//! What the names of a Python file are when the file is imported: a web app, what makes one, or something else.
//!
//! Over [`Project`] and the table of frameworks; nothing is executed. Answers are remembered, and the work for one file
//! is bounded.

mod attribute;
mod call;
mod resolve;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(super) use call::interface_of_signature;
use resolve::Frame;
pub(super) use value::{AppKind, Inferred};

use super::limits;
use super::project::{Project, SourceFile};
use crate::python::source::{Import, Value};

/// Everything that was found out about the values of a project.
pub(super) struct Inference<'a> {
    /// The files.
    pub project: Project<'a>,
    /// Values that may still be looked at for this file; see [`Inference::spend`].
    fuel: Cell<usize>,
    /// What names of whole modules were found to be, by file, import root and name.
    memo: RefCell<BTreeMap<(PathBuf, PathBuf, String), Inferred>>,
}

impl<'a> Inference<'a> {
    pub(super) fn new(project: Project<'a>) -> Self {
        Self { project, fuel: Cell::new(limits::INFERENCE_STEPS), memo: RefCell::default() }
    }

    /// Begins with another file: what the last one used up is there again.
    pub(super) fn refuel(&self) {
        self.fuel.set(limits::INFERENCE_STEPS);
    }

    /// What a name of a file is when the file is imported from `root`.
    pub(super) fn name(&self, source: &Rc<SourceFile>, root: &Path, name: &str) -> Inferred {
        self.resolve_name(Frame { source, root, function: None }, name, usize::MAX, limits::HOPS)
    }

    /// What an expression at the top level of a file is.
    pub(super) fn value(&self, source: &Rc<SourceFile>, root: &Path, value: &Value) -> Inferred {
        self.resolve_value(Frame { source, root, function: None }, value, usize::MAX, limits::HOPS)
    }

    /// What calling something without arguments gives in a file.
    pub(super) fn call(&self, source: &Rc<SourceFile>, root: &Path, callee: &Inferred) -> Inferred {
        self.resolve_call(Frame { source, root, function: None }, callee, None, limits::HOPS)
    }

    /// The module that `from x import *` takes its names from.
    pub(super) fn star(&self, source: &SourceFile, root: &Path, star: &Import) -> Inferred {
        self.resolve_import(source, root, star, limits::STAR_HOPS)
    }

    /// Takes one step, if any is left.
    fn spend(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left > 0
    }

    /// What a name of a module is, found out once by `find`. A name that is asked for while it is being found out
    /// depends on itself, and is unknown.
    fn remember(&self, source: &SourceFile, root: &Path, name: &str, find: impl FnOnce() -> Inferred) -> Inferred {
        let key = (source.path.clone(), root.to_owned(), name.to_owned());
        if let Some(known) = self.memo.borrow().get(&key) {
            return known.clone();
        }
        self.memo.borrow_mut().insert(key.clone(), Inferred::Unknown);
        let inferred = find();
        self.memo.borrow_mut().insert(key, inferred.clone());
        inferred
    }
}
