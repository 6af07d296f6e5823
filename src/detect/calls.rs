//! What a call gives: of a framework's name, of a function or a class of the app.

use std::path::Path;
use std::rc::Rc;

use super::frameworks::{self, Gives};
use super::thing::{Frame, Kind, Thing, best, plain, raw, raw_interface};
use super::workspace::{Source, Workspace};
use crate::python::source::{Bound, Class};

impl Workspace<'_> {
    /// What the methods of a class keep under a name: `self.app = Flask(__name__)`; or a method of it.
    pub(super) fn kept(&self, source: &Rc<Source>, base: &Path, class: &Class, name: &str, hops: usize) -> Thing {
        let bound = format!("self.{name}");
        let kept = class.methods.iter().flat_map(|(method, function)| {
            let at = Frame { source, base, function: Some(function) };
            let assigned = function.scope.bindings.iter().enumerate().filter(|(_, binding)| binding.name == bound);
            let assigned = assigned.map(move |(index, binding)| match &binding.bound {
                Bound::Value(value) => self.value(at, value, index, hops),
                _ => Thing::Unknown,
            });
            let itself = (method == name).then(|| Thing::Function(Rc::clone(source), Rc::clone(function)));
            assigned.chain(itself)
        });
        best(kept)
    }

    pub(super) fn call(&self, base: &Path, callee: &Thing, inner: Option<Kind>, hops: usize) -> Thing {
        if hops == 0 || !self.step() {
            return Thing::Unknown;
        }
        match callee {
            Thing::External(path) => self.made(path, inner),
            Thing::Function(source, function) => {
                if function.is_async || function.is_generator {
                    return Thing::Unknown;
                }
                let inside = Frame { source, base, function: Some(function) };
                let returned = function.scope.returns.iter();
                let returned = returned.map(|value| self.value(inside, value, usize::MAX, hops - 1));
                let annotated = function.annotation.iter().map(|annotation| {
                    let class = self.value(Frame { function: None, ..inside }, annotation, usize::MAX, hops - 1);
                    match class {
                        Thing::External(_) | Thing::Class(..) => self.call(base, &class, None, hops - 1),
                        _ => Thing::Unknown,
                    }
                });
                match best(returned.chain(annotated)) {
                    // `return wrap(app)` with the app as an argument.
                    Thing::Unknown => inner.map_or(Thing::Unknown, |kind| {
                        Thing::Made(String::new(), Some(Kind { is_wrapper: true, ..kind }))
                    }),
                    thing => thing,
                }
            }
            Thing::Class(source, class) => match (self.instance(source, base, class, hops), inner) {
                // Around an app, `__call__(self, *args)` can only pass the call on.
                (Thing::Instance(..), Some(kind)) if takes_anything(class) => {
                    Thing::App(Kind { is_wrapper: true, ..kind })
                }
                (thing, _) => thing,
            },
            _ => Thing::Unknown,
        }
    }

    /// What calling a name of a package gives.
    fn made(&self, path: &str, inner: Option<Kind>) -> Thing {
        let Some(framework) = frameworks::maker(path) else { return Thing::Made(path.to_owned(), inner) };
        match framework.gives {
            Gives::App(interface) => Thing::App(plain(framework, interface)),
            Gives::Around(interface) => {
                let framework = inner.map_or(framework.name, |kind| kind.framework);
                Thing::App(Kind { framework, interface, is_wrapper: true })
            }
            Gives::Changed(before, release, after) => {
                let interface = if self.is_required_before(framework.package, release) { before } else { after };
                Thing::App(plain(framework, interface))
            }
            Gives::Holder(..) => Thing::Holder(framework),
            Gives::Own(_) => Thing::Own(framework),
        }
    }

    /// What an instance of a class of the app is: what its base class makes it, or what its `__call__` takes.
    fn instance(&self, source: &Rc<Source>, base: &Path, class: &Rc<Class>, hops: usize) -> Thing {
        let call = class.methods.iter().find(|(name, _)| name == "__call__");
        if let Some(interface) = call.and_then(|(_, function)| raw_interface(function)) {
            return Thing::App(raw(interface));
        }
        let at = Frame { source, base, function: None };
        let bases = class.bases.iter().map(|parent| {
            let parent = self.value(at, parent, usize::MAX, hops - 1);
            self.call(base, &parent, None, hops - 1)
        });
        match best(bases) {
            Thing::Unknown | Thing::Plain => Thing::Instance(Rc::clone(source), Rc::clone(class)),
            thing => thing,
        }
    }
}

/// Can an instance be called with whatever comes: `def __call__(self, *args, **kwargs)`?
fn takes_anything(class: &Class) -> bool {
    class.methods.iter().any(|(name, function)| name == "__call__" && function.parameters.is_empty())
}
