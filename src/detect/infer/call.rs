//! What a call gives, as far as it takes no following of names: of a framework's function or class, and of what takes
//! the arguments that a server gives.

use std::path::Path;

use super::value::{AppKind, Inferred};
use crate::detect::frameworks::{self, Gives};
use crate::detect::project::Project;
use crate::model::Interface;
use crate::python::source::{Class, Function, Value};

/// What calling a name of a package gives in a file of `folder`; `inner` is the app that is handed in.
pub(super) fn call_external(project: &Project, folder: &Path, path: &str, inner: Option<AppKind>) -> Inferred {
    let Some(framework) = frameworks::maker(path) else { return Inferred::UnknownCall(path.to_owned(), inner) };
    match framework.gives {
        Gives::App(interface) | Gives::Is(interface) => Inferred::App(AppKind::of(framework, interface)),
        Gives::Around(interface) => {
            let framework = inner.map_or(framework.name, |kind| kind.framework);
            Inferred::App(AppKind { framework, interface, is_wrapper: true })
        }
        Gives::Changed(before, release, after) => {
            let interface = if project.is_required_before(folder, framework.package, release) { before } else { after };
            Inferred::App(AppKind::of(framework, interface))
        }
        Gives::Holder(..) => Inferred::Holder(framework),
        Gives::Standalone(_) => Inferred::Standalone(framework),
    }
}

/// The interface of a function that is an app by itself: `def app(environ, start_response)`,
/// `async def app(scope, receive, send)`.
pub(in crate::detect) fn interface_of_signature(function: &Function) -> Option<Interface> {
    let names: Vec<_> = function.parameters.iter().map(|name| name.trim_start_matches('_')).collect();
    match names.as_slice() {
        [first, second, ..] if function.required == 2 && !function.is_async => {
            let is_wsgi = second.starts_with("start") || (first.starts_with("env") && second.contains("resp"));
            is_wsgi.then_some(Interface::Wsgi)
        }
        [_, "receive", "send"] if function.is_async => Some(Interface::Asgi),
        [_] if function.decorators.iter().any(makes_wsgi) => Some(Interface::Wsgi),
        _ => None,
    }
}

/// Does a decorator turn a function of a request into an app: Werkzeug's `@Request.application`, WebOb's `@wsgify`?
fn makes_wsgi(decorator: &Value) -> bool {
    let last = decorator.name().and_then(|name| name.rsplit('.').next());
    matches!(last, Some("wsgify"))
        || matches!(decorator.name(), Some("Request.application" | "BaseRequest.application"))
}

/// The interface of the instances of a class, from the parameters of its `__call__`.
pub(super) fn interface_of_instances(class: &Class) -> Option<Interface> {
    call_method(class).and_then(interface_of_signature)
}

/// Can an instance be called with whatever comes: `def __call__(self, *args, **kwargs)`?
pub(super) fn takes_anything(class: &Class) -> bool {
    call_method(class).is_some_and(|function| function.parameters.is_empty())
}

fn call_method(class: &Class) -> Option<&Function> {
    class.methods.iter().find(|(name, _)| name == "__call__").map(|(_, function)| &**function)
}
