//! The web app objects of a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::detect::frameworks::{Framework, Gives};
use crate::detect::infer::{AppKind, Inference, Inferred, interface_of_signature};
use crate::detect::names::{FACTORIES, OBJECTS, WRAPPED_OBJECTS};
use crate::detect::project::SourceFile;
use crate::model::Interface;
use crate::python::source::{Bound, Module, Place};

/// A web app object in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::detect) struct AppObject {
    /// `app`, `create_app()`; without parentheses for a coroutine function, which aiohttp's worker calls itself.
    pub name: String,
    /// What it is.
    pub kind: AppKind,
    /// Is it bound here by an import only?
    pub is_imported: bool,
    /// Must it be called to get the app?
    pub is_factory: bool,
}

impl AppObject {
    /// "binds `app` (Flask)", "makes an app with `create_app()` (Flask)".
    pub(in crate::detect) fn described(&self) -> String {
        let verb = if self.is_factory { "makes an app with" } else { "binds" };
        format!("{verb} `{}` ({})", self.name, self.kind.framework)
    }
}

/// The web app objects of a file, the best first; `served` are the names that the file itself hands to a server.
pub(super) fn app_objects(
    inference: &Inference,
    source: &Rc<SourceFile>,
    root: &Path,
    served: &[String],
) -> Vec<AppObject> {
    let mut objects = find_objects(inference, source, root, served);
    objects.sort_by_cached_key(|object| {
        let is_served = served.iter().any(|served| served == object.name.trim_end_matches("()"));
        let is_holder = matches!(inference.name(source, root, &object.name), Inferred::Holder(_));
        let rank = if object.is_factory {
            FACTORIES.rank(object.name.trim_end_matches("()"))
        } else {
            OBJECTS.rank(&object.name)
        };
        (object.is_factory, is_holder, !(is_served && object.kind.interface == Interface::Asgi), rank, !is_served)
    });
    objects
}

/// The web app objects under names that apps have; only if there is none, those under any other name, and only if
/// there is none either, what `from x import *` brings in.
fn find_objects(inference: &Inference, source: &Rc<SourceFile>, root: &Path, served: &[String]) -> Vec<AppObject> {
    let is_served = |name: &str| served.iter().any(|served| served == name);
    let is_likely = |name: &str| OBJECTS.has(name) || name.contains("app") || is_served(name);
    let (likely, others): (Vec<&str>, Vec<&str>) =
        public_names(&source.module).into_iter().partition(|name| is_likely(name));
    let find = |name: &str| {
        let mut bindings = source.module.scope.named(name);
        let is_imported = bindings.all(|(_, binding)| matches!(binding.bound, Bound::Import(_)));
        let may_be_factory = || !is_imported || FACTORIES.has(name) || is_served(name) || source.is_named_in_commands();
        let is_followed = !is_imported || is_likely(name);
        let value = is_followed.then(|| inference.name(source, root, name))?;
        match app_object(inference, source, name, &value) {
            None if may_be_factory() => factory(inference, source, root, name, &value),
            found => found,
        }
        .map(|object| AppObject { is_imported, ..object })
    };
    let mut objects: Vec<_> = likely.into_iter().filter_map(find).collect();
    if objects.iter().all(|object| object.is_factory) {
        objects.extend(others.into_iter().filter_map(find));
    }
    if objects.is_empty() {
        objects.extend(object_through_star(inference, source, root));
    }
    objects
}

/// The names that a module binds on import, in the order of their last bindings.
fn public_names(module: &Module) -> Vec<&str> {
    let mut last = BTreeMap::new();
    for (place, binding) in module.scope.bindings.iter().enumerate() {
        let is_public = !binding.name.starts_with('_') || OBJECTS.has(&binding.name);
        if binding.place == Place::Import && is_public {
            last.insert(binding.name.as_str(), place);
        }
    }
    let mut names: Vec<_> = last.into_iter().collect();
    names.sort_unstable_by_key(|(_, place)| *place);
    names.into_iter().map(|(name, _)| name).collect()
}

/// The web app that a name is.
fn app_object(inference: &Inference, source: &SourceFile, name: &str, value: &Inferred) -> Option<AppObject> {
    let kind = match value {
        Inferred::App(kind) => *kind,
        Inferred::Holder(framework) => callable_holder(inference, source.folder(), framework)?,
        Inferred::UnknownCall(_, Some(kind)) if WRAPPED_OBJECTS.has(name) => AppKind { is_wrapper: true, ..*kind },
        // Only under a telling name: middleware has such functions too.
        Inferred::Function(_, function) if OBJECTS.has(name) || name.ends_with("app") => {
            AppKind::bare(interface_of_signature(function)?)
        }
        _ => return None,
    };
    Some(AppObject { name: name.to_owned(), kind, is_imported: false, is_factory: false })
}

/// The web app that a function or class of the app makes, if it can be called without arguments.
fn factory(
    inference: &Inference,
    source: &Rc<SourceFile>,
    root: &Path,
    name: &str,
    value: &Inferred,
) -> Option<AppObject> {
    let is_callable = match value {
        Inferred::Function(_, function) => function.required == 0 && interface_of_signature(function).is_none(),
        // What a class without `__init__` takes is its framework's business.
        Inferred::Class(_, class) => {
            class.methods.iter().any(|(method, function)| method == "__init__" && function.required == 0)
        }
        _ => false,
    };
    let (name, kind) = match is_callable.then(|| inference.call(source, root, value))? {
        Inferred::App(kind) => (format!("{name}()"), kind),
        // The worker class calls it itself.
        Inferred::Coroutine(Some(kind)) if kind.interface == Interface::Aiohttp => (name.to_owned(), kind),
        _ => return None,
    };
    Some(AppObject { name, kind, is_imported: false, is_factory: true })
}

/// What holds an app as an attribute, and is one itself in the release that is asked for.
fn callable_holder(inference: &Inference, folder: &Path, framework: &'static Framework) -> Option<AppKind> {
    let Gives::Holder(_, interface, Some(release)) = framework.gives else { return None };
    let is_callable = !inference.project.is_required_before(folder, framework.package, release);
    is_callable.then_some(AppKind { framework: framework.name, interface, is_wrapper: false })
}

/// The app that `from x import *` brings in.
fn object_through_star(inference: &Inference, source: &Rc<SourceFile>, root: &Path) -> Option<AppObject> {
    if source.module.scope.stars.is_empty() {
        return None;
    }
    ["app", "application"].into_iter().find_map(|name| match inference.name(source, root, name) {
        Inferred::App(kind) => Some(AppObject { name: name.to_owned(), kind, is_imported: true, is_factory: false }),
        _ => None,
    })
}
