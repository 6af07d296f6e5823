//! Why there is no app in a file.

use std::path::Path;
use std::rc::Rc;

use super::frameworks::Framework;
use super::names::OBJECTS;
use super::thing::Thing;
use super::workspace::{Source, Workspace, is_package};
use crate::python::source::{Binding, Bound, Module, Place};

impl Workspace<'_> {
    /// Why there is no app in a file, as the end of a sentence that begins with the file.
    pub(super) fn reason(&self, source: &Rc<Source>, base: &Path, own: Option<&Framework>) -> String {
        let module = &source.module;
        if let Some(error) = &source.error {
            return format!("cannot be read: {error}");
        }
        if keeps_a_bot_awake(module) {
            return "only keeps a bot awake".to_owned();
        }
        if module.empty {
            return if is_package(&source.file) { "is empty".to_owned() } else { "holds no statement".to_owned() };
        }
        for name in ["app", "application", "server"].into_iter().filter(|name| module.binds(name)) {
            match self.meaning(source, base, name) {
                Thing::Own(framework) => return format!("`{name}` is {}", framework.described()),
                Thing::Holder(framework) => {
                    return format!("`{name}` is {}, whose server is bound to no name", framework.described());
                }
                Thing::Instance(..) => return format!("`{name}` is an instance of a class that is no web app"),
                Thing::Class(..) => return format!("`{name}` is a class"),
                Thing::Plain => return format!("`{name}` is a plain value"),
                Thing::Module(_) | Thing::Folder(_) => return format!("`{name}` is a module"),
                Thing::Function(_, function) if function.required > 0 => {
                    return format!("`{name}` is a function that needs {} arguments", function.required);
                }
                _ => {}
            }
        }
        if let Some(framework) = own {
            return format!("is {}", framework.described());
        }
        let factory = module.scope.bindings.iter().find_map(|binding| match &binding.bound {
            Bound::Function(function) if function.required > 0 => {
                let thing = Thing::Function(Rc::clone(source), Rc::clone(function));
                matches!(self.result(base, &thing), Thing::App(_)).then_some((&binding.name, &function.parameters[0]))
            }
            _ => None,
        });
        if let Some((factory, parameter)) = factory {
            return format!("`{factory}` makes an app but cannot be called without `{parameter}`");
        }
        let main = module
            .scope
            .bindings
            .iter()
            .find(|binding| binding.place == Place::Main && OBJECTS.contains(&binding.name.as_str()));
        if let Some(binding) = main {
            return format!("binds `{}` only when it is run as a script", binding.name);
        }
        "binds no web app".to_owned()
    }
}

/// Is the app only there so that the host does not put a bot to sleep? Such files are copied from each other, and all
/// define `keep_alive()`.
pub(super) fn keeps_a_bot_awake(module: &Module) -> bool {
    let is_it = |binding: &Binding| binding.name == "keep_alive" && matches!(binding.bound, Bound::Function(_));
    module.scope.bindings.iter().any(is_it)
}
