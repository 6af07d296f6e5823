//! What a file was found to hold.

use std::path::Path;
use std::rc::Rc;

use super::frameworks::{self, Framework, Gives};
use super::names::{FACTORIES, OBJECTS, rank};
use super::objects::Object;
use super::reasons::keeps_a_bot_awake;
use super::starts::started;
use super::thing::{Thing, raw};
use super::workspace::{Source, Workspace};
use crate::model::Interface;
use crate::python::source::{Bound, Import, Place, Value};

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
