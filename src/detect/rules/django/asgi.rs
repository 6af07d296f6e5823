//! Django over ASGI: when `asgi.py` does more than wrap Django, and something that serves ASGI is required, the author
//! serves ASGI, and WSGI would lose what is added (websockets, other apps beside Django).

use std::path::PathBuf;

use super::project::{self, DjangoProject};
use crate::detect::limits;
use crate::detect::names::ASGI_SERVERS;
use crate::detect::project::locate::dotted_name;
use crate::detect::project::{Project, SourceFile};
use crate::model::Interface;
use crate::python::source::{Bound, Module, Place, Value};

/// The ASGI side of a project that has a WSGI side.
pub(super) struct AsgiSide {
    /// Its `asgi.py`, relative to the app root.
    pub file: PathBuf,
    /// The project as it is served over ASGI; `None` if WSGI serves the same, or nothing says that ASGI is meant.
    pub project: Option<DjangoProject>,
    /// Why, as the end of a sentence that begins with the file.
    pub reason: String,
}

/// The ASGI side of a project that is served by its `wsgi.py`, if it has one.
pub(super) fn asgi_side(files: &Project, project: &DjangoProject) -> Option<AsgiSide> {
    if project.file.file_name()? != "wsgi.py" {
        return None;
    }
    let file = project.file.with_file_name("asgi.py");
    if !files.is_file(&file) {
        return None;
    }
    let wsgi = project.file.display();
    let source = files.source(&file)?;
    if !adds_to_django(&source.module) {
        return Some(AsgiSide { file, project: None, reason: format!("only wraps Django, as `{wsgi}` does") });
    }
    let Some(required) = what_serves_asgi(files, project, &source) else {
        return Some(AsgiSide {
            file,
            project: None,
            reason: "is for ASGI, and no ASGI server is required".to_owned(),
        });
    };
    let module = dotted_name(&project.root, &file)?;
    let reason = format!("adds to Django what `{wsgi}` does not have, and {required}");
    let asgi = DjangoProject { file: file.clone(), module, interface: Interface::Asgi, ..project.clone() };
    Some(AsgiSide { file, project: Some(asgi), reason })
}

/// Can `application` be anything but the plain `get_asgi_application()`? Of several assignments (`try` and `except`,
/// `if` and `else`) one is enough.
fn adds_to_django(module: &Module) -> bool {
    let mut waiting = vec!["application"];
    let mut seen = Vec::new();
    while let Some(name) = waiting.pop() {
        seen.push(name);
        let bindings = module.scope.named(name).rev().filter(|(_, binding)| binding.place == Place::Import);
        for (_, binding) in bindings.take(limits::ASSIGNMENTS) {
            let Bound::Value(value) = &binding.bound else { return true };
            match wrapped(value) {
                Wrapped::Django => {}
                Wrapped::Name(other) if seen.len() >= limits::HOPS || other == name => return true,
                Wrapped::Name(other) if seen.contains(&other) => {}
                Wrapped::Name(other) => waiting.push(other),
                Wrapped::More => return true,
            }
        }
    }
    false
}

/// What a value comes to, where a router for nothing but HTTP is no more than what it routes to.
enum Wrapped<'v> {
    Django,
    Name(&'v str),
    More,
}

fn wrapped(value: &Value) -> Wrapped<'_> {
    match value {
        Value::Name(name) => Wrapped::Name(name),
        Value::Call { callee, arguments, .. } => match (callee.name(), arguments.as_slice()) {
            (Some(name), _) if name.ends_with("get_asgi_application") => Wrapped::Django,
            (Some(name), [Value::Entry { key, value }]) if name.ends_with("ProtocolTypeRouter") && key == "http" => {
                wrapped(value)
            }
            _ => Wrapped::More,
        },
        _ => Wrapped::More,
    }
}

/// What says that the project is served over ASGI, as a part of a sentence.
fn what_serves_asgi(files: &Project, project: &DjangoProject, asgi: &SourceFile) -> Option<String> {
    if let Some(package) = files.first_required(asgi.folder(), ASGI_SERVERS.iter()) {
        return Some(format!("`{package}` is required"));
    }
    let is_set = project::has_setting(files, project, asgi, "ASGI_APPLICATION");
    is_set.then(|| "`ASGI_APPLICATION` is set".to_owned())
}
