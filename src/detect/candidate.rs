//! A file that may be the app: how it is imported, and what is in it.

use std::path::{Path, PathBuf};

use super::command;
use super::exam::Exam;
use super::frameworks;
use super::names::OBJECTS;
use super::objects::Object;
use super::thing::raw_interface;
use super::workspace::{Located, Workspace, dotted};
use crate::python::source::{Bound, Module, Place};

/// An app in a file.
pub(super) struct Candidate {
    /// The folder of the module path.
    pub base: PathBuf,
    /// The dotted name from there.
    pub module: String,
    /// What was found in it.
    pub exam: Exam,
    /// The file that a person would look at first, and why it is not this one that is started.
    pub left_by: Option<(PathBuf, &'static str)>,
}

impl Candidate {
    pub(super) fn object(&self) -> Option<&Object> {
        self.exam.objects.first()
    }

    /// An object comes before a factory, and a framework's before a function that happens to be a WSGI app.
    pub(super) fn weakness(&self) -> (bool, bool) {
        let is_raw = |object: &Object| frameworks::is_none(object.kind.framework) && !object.is_imported;
        (self.object().is_none_or(Object::is_factory), self.object().is_none_or(is_raw))
    }

    pub(super) fn command(&self, object: &Object) -> String {
        command(&self.base, &format!("{}:{}", self.module, object.name), object.kind.interface)
    }
}

impl Workspace<'_> {
    /// A file as a candidate; `None` when it cannot be imported by any name, or no more files may be read.
    pub(super) fn candidate(&self, file: &Path) -> Option<Candidate> {
        let base = self.base_of(file);
        let module = dotted(&base, file)?;
        let mut exam = self.examine(file, &base)?;
        if let Some(Located::File(other)) = self.locate(&base, &module).filter(|found| !found.is(file)) {
            // Python takes a package before a module of the same name.
            exam.objects.clear();
            exam.doubt = None;
            exam.reason = format!("cannot be imported: `{}` comes before it", other.display());
        }
        Some(self.behind(Candidate { base, module, exam, left_by: None }))
    }
}

impl Exam {
    /// Is there an object that a server can import?
    pub(super) fn can_serve(&self) -> bool {
        !self.objects.is_empty() && !self.blocks
    }

    /// The object of a documented file: what is an app, else what may be one.
    pub(super) fn documented_object(&self) -> Option<Object> {
        if self.blocks {
            return None;
        }
        self.objects.first().or(self.doubt.as_ref()).cloned()
    }
}

/// Is there anything in a file without a usual name that makes it worth following? Most are scripts and models.
pub(super) fn may_hold_app(module: &Module) -> bool {
    let is_framework = module.imports.iter().any(|import| frameworks::is_known_package(import.package()));
    let is_raw = module.scope.bindings.iter().any(|binding| match &binding.bound {
        Bound::Function(function) => raw_interface(function).is_some(),
        Bound::Class(class) => class.methods.iter().any(|(name, _)| name == "__call__"),
        _ => false,
    });
    let has_calls = module.scope.calls.iter().any(|call| call.place == Place::Main);
    is_framework || is_raw || has_calls || OBJECTS.iter().any(|name| module.binds(name))
}
