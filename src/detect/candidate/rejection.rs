//! Why there is no app in a file.

use std::path::Path;
use std::rc::Rc;

use super::server_calls::is_script;
use crate::detect::frameworks::Framework;
use crate::detect::infer::{Inference, Inferred};
use crate::detect::names::OBJECTS;
use crate::detect::project::SourceFile;
use crate::detect::project::locate::is_package;
use crate::python::source::{Bound, Module, Place};

/// Why there is no app in a file, as the end of a sentence that begins with the file.
pub(super) fn rejection(
    inference: &Inference,
    source: &Rc<SourceFile>,
    root: &Path,
    standalone: Option<&Framework>,
    serves_on_import: bool,
) -> String {
    let module = &source.module;
    if let Some(error) = &source.error {
        return format!("cannot be read: {error}");
    }
    if let Some(reason) = module.not_parsed {
        return reason.to_owned();
    }
    if keeps_a_bot_awake(module) {
        return "only keeps a bot awake".to_owned();
    }
    if module.empty {
        return if is_package(&source.path) { "is empty".to_owned() } else { "holds no statement".to_owned() };
    }
    if serves_on_import {
        return "starts its server when it is imported".to_owned();
    }
    let mut expected = ["app", "application", "server"].into_iter().filter(|name| module.binds(name));
    let named =
        expected.find_map(|name| Some(format!("`{name}` {}", what_instead(&inference.name(source, root, name))?)));
    named
        .or_else(|| standalone.map(|framework| standalone_rejection(module, framework)))
        .or_else(|| uncallable_factory(inference, source, root))
        .or_else(|| bound_in_script(module))
        .unwrap_or_else(|| "binds no web app".to_owned())
}

/// What a file is that uses something that runs by itself, or is in part.
fn standalone_rejection(module: &Module, framework: &Framework) -> String {
    if framework.has_runner() || is_script(module) || !framework.makers.is_empty() {
        return format!("is {}", framework.described());
    }
    format!("imports `{}` ({}), and starts nothing", framework.package, framework.name)
}

/// What a value is instead of a web app, if that is known.
fn what_instead(value: &Inferred) -> Option<String> {
    match value {
        Inferred::Standalone(framework) => Some(format!("is {}", framework.described())),
        Inferred::Holder(framework) => Some(format!("is {}, whose server is bound to no name", framework.described())),
        Inferred::Instance(..) => Some("is an instance of a class that is no web app".to_owned()),
        Inferred::Class(..) => Some("is a class".to_owned()),
        Inferred::Data => Some("is a plain value".to_owned()),
        Inferred::Coroutine(_) => Some("is a coroutine, which no server can import".to_owned()),
        Inferred::Module(_) | Inferred::Folder(_) => Some("is a module".to_owned()),
        Inferred::Function(_, function) if function.required > 0 => {
            Some(format!("is a function that needs {} arguments", function.required))
        }
        _ => None,
    }
}

/// A function that makes an app, and needs arguments for it.
fn uncallable_factory(inference: &Inference, source: &Rc<SourceFile>, root: &Path) -> Option<String> {
    source.module.scope.bindings.iter().find_map(|binding| match &binding.bound {
        Bound::Function(function) if function.required > 0 => {
            let value = Inferred::Function(Rc::clone(source), Rc::clone(function));
            let makes_app = matches!(inference.call(source, root, &value), Inferred::App(_));
            let (factory, parameter) = (&binding.name, &function.parameters[0]);
            makes_app.then(|| format!("`{factory}` makes an app but cannot be called without `{parameter}`"))
        }
        _ => None,
    })
}

/// An object that is there only under `if __name__ == "__main__":`.
fn bound_in_script(module: &Module) -> Option<String> {
    let mut bindings = module.scope.bindings.iter();
    let binding = bindings.find(|binding| binding.place == Place::Main && OBJECTS.has(&binding.name))?;
    Some(format!("binds `{}` only when it is run as a script", binding.name))
}

/// Is the app only there so that the host does not put a bot to sleep? Such files are copied from each other, and all
/// define `keep_alive()`.
pub(super) fn keeps_a_bot_awake(module: &Module) -> bool {
    module.scope.named("keep_alive").any(|(_, binding)| matches!(binding.bound, Bound::Function(_)))
}
