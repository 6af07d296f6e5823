//! What a value in a Python file can turn out to be.

use std::path::PathBuf;
use std::rc::Rc;

use crate::detect::frameworks::Framework;
use crate::detect::project::SourceFile;
use crate::model::Interface;
use crate::python::source::{Class, Function};

/// What is known of a web app object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) struct AppKind {
    /// The framework's name; `WSGI` or `ASGI` when none is known.
    pub framework: &'static str,
    /// How a server calls it.
    pub interface: Interface,
    /// Is it made around another app (or several)?
    pub is_wrapper: bool,
}

impl AppKind {
    /// An app of a framework.
    pub(super) fn of(framework: &Framework, interface: Interface) -> Self {
        Self { framework: framework.name, interface, is_wrapper: false }
    }

    /// An app without a framework.
    pub(in crate::detect) fn bare(interface: Interface) -> Self {
        let framework = match interface {
            Interface::Wsgi => "WSGI",
            Interface::Asgi | Interface::Aiohttp => "ASGI",
        };
        Self { framework, interface, is_wrapper: false }
    }

    /// The same, with something around it.
    pub(super) fn wrapped(self) -> Self {
        Self { is_wrapper: true, ..self }
    }
}

/// What a value is.
#[derive(Clone)]
pub(in crate::detect) enum Inferred {
    /// A web app.
    App(AppKind),
    /// Something that holds the web app as an attribute.
    Holder(&'static Framework),
    /// Something that runs in a server of its own, or in none.
    Standalone(&'static Framework),
    /// A name of a package that is not the app's own, dotted.
    External(String),
    /// What calling such a name gives, when the table of frameworks does not say; around an app if one was handed in.
    UnknownCall(String, Option<AppKind>),
    /// A module of the app.
    Module(Rc<SourceFile>),
    /// A folder of modules without `__init__.py`.
    Folder(PathBuf),
    /// A function of the app.
    Function(Rc<SourceFile>, Rc<Function>),
    /// A class of the app.
    Class(Rc<SourceFile>, Rc<Class>),
    /// An instance of a class of the app that is no web app.
    Instance(Rc<SourceFile>, Rc<Class>),
    /// What calling an `async def` gives: a coroutine, of an app if that is what comes out of it.
    Coroutine(Option<AppKind>),
    /// A number, a string, a list.
    Data,
    /// Nobody can tell.
    Unknown,
}

impl Inferred {
    /// The value that tells most, where a name can have one of several; of equals, the first.
    pub(super) fn most_telling(values: impl Iterator<Item = Self>) -> Self {
        let mut best = Self::Unknown;
        for value in values {
            if value.weight() > best.weight() {
                best = value;
            }
            if matches!(best, Self::App(_)) {
                break;
            }
        }
        best
    }

    fn weight(&self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Data => 1,
            Self::App(_) => 3,
            _ => 2,
        }
    }
}
