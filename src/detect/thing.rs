//! What a name can turn out to be.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::frameworks::Framework;
use super::workspace::Source;
use crate::model::Interface;
use crate::python::source::{Class, Function, Value};

/// A web app, as a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub framework: &'static str,
    pub interface: Interface,
    /// Is it made around another app (or several)?
    pub is_wrapper: bool,
}

/// What a value is.
#[derive(Clone)]
pub(super) enum Thing {
    /// A web app.
    App(Kind),
    /// Something that holds the web app as an attribute.
    Holder(&'static Framework),
    /// Something that runs elsewhere.
    Own(&'static Framework),
    /// A name of a package that is not the app's own.
    External(String),
    /// What an unknown call of such a name gives; around an app if one was handed in.
    Made(String, Option<Kind>),
    /// A module of the app.
    Module(Rc<Source>),
    /// A folder of modules without `__init__.py`.
    Folder(PathBuf),
    /// A function of the app.
    Function(Rc<Source>, Rc<Function>),
    /// A class of the app.
    Class(Rc<Source>, Rc<Class>),
    /// An instance of a class of the app that is no web app.
    Instance(Rc<Source>, Rc<Class>),
    /// A number, a string, a list.
    Plain,
    /// Nobody can tell.
    Unknown,
}

/// Where a value is looked at.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    /// The file.
    pub source: &'f Rc<Source>,
    /// The folder of the module path.
    pub base: &'f Path,
    /// The function, if it is in one.
    pub function: Option<&'f Function>,
}

pub(super) fn plain(framework: &Framework, interface: Interface) -> Kind {
    Kind { framework: framework.name, interface, is_wrapper: false }
}

pub(super) const CONNEXION_INSIDE: Kind =
    Kind { framework: "Connexion", interface: Interface::Wsgi, is_wrapper: false };

pub(super) const CHERRYPY: Kind = Kind { framework: "CherryPy", interface: Interface::Wsgi, is_wrapper: false };

/// A web app without a framework.
pub(super) fn raw(interface: Interface) -> Kind {
    let framework = match interface {
        Interface::Wsgi => "WSGI",
        Interface::Asgi => "ASGI",
    };
    Kind { framework, interface, is_wrapper: false }
}

/// The interface of a function that is an app by itself: `def app(environ, start_response)`,
/// `async def app(scope, receive, send)`.
pub(super) fn raw_interface(function: &Function) -> Option<Interface> {
    let names: Vec<_> = function.parameters.iter().map(|name| name.trim_start_matches('_')).collect();
    match names.as_slice() {
        [first, second, ..] if function.required == 2 && !function.is_async => {
            let is_wsgi = second.starts_with("start") || (first.starts_with("env") && second.contains("resp"));
            is_wsgi.then_some(Interface::Wsgi)
        }
        [_, "receive", "send"] if function.is_async => Some(Interface::Asgi),
        // `@Request.application` of Werkzeug, `@wsgify` of WebOb.
        [_] if function.decorators.iter().any(makes_wsgi) => Some(Interface::Wsgi),
        _ => None,
    }
}

fn makes_wsgi(decorator: &Value) -> bool {
    let last = decorator.name().and_then(|name| name.rsplit('.').next());
    matches!(last, Some("wsgify"))
        || matches!(decorator.name(), Some("Request.application" | "BaseRequest.application"))
}

/// The one that tells most; of equals, the first.
pub(super) fn best(things: impl Iterator<Item = Thing>) -> Thing {
    let mut best = Thing::Unknown;
    for thing in things {
        if weight(&thing) > weight(&best) {
            best = thing;
        }
        if matches!(best, Thing::App(_)) {
            break;
        }
    }
    best
}

fn weight(thing: &Thing) -> u8 {
    match thing {
        Thing::Unknown => 0,
        Thing::Plain => 1,
        Thing::Instance(..) => 2,
        Thing::External(_) | Thing::Folder(_) | Thing::Module(_) => 3,
        Thing::Made(..) => 4,
        Thing::Own(_) => 5,
        Thing::Class(..) | Thing::Function(..) => 6,
        Thing::Holder(..) => 7,
        Thing::App(_) => 8,
    }
}
