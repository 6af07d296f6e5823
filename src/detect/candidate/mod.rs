//! A file that may be the app: from where it is imported, under which name, and what is in it.

pub(super) mod objects;
mod redirect;
mod rejection;
pub(super) mod report;
pub(super) mod server_calls;

use std::path::{Path, PathBuf};

use objects::AppObject;
use report::FileReport;

use super::frameworks;
use super::infer::{Inference, interface_of_signature};
use super::names::{FACTORIES, OBJECTS};
use super::project::locate::{INIT_OF_ROOT, dotted_name};
use crate::python::source::{Bound, Module, Place, Value};

/// A file that may be the app.
pub(super) struct Candidate {
    /// The import root.
    pub root: PathBuf,
    /// The dotted name from there.
    pub module: String,
    /// What was found in the file.
    pub report: FileReport,
    /// The file that a person would look at first, and why it is not the one that is started.
    pub redirected_from: Option<(PathBuf, &'static str)>,
}

impl Candidate {
    /// A file as a candidate, or the one that it leaves its place to; `None` when it cannot be imported by any name,
    /// or no more files may be read.
    pub(super) fn of_file(inference: &Inference, file: &Path) -> Option<Self> {
        let project = &inference.project;
        let root = project.import_root(file);
        let module = dotted_name(&root, file)?;
        let mut report = FileReport::new(inference, file, &root)?;
        let found = project.locate(&root, &module).and_then(super::project::locate::Located::file);
        if let Some(other) = found.filter(|found| found != file) {
            // Python takes a package before a module of the same name.
            report.reject(format!("cannot be imported: `{}` comes before it", other.display()));
        }
        let is_init_of_root = file.as_os_str() == INIT_OF_ROOT;
        if is_init_of_root && report.source.module.imports.iter().any(|import| import.level > 0) {
            report.reject("cannot be imported: its relative imports need a package around it".to_owned());
        }
        Some(redirect::follow(inference, Self { root, module, report, redirected_from: None }))
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.report.source.path
    }

    /// Its best object.
    pub(super) fn object(&self) -> Option<&AppObject> {
        self.report.objects.first()
    }

    /// What candidates are sorted by, the best first: an object comes before a factory, and a framework's before a
    /// function that happens to be a WSGI app.
    pub(super) fn sort_key(&self) -> (bool, bool) {
        let is_bare = |object: &AppObject| frameworks::is_interface(object.kind.framework) && !object.is_imported;
        (self.object().is_none_or(|object| object.is_factory), self.object().is_none_or(is_bare))
    }
}

/// Is a name bound to what a factory makes: `dlg = build_app()`?
fn calls_factory(module: &Module) -> bool {
    module.scope.bindings.iter().any(|binding| match &binding.bound {
        Bound::Value(Value::Call { callee, .. }) => {
            callee.name().and_then(|path| path.rsplit('.').next()).is_some_and(|name| FACTORIES.has(name))
        }
        _ => false,
    })
}

/// Is there anything in a file without a usual name that makes it worth following? Most are scripts and models.
pub(super) fn may_hold_app(module: &Module) -> bool {
    let is_framework = module.imports.iter().any(|import| frameworks::is_known_package(import.package()));
    let is_bare = module.scope.bindings.iter().any(|binding| match &binding.bound {
        Bound::Function(function) => interface_of_signature(function).is_some(),
        Bound::Class(class) => class.methods.iter().any(|(name, _)| name == "__call__"),
        _ => false,
    });
    let has_calls = module.scope.calls.iter().any(|call| call.place == Place::Main);
    is_framework || is_bare || has_calls || calls_factory(module) || OBJECTS.iter().any(|name| module.binds(name))
}
