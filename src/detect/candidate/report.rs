//! What a file was found to hold.

use std::path::Path;
use std::rc::Rc;

use super::objects::{AppObject, app_objects};
use super::rejection::{keeps_a_bot_awake, rejection};
use super::server_calls::{blocking_owners, handed_objects, served_names, serves_on_import};
use crate::detect::frameworks::{self, Framework, Gives};
use crate::detect::infer::{AppKind, Inference, Inferred};
use crate::detect::project::SourceFile;
use crate::model::Interface;
use crate::python::source::{Bound, Import, Place};

/// What a file was found to hold.
pub(in crate::detect) struct FileReport {
    /// The file.
    pub source: Rc<SourceFile>,
    /// Its web app objects, the best first.
    pub objects: Vec<AppObject>,
    /// A name of which nobody can tell whether it is the app.
    pub unverified: Option<AppObject>,
    /// Does the file itself start a server (`app.run()`)?
    pub serves: bool,
    /// Does something with a server of its own start on import, so that importing the file never ends?
    pub blocks: bool,
    /// Is the web app itself started on import, as the development server?
    pub serves_on_import: bool,
    /// What runs in a server of its own, or in none.
    pub standalone: Option<&'static Framework>,
    /// Why there is no app in it, as the end of a sentence that begins with the file; empty if there is one.
    pub rejection: String,
}

impl FileReport {
    /// Reads a file as a module that is imported from `root`; `None` when no more files may be read.
    pub(in crate::detect) fn new(inference: &Inference, file: &Path, root: &Path) -> Option<Self> {
        let source = inference.project.source(file)?;
        inference.refuel();
        let served = served_names(&source, root);
        let mut objects = app_objects(inference, &source, root, &served);
        let (standalone, mut blocks) = standalone(inference, &source, root, !objects.is_empty());
        if keeps_a_bot_awake(&source.module) {
            objects.clear();
        }
        let serves_on_import =
            serves_on_import(&source.module, |name| objects.iter().any(|object| object.name == name));
        // aiohttp's server does not stand back for another, as the development servers of other frameworks do.
        blocks |= serves_on_import && objects.iter().all(|object| object.kind.interface == Interface::Aiohttp);
        let unverified = if objects.is_empty() { unverified(inference, &source, root) } else { None };
        objects.extend(unverified.iter().find_map(|object| named_by_file(&source, object)));
        if objects.is_empty() && standalone.is_none() {
            objects.extend(handed_to_server(inference, &source, root));
        }
        let is_rejected = objects.is_empty() || blocks;
        let rejection =
            if is_rejected { rejection(inference, &source, root, standalone, serves_on_import) } else { String::new() };
        Some(Self {
            source,
            objects,
            unverified,
            serves: !served.is_empty(),
            blocks,
            serves_on_import,
            standalone,
            rejection,
        })
    }

    /// Is there an object that a server can import?
    pub(in crate::detect) fn can_serve(&self) -> bool {
        !self.objects.is_empty() && !self.blocks
    }

    /// The object of a documented file: what is an app, else what may be one.
    pub(in crate::detect) fn documented_object(&self) -> Option<AppObject> {
        if self.blocks {
            return None;
        }
        self.objects.first().or(self.unverified.as_ref()).cloned()
    }

    /// Takes what the file holds out of consideration.
    pub(super) fn reject(&mut self, why: String) {
        self.objects.clear();
        self.unverified = None;
        self.rejection = why;
    }
}

/// What runs in a server of its own or in none, and whether it does so on import.
fn standalone(
    inference: &Inference,
    source: &Rc<SourceFile>,
    root: &Path,
    has_app: bool,
) -> (Option<&'static Framework>, bool) {
    let module = &source.module;
    let blocks =
        blocking_owners(module).any(|owner| matches!(inference.value(source, root, &owner), Inferred::Standalone(_)));
    if has_app && !blocks {
        return (None, false);
    }
    let imports = module.imports.iter().filter(|import| import.level == 0 && import.place == Place::Import);
    let found = imports.filter_map(|import| {
        frameworks::standalone_package(import.package()).filter(|framework| {
            framework.makers.is_empty()
                || import.names.iter().any(|name| framework.makes(name))
                // `import tornado.web`
                || import.module.rsplit_once('.').is_some_and(|(_, part)| framework.makes(part))
                || calls_maker(inference, source, root, framework)
        })
    });
    (found.min_by_key(|framework| !framework.makers.is_empty()), blocks)
}

fn calls_maker(inference: &Inference, source: &Rc<SourceFile>, root: &Path, framework: &Framework) -> bool {
    let bindings = source.module.scope.bindings.iter();
    bindings.filter(|binding| matches!(binding.bound, Bound::Value(_))).any(|binding| {
        let value = inference.name(source, root, &binding.name);
        matches!(value, Inferred::Standalone(found) if std::ptr::eq(found, framework))
    })
}

/// The documented name, when nothing in the file says whether it is an app.
fn unverified(inference: &Inference, source: &Rc<SourceFile>, root: &Path) -> Option<AppObject> {
    let module = &source.module;
    let object = |name: &str| {
        let kind = AppKind::bare(Interface::Wsgi);
        Some(AppObject { name: name.to_owned(), kind, is_imported: false, is_factory: false })
    };
    for name in ["app", "application"].into_iter().filter(|name| module.binds(name)) {
        match inference.name(source, root, name) {
            Inferred::Unknown | Inferred::UnknownCall(..) | Inferred::External(_) => return object(name),
            _ => {}
        }
    }
    if ["app", "application"].iter().any(|name| module.binds(name)) || module.empty {
        return None;
    }
    let is_unread = source.error.is_some() || (module.broken && module.scope.bindings.is_empty());
    let brings_unknown = module.scope.stars.iter().any(|star| brings_unknown_names(inference, source, root, star));
    if is_unread || brings_unknown { object("app") } else { None }
}

/// In `wsgi.py` and `asgi.py`, which are there to be named in a start command, a name of which nobody can tell what it
/// is, is the app.
fn named_by_file(source: &SourceFile, unverified: &AppObject) -> Option<AppObject> {
    let interface = match source.path.file_name()?.to_str()? {
        "wsgi.py" => Interface::Wsgi,
        "asgi.py" => Interface::Asgi,
        _ => return None,
    };
    let is_bound = source.module.binds(&unverified.name);
    is_bound.then(|| AppObject { kind: AppKind::bare(interface), ..unverified.clone() })
}

/// What the file itself hands to a server is an app although nobody can tell who made it:
/// `app = get_fast_api_app(...)` and `uvicorn.run(app)`.
fn handed_to_server(inference: &Inference, source: &Rc<SourceFile>, root: &Path) -> Option<AppObject> {
    let module = &source.module;
    handed_objects(module).into_iter().filter(|(name, _)| module.binds(name)).find_map(|(name, interface)| {
        let value = inference.name(source, root, &name);
        let is_open = matches!(value, Inferred::Unknown | Inferred::UnknownCall(..) | Inferred::External(_));
        let is_imported = module.scope.named(&name).all(|(_, binding)| matches!(binding.bound, Bound::Import(_)));
        is_open.then(|| AppObject { name, kind: AppKind::bare(interface), is_imported, is_factory: false })
    })
}

/// Can nobody tell what `from x import *` brings in?
fn brings_unknown_names(inference: &Inference, source: &SourceFile, root: &Path, star: &Import) -> bool {
    match inference.star(source, root, star) {
        Inferred::External(package) => !frameworks::is_known_package(&package),
        Inferred::Module(module) => module.error.is_some() || module.module.broken,
        _ => true,
    }
}

/// The name of what holds an app as an attribute that is bound to no name in the file, and the attribute.
pub(in crate::detect) fn unbound_holder(
    inference: &Inference,
    source: &Rc<SourceFile>,
    root: &Path,
) -> Option<(String, &'static str)> {
    let bindings = source.module.scope.bindings.iter().filter(|binding| binding.place == Place::Import);
    bindings.filter(|binding| matches!(binding.bound, Bound::Value(_))).find_map(|binding| {
        match inference.name(source, root, &binding.name) {
            Inferred::Holder(framework) => match framework.gives {
                Gives::Holder(attribute, ..) => Some((binding.name.clone(), attribute)),
                _ => None,
            },
            _ => None,
        }
    })
}
