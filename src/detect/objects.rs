//! Which object of a file is the web app, if any; and if none, what the file is instead.

use std::path::Path;
use std::rc::Rc;

use super::frameworks::{self, Framework, Gives};
use super::meaning::{Kind, Thing, raw, raw_interface};
use super::names::{FACTORIES, OBJECTS, WRAPPED_OBJECTS, rank};
use super::workspace::{Source, Workspace, is_package};
use crate::app::Interface;
use crate::python::{Binding, Bound, Import, Module, Place, Value};

/// A web app object in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// `app`, or `create_app()`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Is it bound here by an import only?
    pub is_imported: bool,
}

impl Object {
    /// Must it be called to get the app?
    pub(super) fn is_factory(&self) -> bool {
        self.name.ends_with("()")
    }
}

/// What a file was found to hold.
pub(super) struct Exam {
    /// The file.
    pub source: Rc<Source>,
    /// Its web app objects, the best first.
    pub objects: Vec<Object>,
    /// A name of which nobody can tell whether it is the app.
    pub doubt: Option<Object>,
    /// Does the file itself start the best object (`app.run()`)?
    pub runs: bool,
    /// Does something with a server of its own start on import, so that importing the file never ends?
    pub blocks: bool,
    /// Is the web app itself started on import, as the development server?
    pub runs_on_import: bool,
    /// What runs in a server of its own.
    pub own: Option<&'static Framework>,
    /// Why there is no app in it; for people.
    pub reason: String,
}

impl Workspace<'_> {
    /// Examines a file as a module of the path that starts at `base`; `None` when no more files may be read.
    pub(super) fn examine(&self, file: &Path, base: &Path) -> Option<Exam> {
        let source = self.source(file)?;
        self.reset_steps();
        let mut objects = self.objects(&source, base);
        let started = started(&source, base);
        objects.sort_by_key(|object| {
            let is_named = started.contains(&object.name);
            let is_holder = matches!(self.meaning(&source, base, &object.name), Thing::Holder(_));
            let name_rank = if object.is_factory() {
                rank(FACTORIES, object.name.trim_end_matches("()"))
            } else {
                rank(OBJECTS, &object.name)
            };
            (
                object.is_factory(),
                is_holder,
                !(is_named && object.kind.interface == Interface::Asgi),
                name_rank,
                !is_named,
            )
        });
        let runs = objects.first().is_some_and(|object| started.contains(&object.name)) || !started.is_empty();
        let (own, blocks) = self.own(&source, base, &objects);
        if keeps_a_bot_awake(&source.module) {
            objects.clear();
        }
        let runs_on_import = source.module.scope.calls.iter().any(|call| {
            let receiver = match &call.value {
                Value::Call { callee, .. } => callee.name().and_then(|name| name.strip_suffix(".run")),
                _ => None,
            };
            call.place == Place::Import && objects.iter().any(|object| Some(object.name.as_str()) == receiver)
        });
        let doubt = if objects.is_empty() { self.doubt(&source, base) } else { None };
        let reason = self.reason(&source, base, own);
        Some(Exam { source, objects, doubt, runs, blocks, runs_on_import, own, reason })
    }

    /// The web app objects under names that apps have; only if there is none, those under any other name, and
    /// only if there is none either, what `from x import *` brings in.
    fn objects(&self, source: &Rc<Source>, base: &Path) -> Vec<Object> {
        let bindings = &source.module.scope.bindings;
        let started = started(source, base);
        let mut names: Vec<&str> = Vec::new();
        for binding in bindings.iter().filter(|binding| binding.place == Place::Import) {
            if !binding.name.starts_with('_') || OBJECTS.contains(&binding.name.as_str()) {
                names.retain(|name| *name != binding.name);
                names.push(&binding.name);
            }
        }
        let is_likely = |name: &str| {
            OBJECTS.contains(&name) || name.contains("app") || started.iter().any(|started| started == name)
        };
        let (likely, others): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| is_likely(name));
        let find = |name: &str| {
            let mut bound = bindings.iter().filter(|binding| binding.name == name);
            let is_imported = bound.all(|binding| matches!(binding.bound, Bound::Import(_)));
            let is_followed = !is_imported || is_likely(name);
            is_followed.then(|| self.object(source, base, name, is_imported)).flatten()
        };
        let mut objects: Vec<_> = likely.into_iter().filter_map(find).collect();
        if objects.iter().all(Object::is_factory) {
            objects.extend(others.into_iter().filter_map(find));
        }
        if objects.is_empty() {
            objects.extend(self.through_star(source, base));
        }
        objects
    }

    /// The web app that a name is, or makes.
    fn object(&self, source: &Rc<Source>, base: &Path, name: &str, is_imported: bool) -> Option<Object> {
        let found = |name: &str, kind| Some(Object { name: name.to_owned(), kind, is_imported });
        match self.meaning(source, base, name) {
            Thing::App(kind) => found(name, kind),
            Thing::Holder(framework) => found(name, self.callable_holder(framework)?),
            Thing::Made(_, Some(kind)) if WRAPPED_OBJECTS.contains(&name) => {
                found(name, Kind { is_wrapper: true, ..kind })
            }
            ref thing @ Thing::Function(_, ref function) => {
                if let Some(interface) = raw_interface(function) {
                    // Only under a telling name: middleware has such functions too.
                    let is_named = OBJECTS.contains(&name) || name.ends_with("app");
                    return is_named.then(|| found(name, raw(interface))).flatten();
                }
                let is_factory = function.required == 0 && (!is_imported || FACTORIES.contains(&name));
                match is_factory.then(|| self.result(base, thing)) {
                    Some(Thing::App(kind)) => found(&format!("{name}()"), kind),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What holds an app as an attribute, and is one itself in the release that is asked for.
    fn callable_holder(&self, framework: &'static Framework) -> Option<Kind> {
        let Gives::Holder(_, interface, Some(release)) = framework.gives else { return None };
        let is_callable = !self.is_required_before(framework.package, release);
        is_callable.then_some(Kind { framework: framework.name, interface, is_wrapper: false })
    }

    /// The app that `from x import *` brings in.
    fn through_star(&self, source: &Rc<Source>, base: &Path) -> Option<Object> {
        if source.module.scope.stars.is_empty() {
            return None;
        }
        ["app", "application"].into_iter().find_map(|name| match self.meaning(source, base, name) {
            Thing::App(kind) => Some(Object { name: name.to_owned(), kind, is_imported: true }),
            _ => None,
        })
    }

    /// What runs in a server of its own, and whether it does so on import.
    fn own(&self, source: &Rc<Source>, base: &Path, objects: &[Object]) -> (Option<&'static Framework>, bool) {
        let module = &source.module;
        let mut blocks = false;
        for call in module.scope.calls.iter().filter(|call| call.place == Place::Import) {
            let Value::Call { callee, .. } = &call.value else { continue };
            let receiver = match &**callee {
                Value::Name(path) => path.rsplit_once('.').map(|(of, name)| (Value::Name(of.to_owned()), name)),
                Value::Attribute { of, name } => Some(((**of).clone(), name.as_str())),
                _ => None,
            };
            if let Some((
                of,
                "run" | "run_polling" | "infinity_polling" | "polling" | "mainloop" | "run_until_disconnected",
            )) = receiver
            {
                blocks |= matches!(self.value_meaning(source, base, &of), Thing::Own(_));
            }
        }
        if !objects.is_empty() && !blocks {
            return (None, false);
        }
        let packages = module.imports.iter().filter(|import| import.level == 0 && import.place == Place::Import);
        let own = packages.filter_map(|import| {
            frameworks::own_package(import.package()).filter(|framework| {
                framework.makers.is_empty()
                    || import.names.iter().any(|name| framework.makers.contains(&name.as_str()))
                    || self.calls_maker(source, base, framework)
            })
        });
        (own.min_by_key(|framework| !framework.makers.is_empty()), blocks)
    }

    fn calls_maker(&self, source: &Rc<Source>, base: &Path, framework: &Framework) -> bool {
        let bindings = source.module.scope.bindings.iter();
        bindings.filter(|binding| matches!(binding.bound, Bound::Value(_))).any(|binding| {
            matches!(self.meaning(source, base, &binding.name), Thing::Own(own) if std::ptr::eq(own, framework))
        })
    }

    /// The documented name, when nothing in the file says whether it is an app.
    fn doubt(&self, source: &Rc<Source>, base: &Path) -> Option<Object> {
        let module = &source.module;
        let doubtful =
            |name: &str| Some(Object { name: name.to_owned(), kind: raw(Interface::Wsgi), is_imported: false });
        for name in ["app", "application"].into_iter().filter(|name| module.binds(name)) {
            match self.meaning(source, base, name) {
                Thing::Unknown | Thing::Made(..) | Thing::External(_) => return doubtful(name),
                _ => {}
            }
        }
        let binds_any = |name: &&str| module.binds(name);
        if ["app", "application"].iter().any(binds_any) || module.empty {
            return None;
        }
        let is_hidden = source.error.is_some() || (module.broken && module.scope.bindings.is_empty());
        let is_star = module.scope.stars.iter().any(|star| self.is_dark(source, base, star));
        if is_hidden || is_star { doubtful("app") } else { None }
    }

    /// Can nobody tell what `from x import *` brings in?
    fn is_dark(&self, source: &Source, base: &Path, star: &Import) -> bool {
        match self.import(source, base, star, 8) {
            Thing::External(package) => !frameworks::is_known_package(&package),
            Thing::Module(module) => module.error.is_some() || module.module.broken,
            _ => true,
        }
    }

    /// Why there is no app in a file, as the end of a sentence that begins with the file.
    fn reason(&self, source: &Rc<Source>, base: &Path, own: Option<&Framework>) -> String {
        let module = &source.module;
        if let Some(error) = &source.error {
            return format!("cannot be read: {error}");
        }
        if keeps_a_bot_awake(module) {
            return "only keeps a bot awake".to_owned();
        }
        if module.empty {
            return if is_package(&source.file) { "is empty".to_owned() } else { "holds no statement".to_owned() };
        }
        for name in ["app", "application", "server"].into_iter().filter(|name| module.binds(name)) {
            match self.meaning(source, base, name) {
                Thing::Own(framework) => return format!("`{name}` is {}", framework.described()),
                Thing::Holder(framework) => {
                    return format!("`{name}` is {}, whose server is bound to no name", framework.described());
                }
                Thing::Instance(..) => return format!("`{name}` is an instance of a class that is no web app"),
                Thing::Class(..) => return format!("`{name}` is a class"),
                Thing::Plain => return format!("`{name}` is a plain value"),
                Thing::Module(_) | Thing::Folder(_) => return format!("`{name}` is a module"),
                Thing::Function(_, function) if function.required > 0 => {
                    return format!("`{name}` is a function that needs {} arguments", function.required);
                }
                _ => {}
            }
        }
        if let Some(framework) = own {
            return format!("is {}", framework.described());
        }
        let factory = module.scope.bindings.iter().find_map(|binding| match &binding.bound {
            Bound::Function(function) if function.required > 0 => {
                let thing = Thing::Function(Rc::clone(source), Rc::clone(function));
                matches!(self.result(base, &thing), Thing::App(_)).then_some((&binding.name, &function.parameters[0]))
            }
            _ => None,
        });
        if let Some((factory, parameter)) = factory {
            return format!("`{factory}` makes an app but cannot be called without `{parameter}`");
        }
        let main = module
            .scope
            .bindings
            .iter()
            .find(|binding| binding.place == Place::Main && OBJECTS.contains(&binding.name.as_str()));
        if let Some(binding) = main {
            return format!("binds `{}` only when it is run as a script", binding.name);
        }
        "binds no web app".to_owned()
    }

    /// Does a framework in the table hold its app as an attribute that is bound to no name here?
    pub(super) fn unbound_holder(&self, source: &Rc<Source>, base: &Path) -> Option<(String, &'static str)> {
        let bindings = source.module.scope.bindings.iter().filter(|binding| binding.place == Place::Import);
        bindings.filter(|binding| matches!(binding.bound, Bound::Value(_))).find_map(|binding| {
            match self.meaning(source, base, &binding.name) {
                Thing::Holder(framework) => match framework.gives {
                    Gives::Holder(attribute, ..) => Some((binding.name.clone(), attribute)),
                    _ => None,
                },
                _ => None,
            }
        })
    }
}

/// The names that the file itself hands to a server: `app.run()`, `uvicorn.run(app)`, `uvicorn.run("main:app")`,
/// `serve(app)`, `socketio.run(app)`.
fn started(source: &Source, base: &Path) -> Vec<String> {
    let own_name = super::workspace::dotted(base, &source.file).unwrap_or_default();
    let mut names = Vec::new();
    let functions = source.module.scope.bindings.iter().filter_map(|binding| match &binding.bound {
        Bound::Function(function) => Some(&function.scope.calls),
        _ => None,
    });
    for call in source.module.scope.calls.iter().chain(functions.flatten()) {
        let Value::Call { callee, arguments, .. } = &call.value else { continue };
        let Value::Name(path) = &**callee else { continue };
        let method = path.rsplit('.').next().unwrap_or_default();
        if !matches!(method, "run" | "serve" | "run_simple" | "run_server" | "launch" | "WSGIServer" | "Server") {
            continue;
        }
        match path.rsplit_once('.') {
            Some((object, "run" | "run_server")) if !object.contains('.') => names.push(object.to_owned()),
            _ => {}
        }
        for argument in arguments {
            match argument {
                Value::Name(name) => names.push(name.clone()),
                Value::String(target) => {
                    let target = target.split_once(':');
                    if let Some((module, object)) = target
                        && (module == own_name || own_name.ends_with(&format!(".{module}")))
                    {
                        names.push(object.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    names
}

/// The module and object that a file hands to a server as text: `uvicorn.run("app.main:app")`.
pub(super) fn named_target(source: &Source) -> Option<(String, String)> {
    let functions = source.module.scope.bindings.iter().filter_map(|binding| match &binding.bound {
        Bound::Function(function) => Some(&function.scope.calls),
        _ => None,
    });
    source.module.scope.calls.iter().chain(functions.flatten()).find_map(|call| {
        let Value::Call { callee, arguments, keywords } = &call.value else { return None };
        let path = callee.name()?;
        let is_server = path.ends_with("run") || path.ends_with("Granian") || path.ends_with("Config");
        let app = keywords.iter().find(|(name, _)| matches!(name.as_str(), "app" | "target"));
        let target = arguments.first().or(app.map(|(_, value)| value));
        let Some(Value::String(target)) = target.filter(|_| is_server) else { return None };
        let (module, object) = target.split_once(':')?;
        let is_factory = keywords.iter().any(|(name, value)| name == "factory" && *value == Value::Bool(true));
        let call = if is_factory && !object.ends_with(')') { "()" } else { "" };
        let is_path = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
        (is_path(module) && !module.is_empty()).then(|| (module.to_owned(), format!("{object}{call}")))
    })
}

/// Is the app only there so that the host does not put a bot to sleep? Such files are copied from each other, and all
/// define `keep_alive()`.
fn keeps_a_bot_awake(module: &Module) -> bool {
    let is_it = |binding: &Binding| binding.name == "keep_alive" && matches!(binding.bound, Bound::Function(_));
    module.scope.bindings.iter().any(is_it)
}
