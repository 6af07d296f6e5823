//! What a name of the app means: is it a web app, what makes one, or something else?

use std::path::Path;
use std::rc::Rc;

use super::frameworks::{self, Framework, Gives};
use super::search_path;
use super::thing::{CHERRYPY, CONNEXION_INSIDE, Frame, Kind, Thing, best, plain};
use super::workspace::{Located, Source, Workspace};
use crate::python::source::{Bound, Import, Place, Scope, Value};

/// How many hops from name to name are followed.
const MAX_HOPS: usize = 24;

impl Workspace<'_> {
    /// What a name of a file is when the file is imported from `base`.
    pub(super) fn meaning(&self, source: &Rc<Source>, base: &Path, name: &str) -> Thing {
        self.lookup(Frame { source, base, function: None }, name, usize::MAX, MAX_HOPS)
    }

    /// What a value in a file is.
    pub(super) fn value_meaning(&self, source: &Rc<Source>, base: &Path, value: &Value) -> Thing {
        self.value(Frame { source, base, function: None }, value, usize::MAX, MAX_HOPS)
    }

    /// What calling something without arguments gives.
    pub(super) fn result(&self, base: &Path, thing: &Thing) -> Thing {
        self.call(base, thing, None, MAX_HOPS)
    }

    pub(super) fn value(&self, at: Frame<'_>, value: &Value, before: usize, hops: usize) -> Thing {
        if hops == 0 || !self.step() {
            return Thing::Unknown;
        }
        let hops = hops - 1;
        match value {
            Value::Name(path) => {
                if let Some(function) = at.function.filter(|_| path.starts_with("self.")) {
                    return self.bound(at, &function.scope, path, before, hops);
                }
                let mut parts = path.split('.');
                let head = self.lookup(at, parts.next().unwrap_or_default(), before, hops);
                parts.fold(head, |thing, name| self.attribute(at.base, thing, name, hops))
            }
            Value::Attribute { of, name } => {
                let of = self.value(at, of, before, hops);
                self.attribute(at.base, of, name, hops)
            }
            Value::Call { callee, arguments, keywords } => {
                let callee = self.value(at, callee, before, hops);
                let values = arguments.iter().chain(keywords.iter().map(|(_, value)| value));
                let inner = || values.clone().find_map(|argument| self.app_in(at, argument, before, hops));
                match &callee {
                    Thing::External(_) | Thing::Function(..) | Thing::Class(..) => {
                        self.call(at.base, &callee, inner(), hops)
                    }
                    _ => self.call(at.base, &callee, None, hops),
                }
            }
            Value::Item { of, index } => match (self.value(at, of, before, hops), &**of) {
                // `app, rt = fast_app()`: the first is the app.
                (app @ Thing::App(_), Value::Call { .. }) if *index == 0 => app,
                (_, Value::Tuple(items)) => {
                    items.get(*index).map_or(Thing::Unknown, |item| self.value(at, item, before, hops))
                }
                _ => Thing::Unknown,
            },
            Value::Either(values) => {
                let things = values.iter().map(|value| self.value(at, value, before, hops));
                best(things)
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Nothing | Value::Join(..) | Value::Other => {
                Thing::Plain
            }
            Value::Tuple(items) => match items.first().map(|item| self.value(at, item, before, hops)) {
                // `return app, socketio`: kept, so that the first item can be taken.
                Some(app @ Thing::App(_)) => app,
                _ => Thing::Plain,
            },
        }
    }

    /// The app that is handed to a call, if there is one.
    fn app_in(&self, at: Frame<'_>, argument: &Value, before: usize, hops: usize) -> Option<Kind> {
        if !matches!(argument, Value::Name(_) | Value::Call { .. } | Value::Attribute { .. }) {
            return None;
        }
        match self.value(at, argument, before, hops) {
            Thing::App(kind) => Some(kind),
            _ => None,
        }
    }

    fn lookup(&self, at: Frame<'_>, name: &str, before: usize, hops: usize) -> Thing {
        if hops == 0 || !self.step() {
            return Thing::Unknown;
        }
        if let Some(function) = at.function {
            if function.scope.named(name).next().is_some() {
                return self.bound(at, &function.scope, name, before, hops);
            }
            if function.parameters.iter().any(|parameter| parameter == name) {
                return Thing::Unknown;
            }
            let outside = Frame { function: None, ..at };
            return self.lookup(outside, name, usize::MAX, hops);
        }
        if before < usize::MAX {
            return self.module_name(at, name, before, hops);
        }
        self.remember(at.source, at.base, name, || self.module_name(at, name, before, hops))
    }

    fn module_name(&self, at: Frame<'_>, name: &str, before: usize, hops: usize) -> Thing {
        let scope = &at.source.module.scope;
        if scope.named(name).next().is_some() {
            self.bound(at, scope, name, before, hops)
        } else {
            self.star(at, scope, name, hops)
        }
    }

    /// What the last binding of a name before a place gives; when there are several (`try`, `if`), the one that tells
    /// most.
    fn bound(&self, at: Frame<'_>, scope: &Scope, name: &str, before: usize, hops: usize) -> Thing {
        let bindings = scope.named(name).rev().skip_while(|(place, _)| *place >= before);
        let bindings = bindings.filter(|(_, binding)| binding.place != Place::Main).take(6);
        best(bindings.map(|(index, binding)| match &binding.bound {
            Bound::Value(value) => self.value(at, value, index, hops - 1),
            Bound::Function(function) => Thing::Function(Rc::clone(at.source), Rc::clone(function)),
            Bound::Class(class) => Thing::Class(Rc::clone(at.source), Rc::clone(class)),
            Bound::Import(import) => self.import(at.source, at.base, import, hops - 1),
        }))
    }

    /// A name that only `from x import *` can have bound.
    fn star(&self, at: Frame<'_>, scope: &Scope, name: &str, hops: usize) -> Thing {
        for star in scope.stars.iter().rev() {
            match self.import(at.source, at.base, star, hops - 1) {
                Thing::Module(module) if module.file != at.source.file => {
                    let inside = Frame { source: &module, base: at.base, function: None };
                    let thing = self.lookup(inside, name, usize::MAX, hops - 1);
                    if !matches!(thing, Thing::Unknown) {
                        return thing;
                    }
                }
                Thing::External(package) => {
                    let path = format!("{package}.{name}");
                    // Of a package in which every name counts, classes do: `class App(Tk)`.
                    let is_specific =
                        |framework: &Framework| !framework.makers.is_empty() || name.starts_with(char::is_uppercase);
                    if frameworks::maker(&path).is_some_and(is_specific) {
                        return Thing::External(path);
                    }
                }
                _ => {}
            }
        }
        Thing::Unknown
    }

    /// Follows an import. What is not a module of the app is somebody else's.
    pub(super) fn import(&self, source: &Source, base: &Path, import: &Import, hops: usize) -> Thing {
        if hops == 0 || !self.step() {
            return Thing::Unknown;
        }
        let Some(located) = self.locate_import(source, base, import.level, &import.module) else {
            let name = import.name.as_ref().map(|name| format!(".{name}")).unwrap_or_default();
            return if import.level > 0 { Thing::Unknown } else { Thing::External(format!("{}{name}", import.module)) };
        };
        let module = self.open(located);
        match &import.name {
            Some(name) => self.attribute(base, module, name, hops - 1),
            None => module,
        }
    }

    /// The file that an import statement leads to.
    pub(super) fn locate_import(&self, source: &Source, base: &Path, level: u32, module: &str) -> Option<Located> {
        if level > 0 {
            let up = usize::try_from(level - 1).ok()?;
            let package = source.folder().ancestors().nth(up)?;
            if module.is_empty() && self.folder(package).has("__init__.py") {
                return Some(Located::File(package.join("__init__.py")));
            }
            return self.locate(package, module);
        }
        let located = self.locate(base, module);
        let located =
            located.or_else(|| search_path::added(source, base).iter().find_map(|folder| self.locate(folder, module)));
        // A script finds the modules beside it, wherever it is started from.
        if located.is_none() && source.folder() != base { self.locate(source.folder(), module) } else { located }
    }

    fn open(&self, located: Located) -> Thing {
        match located {
            Located::File(file) => self.source(&file).map_or(Thing::Unknown, Thing::Module),
            Located::Folder(folder) => Thing::Folder(folder),
        }
    }

    fn attribute(&self, base: &Path, of: Thing, name: &str, hops: usize) -> Thing {
        if hops == 0 || !self.step() {
            return Thing::Unknown;
        }
        match of {
            Thing::External(path) | Thing::Made(path, _) => {
                let path = format!("{path}.{name}");
                if path == "cherrypy.tree" { Thing::App(CHERRYPY) } else { Thing::External(path) }
            }
            // A method of a server can give an app: `FastMCP("x").http_app()`.
            Thing::Own(framework) => Thing::External(format!("{}.{name}", framework.package)),
            Thing::Holder(framework) => match framework.gives {
                Gives::Holder(attribute, interface, _) if attribute == name => Thing::App(plain(framework, interface)),
                _ => Thing::Unknown,
            },
            // The Flask app inside: `application = connexion.App(__name__).app`.
            Thing::App(Kind { framework: "Connexion", .. }) if name == "app" => Thing::App(CONNEXION_INSIDE),
            Thing::App(Kind { framework: "CherryPy", .. }) => Thing::External(format!("cherrypy.{name}")),
            Thing::App(kind) if matches!(name, "wsgi_app" | "asgi_app") => Thing::App(kind),
            Thing::Module(module) => {
                let inside = Frame { source: &module, base, function: None };
                match self.lookup(inside, name, usize::MAX, hops - 1) {
                    Thing::Unknown if super::workspace::is_package(&module.file) => {
                        self.submodule(module.folder(), name)
                    }
                    thing => thing,
                }
            }
            Thing::Folder(folder) => self.submodule(&folder, name),
            Thing::Instance(source, class) => self.kept(&source, base, &class, name, hops - 1),
            _ => Thing::Unknown,
        }
    }

    fn submodule(&self, folder: &Path, name: &str) -> Thing {
        self.child(folder, name).map_or(Thing::Unknown, |located| self.open(located))
    }
}
