//! What is inside of something: an import, an attribute of a module, what the methods of a class keep.

use std::path::Path;
use std::rc::Rc;

use super::Inference;
use super::resolve::Frame;
use super::value::{AppKind, Inferred};
use crate::detect::frameworks::{self, Gives};
use crate::detect::project::SourceFile;
use crate::detect::project::locate::{Located, is_package};
use crate::python::source::{Bound, Class, Import};

impl Inference<'_> {
    /// Follows an import. What is not a module of the app is somebody else's.
    pub(super) fn resolve_import(&self, source: &SourceFile, root: &Path, import: &Import, hops: usize) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        let Some(located) = self.project.locate_import(source, root, import.level, &import.module) else {
            let name = import.name.as_ref().map(|name| format!(".{name}")).unwrap_or_default();
            let path = format!("{}{name}", import.module);
            return if import.level > 0 { Inferred::Unknown } else { Inferred::External(path) };
        };
        let module = self.open(located);
        match &import.name {
            Some(name) => self.resolve_attribute(root, module, name, hops - 1),
            None => module,
        }
    }

    fn open(&self, located: Located) -> Inferred {
        match located {
            Located::File(file) => self.project.source(&file).map_or(Inferred::Unknown, Inferred::Module),
            Located::Folder(folder) => Inferred::Folder(folder),
        }
    }

    pub(super) fn resolve_attribute(&self, root: &Path, of: Inferred, name: &str, hops: usize) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        match of {
            Inferred::External(path) | Inferred::UnknownCall(path, _) => {
                let path = format!("{path}.{name}");
                match frameworks::app_by_name(&path) {
                    Some((framework, interface)) => Inferred::App(AppKind::of(framework, interface)),
                    None => Inferred::External(path),
                }
            }
            // A method of a server can give an app: `FastMCP("x").http_app()`.
            Inferred::Standalone(framework) => Inferred::External(format!("{}.{name}", framework.package)),
            Inferred::Holder(framework) => match framework.gives {
                Gives::Holder(attribute, interface, _) if attribute == name => {
                    Inferred::App(AppKind::of(framework, interface))
                }
                _ => Inferred::Unknown,
            },
            Inferred::App(kind) => attribute_of_app(kind, name),
            Inferred::Module(module) => {
                let inside = Frame { source: &module, root, function: None };
                match self.resolve_name(inside, name, usize::MAX, hops - 1) {
                    Inferred::Unknown if is_package(&module.path) => self.submodule(module.folder(), name),
                    value => value,
                }
            }
            Inferred::Folder(folder) => self.submodule(&folder, name),
            Inferred::Instance(source, class) => self.resolve_kept(&source, root, &class, name, hops - 1),
            Inferred::Function(..)
            | Inferred::Class(..)
            | Inferred::Coroutine(_)
            | Inferred::Data
            | Inferred::Unknown => Inferred::Unknown,
        }
    }

    fn submodule(&self, folder: &Path, name: &str) -> Inferred {
        self.project.submodule(folder, name).map_or(Inferred::Unknown, |located| self.open(located))
    }

    /// What the methods of a class keep under a name, `self.app = Flask(__name__)`; or a method of it.
    fn resolve_kept(&self, source: &Rc<SourceFile>, root: &Path, class: &Class, name: &str, hops: usize) -> Inferred {
        let kept_name = format!("self.{name}");
        let kept = class.methods.iter().flat_map(|(method, function)| {
            let at = Frame { source, root, function: Some(function) };
            let assigned = function.scope.named(&kept_name).map(move |(place, binding)| match &binding.bound {
                Bound::Value(value) => self.resolve_value(at, value, place, hops),
                _ => Inferred::Unknown,
            });
            let itself = (method == name).then(|| Inferred::Function(Rc::clone(source), Rc::clone(function)));
            assigned.chain(itself)
        });
        Inferred::most_telling(kept)
    }
}

/// What an attribute of an app is: the WSGI or ASGI side of it, as far as a framework has one under that name.
fn attribute_of_app(kind: AppKind, name: &str) -> Inferred {
    if let Some(inside) = frameworks::app_inside(kind.framework, name) {
        return Inferred::App(AppKind { interface: inside, is_wrapper: false, ..kind });
    }
    if let Some(package) = frameworks::package_of_app(kind.framework) {
        return Inferred::External(format!("{package}.{name}"));
    }
    match name {
        "wsgi_app" | "asgi_app" => Inferred::App(kind),
        _ => Inferred::Unknown,
    }
}
