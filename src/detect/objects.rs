//! Which object of a file is the web app, if any; and if none, what the file is instead.

use std::path::Path;
use std::rc::Rc;

use super::frameworks::{Framework, Gives};
use super::names::{FACTORIES, OBJECTS, WRAPPED_OBJECTS};
use super::starts::started;
use super::thing::{Kind, Thing, raw, raw_interface};
use super::workspace::{Source, Workspace};
use crate::python::source::{Bound, Place};

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

impl Workspace<'_> {
    /// The web app objects under names that apps have; only if there is none, those under any other name, and
    /// only if there is none either, what `from x import *` brings in.
    pub(super) fn objects(&self, source: &Rc<Source>, base: &Path) -> Vec<Object> {
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
}
