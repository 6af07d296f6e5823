//! What a call gives: of a framework's function or class, of a function or class of the app, of what takes the arguments
//! that a server gives.

use std::path::Path;
use std::rc::Rc;

use super::Inference;
use super::resolve::Frame;
use super::value::{AppKind, Inferred};
use crate::detect::frameworks::{self, Gives};
use crate::detect::project::{Project, SourceFile};
use crate::model::Interface;
use crate::python::source::{Class, Function, Value};

impl Inference<'_> {
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

    /// What running a coroutine to its end gives: `asyncio.run(create_app())`, `loop.run_until_complete(create_app())`.
    pub(super) fn resolve_run(
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
    pub(super) fn app_in(&self, at: Frame<'_>, argument: &Value, before: usize, hops: usize) -> Option<AppKind> {
        if !matches!(argument, Value::Name(_) | Value::Call { .. } | Value::Attribute { .. }) {
            return None;
        }
        match self.resolve_value(at, argument, before, hops) {
            Inferred::App(kind) => Some(kind),
            _ => None,
        }
    }
}

/// What calling a name of a package gives in a file of `folder`; `inner` is the app that is handed in.
fn call_external(project: &Project, folder: &Path, path: &str, inner: Option<AppKind>) -> Inferred {
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
fn interface_of_instances(class: &Class) -> Option<Interface> {
    call_method(class).and_then(interface_of_signature)
}

/// Can an instance be called with whatever comes: `def __call__(self, *args, **kwargs)`?
fn takes_anything(class: &Class) -> bool {
    call_method(class).is_some_and(|function| function.parameters.is_empty())
}

fn call_method(class: &Class) -> Option<&Function> {
    class.methods.iter().find(|(name, _)| name == "__call__").map(|(_, function)| &**function)
}
