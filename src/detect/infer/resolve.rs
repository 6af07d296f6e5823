//! Follows names, attributes, imports and calls through the files of the app to what they are.
//!
//! `before` is a place among the bindings of a scope: only what is bound before it counts. `hops` is how many names may
//! still be followed.

use std::path::Path;
use std::rc::Rc;

use super::Inference;
use super::call::{call_external, interface_of_instances, takes_anything};
use super::value::{AppKind, Inferred};
use crate::detect::frameworks::{self, Framework, Gives};
use crate::detect::limits;
use crate::detect::project::SourceFile;
use crate::detect::project::locate::{Located, is_package};
use crate::python::source::{Bound, Class, Function, Import, Place, Scope, Value};

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    /// The file.
    pub source: &'f Rc<SourceFile>,
    /// The import root.
    pub root: &'f Path,
    /// The function, if it is in one.
    pub function: Option<&'f Function>,
}

impl Inference<'_> {
    pub(super) fn resolve_value(&self, at: Frame<'_>, value: &Value, before: usize, hops: usize) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        let hops = hops - 1;
        match value {
            Value::Name(path) => {
                if let Some(function) = at.function.filter(|_| path.starts_with("self.")) {
                    return self.resolve_bindings(at, &function.scope, path, before, hops);
                }
                let mut parts = path.split('.');
                let first = self.resolve_name(at, parts.next().unwrap_or_default(), before, hops);
                parts.fold(first, |of, name| self.resolve_attribute(at.root, of, name, hops))
            }
            Value::Attribute { of, name } => {
                let of = self.resolve_value(at, of, before, hops);
                self.resolve_attribute(at.root, of, name, hops)
            }
            Value::Call { callee, arguments, keywords } => {
                let callee = self.resolve_value(at, callee, before, hops);
                if let Some(result) = self.resolve_run(at, &callee, arguments, before, hops) {
                    return result;
                }
                let takes_app = matches!(callee, Inferred::External(_) | Inferred::Function(..) | Inferred::Class(..));
                let mut values = arguments.iter().chain(keywords.iter().map(|(_, value)| value));
                let inner =
                    takes_app.then(|| values.find_map(|argument| self.app_in(at, argument, before, hops))).flatten();
                match self.resolve_call(at, &callee, inner, hops) {
                    // In a coroutine another one is awaited.
                    Inferred::Coroutine(result) if at.function.is_some_and(|function| function.is_async) => {
                        result.map_or(Inferred::Unknown, Inferred::App)
                    }
                    value => value,
                }
            }
            Value::Item { of, index } => match (self.resolve_value(at, of, before, hops), &**of) {
                // `app, rt = fast_app()`: the first is the app.
                (app @ Inferred::App(_), Value::Call { .. }) if *index == 0 => app,
                (_, Value::Tuple(items)) => {
                    let item = items.get(*index);
                    item.map_or(Inferred::Unknown, |item| self.resolve_value(at, item, before, hops))
                }
                _ => Inferred::Unknown,
            },
            Value::Either(values) => {
                Inferred::most_telling(values.iter().map(|value| self.resolve_value(at, value, before, hops)))
            }
            Value::Tuple(items) => match items.first().map(|item| self.resolve_value(at, item, before, hops)) {
                // `return app, socketio`: kept, so that the first item can be taken.
                Some(app @ Inferred::App(_)) => app,
                _ => Inferred::Data,
            },
            Value::String(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Nothing
            | Value::Join(..)
            | Value::Entry { .. }
            | Value::Other => Inferred::Data,
        }
    }

    /// What running a coroutine to its end gives: `asyncio.run(create_app())`, `loop.run_until_complete(create_app())`.
    fn resolve_run(
        &self,
        at: Frame<'_>,
        callee: &Inferred,
        arguments: &[Value],
        before: usize,
        hops: usize,
    ) -> Option<Inferred> {
        let Inferred::External(path) = callee else { return None };
        if path != "asyncio.run" && !path.ends_with(".run_until_complete") {
            return None;
        }
        match self.resolve_value(at, arguments.first()?, before, hops) {
            Inferred::Coroutine(Some(kind)) => Some(Inferred::App(kind)),
            _ => None,
        }
    }

    /// The app that is handed to a call, if this argument is one.
    fn app_in(&self, at: Frame<'_>, argument: &Value, before: usize, hops: usize) -> Option<AppKind> {
        if !matches!(argument, Value::Name(_) | Value::Call { .. } | Value::Attribute { .. }) {
            return None;
        }
        match self.resolve_value(at, argument, before, hops) {
            Inferred::App(kind) => Some(kind),
            _ => None,
        }
    }

    pub(super) fn resolve_name(&self, at: Frame<'_>, name: &str, before: usize, hops: usize) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        if let Some(function) = at.function {
            if function.scope.named(name).next().is_some() {
                return self.resolve_bindings(at, &function.scope, name, before, hops);
            }
            if function.parameters.iter().any(|parameter| parameter == name) {
                return Inferred::Unknown;
            }
            let outside = Frame { function: None, ..at };
            return self.resolve_name(outside, name, usize::MAX, hops);
        }
        if before < usize::MAX {
            return self.resolve_global(at, name, before, hops);
        }
        self.remember(at.source, at.root, name, || self.resolve_global(at, name, before, hops))
    }

    fn resolve_global(&self, at: Frame<'_>, name: &str, before: usize, hops: usize) -> Inferred {
        let scope = &at.source.module.scope;
        if scope.named(name).next().is_some() {
            self.resolve_bindings(at, scope, name, before, hops)
        } else {
            self.resolve_through_star(at, scope, name, hops)
        }
    }

    /// What the last binding of a name before a place gives; when there are several (`try`, `if`), the one that tells
    /// most.
    fn resolve_bindings(&self, at: Frame<'_>, scope: &Scope, name: &str, before: usize, hops: usize) -> Inferred {
        let bindings = scope.named(name).rev().skip_while(|(place, _)| *place >= before);
        let bindings = bindings.filter(|(_, binding)| binding.place != Place::Main).take(limits::ASSIGNMENTS);
        Inferred::most_telling(bindings.map(|(place, binding)| match &binding.bound {
            Bound::Value(value) => self.resolve_value(at, value, place, hops - 1),
            Bound::Function(function) => Inferred::Function(Rc::clone(at.source), Rc::clone(function)),
            Bound::Class(class) => Inferred::Class(Rc::clone(at.source), Rc::clone(class)),
            Bound::Import(import) => self.resolve_import(at.source, at.root, import, hops - 1),
        }))
    }

    /// A name that only `from x import *` can have bound.
    fn resolve_through_star(&self, at: Frame<'_>, scope: &Scope, name: &str, hops: usize) -> Inferred {
        for star in scope.stars.iter().rev() {
            match self.resolve_import(at.source, at.root, star, hops - 1) {
                Inferred::Module(module) if module.path != at.source.path => {
                    let inside = Frame { source: &module, root: at.root, function: None };
                    let value = self.resolve_name(inside, name, usize::MAX, hops - 1);
                    if !matches!(value, Inferred::Unknown) {
                        return value;
                    }
                }
                Inferred::External(package) => {
                    let path = format!("{package}.{name}");
                    // Of a package in which every name counts, classes do: `class App(Tk)`.
                    let is_specific =
                        |framework: &Framework| !framework.makers.is_empty() || name.starts_with(char::is_uppercase);
                    if frameworks::maker(&path).is_some_and(is_specific) {
                        return Inferred::External(path);
                    }
                }
                _ => {}
            }
        }
        Inferred::Unknown
    }

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

    fn resolve_attribute(&self, root: &Path, of: Inferred, name: &str, hops: usize) -> Inferred {
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

    /// What a call gives that stands at a place.
    pub(super) fn resolve_call(
        &self,
        at: Frame<'_>,
        callee: &Inferred,
        inner: Option<AppKind>,
        hops: usize,
    ) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        match callee {
            Inferred::External(path) => call_external(&self.project, at.source.folder(), path, inner),
            Inferred::Function(_, function) if function.is_generator => Inferred::Unknown,
            Inferred::Function(source, function) => {
                let result = self.resolve_result(source, at.root, function, hops);
                match (result, inner) {
                    (Inferred::App(kind), _) if function.is_async => Inferred::Coroutine(Some(kind)),
                    _ if function.is_async => Inferred::Coroutine(None),
                    // `return wrap(app)` with the app as an argument.
                    (Inferred::Unknown, Some(kind)) => Inferred::UnknownCall(String::new(), Some(kind.wrapped())),
                    (value, _) => value,
                }
            }
            Inferred::Class(source, class) => match (self.resolve_instance(source, at.root, class, hops), inner) {
                // Around an app, `__call__(self, *args)` can only pass the call on.
                (Inferred::Instance(..), Some(kind)) if takes_anything(class) => Inferred::App(kind.wrapped()),
                (value, _) => value,
            },
            _ => Inferred::Unknown,
        }
    }

    /// What a function of the app returns, by its `return` statements and its annotation.
    fn resolve_result(&self, source: &Rc<SourceFile>, root: &Path, function: &Function, hops: usize) -> Inferred {
        let inside = Frame { source, root, function: Some(function) };
        let returned = function.scope.returns.iter();
        let returned = returned.map(|value| self.resolve_value(inside, value, usize::MAX, hops - 1));
        let annotated = function.annotation.iter().map(|annotation| {
            let at = Frame { function: None, ..inside };
            match self.resolve_value(at, annotation, usize::MAX, hops - 1) {
                class @ (Inferred::External(_) | Inferred::Class(..)) => self.resolve_call(at, &class, None, hops - 1),
                _ => Inferred::Unknown,
            }
        });
        Inferred::most_telling(returned.chain(annotated))
    }

    /// What an instance of a class of the app is: what its `__call__` takes, or what its base class makes it.
    fn resolve_instance(&self, source: &Rc<SourceFile>, root: &Path, class: &Rc<Class>, hops: usize) -> Inferred {
        if let Some(interface) = interface_of_instances(class) {
            return Inferred::App(AppKind::bare(interface));
        }
        let at = Frame { source, root, function: None };
        let bases = class.bases.iter().map(|parent| {
            let parent = self.resolve_value(at, parent, usize::MAX, hops - 1);
            self.resolve_call(at, &parent, None, hops - 1)
        });
        match Inferred::most_telling(bases) {
            Inferred::Unknown | Inferred::Data => Inferred::Instance(Rc::clone(source), Rc::clone(class)),
            value => value,
        }
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
