//! Follows expressions and names through the files of the app to what they are; `attribute` follows what is inside of
//! something, `call` what calling it gives.
//!
//! `before` is a place among the bindings of a scope: only what is bound before it counts. `hops` is how many names may
//! still be followed.

use std::path::Path;
use std::rc::Rc;

use super::Inference;
use super::value::Inferred;
use crate::detect::frameworks::{self, Framework};
use crate::detect::limits;
use crate::detect::project::SourceFile;
use crate::python::source::{Bound, Function, Place, Scope, Value};

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    /// The file.
    pub source: &'f Rc<SourceFile>,
    /// The import root.
    pub root: &'f Path,
    /// The function, if it is in one.
    pub function: Option<&'f Function>,
}

impl Inference<'_> {
    pub(super) fn resolve_value(&self, at: Frame<'_>, value: &Value, before: usize, hops: usize) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        let hops = hops - 1;
        match value {
            Value::Name(path) => {
                if let Some(function) = at.function.filter(|_| path.starts_with("self.")) {
                    return self.resolve_bindings(at, &function.scope, path, before, hops);
                }
                let mut parts = path.split('.');
                let first = self.resolve_name(at, parts.next().unwrap_or_default(), before, hops);
                parts.fold(first, |of, name| self.resolve_attribute(at.root, of, name, hops))
            }
            Value::Attribute { of, name } => {
                let of = self.resolve_value(at, of, before, hops);
                self.resolve_attribute(at.root, of, name, hops)
            }
            Value::Call { callee, arguments, keywords } => {
                let callee = self.resolve_value(at, callee, before, hops);
                if let Some(result) = self.resolve_run(at, &callee, arguments, before, hops) {
                    return result;
                }
                let takes_app = matches!(callee, Inferred::External(_) | Inferred::Function(..) | Inferred::Class(..));
                let mut values = arguments.iter().chain(keywords.iter().map(|(_, value)| value));
                let inner =
                    takes_app.then(|| values.find_map(|argument| self.app_in(at, argument, before, hops))).flatten();
                match self.resolve_call(at, &callee, inner, hops) {
                    // In a coroutine another one is awaited.
                    Inferred::Coroutine(result) if at.function.is_some_and(|function| function.is_async) => {
                        result.map_or(Inferred::Unknown, Inferred::App)
                    }
                    value => value,
                }
            }
            Value::Item { of, index } => match (self.resolve_value(at, of, before, hops), &**of) {
                // `app, rt = fast_app()`: the first is the app.
                (app @ Inferred::App(_), Value::Call { .. }) if *index == 0 => app,
                (_, Value::Tuple(items)) => {
                    let item = items.get(*index);
                    item.map_or(Inferred::Unknown, |item| self.resolve_value(at, item, before, hops))
                }
                _ => Inferred::Unknown,
            },
            Value::Either(values) => {
                Inferred::most_telling(values.iter().map(|value| self.resolve_value(at, value, before, hops)))
            }
            Value::Tuple(items) => match items.first().map(|item| self.resolve_value(at, item, before, hops)) {
                // `return app, socketio`: kept, so that the first item can be taken.
                Some(app @ Inferred::App(_)) => app,
                _ => Inferred::Data,
            },
            Value::String(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Nothing
            | Value::Join(..)
            | Value::Entry { .. }
            | Value::Other => Inferred::Data,
        }
    }

    pub(super) fn resolve_name(&self, at: Frame<'_>, name: &str, before: usize, hops: usize) -> Inferred {
        if hops == 0 || !self.spend() {
            return Inferred::Unknown;
        }
        if let Some(function) = at.function {
            if function.scope.named(name).next().is_some() {
                return self.resolve_bindings(at, &function.scope, name, before, hops);
            }
            if function.parameters.iter().any(|parameter| parameter == name) {
                return Inferred::Unknown;
            }
            let outside = Frame { function: None, ..at };
            return self.resolve_name(outside, name, usize::MAX, hops);
        }
        if before < usize::MAX {
            return self.resolve_global(at, name, before, hops);
        }
        self.remember(at.source, at.root, name, || self.resolve_global(at, name, before, hops))
    }

    fn resolve_global(&self, at: Frame<'_>, name: &str, before: usize, hops: usize) -> Inferred {
        let scope = &at.source.module.scope;
        if scope.named(name).next().is_some() {
            self.resolve_bindings(at, scope, name, before, hops)
        } else {
            self.resolve_through_star(at, scope, name, hops)
        }
    }

    /// What the last binding of a name before a place gives; when there are several (`try`, `if`), the one that tells
    /// most.
    fn resolve_bindings(&self, at: Frame<'_>, scope: &Scope, name: &str, before: usize, hops: usize) -> Inferred {
        let bindings = scope.named(name).rev().skip_while(|(place, _)| *place >= before);
        let bindings = bindings.filter(|(_, binding)| binding.place != Place::Main).take(limits::ASSIGNMENTS);
        Inferred::most_telling(bindings.map(|(place, binding)| match &binding.bound {
            Bound::Value(value) => self.resolve_value(at, value, place, hops - 1),
            Bound::Function(function) => Inferred::Function(Rc::clone(at.source), Rc::clone(function)),
            Bound::Class(class) => Inferred::Class(Rc::clone(at.source), Rc::clone(class)),
            Bound::Import(import) => self.resolve_import(at.source, at.root, import, hops - 1),
        }))
    }

    /// A name that only `from x import *` can have bound.
    fn resolve_through_star(&self, at: Frame<'_>, scope: &Scope, name: &str, hops: usize) -> Inferred {
        for star in scope.stars.iter().rev() {
            match self.resolve_import(at.source, at.root, star, hops - 1) {
                Inferred::Module(module) if module.path != at.source.path => {
                    let inside = Frame { source: &module, root: at.root, function: None };
                    let value = self.resolve_name(inside, name, usize::MAX, hops - 1);
                    if !matches!(value, Inferred::Unknown) {
                        return value;
                    }
                }
                Inferred::External(package) => {
                    let path = format!("{package}.{name}");
                    // Of a package in which every name counts, classes do: `class App(Tk)`.
                    let is_specific =
                        |framework: &Framework| !framework.makers.is_empty() || name.starts_with(char::is_uppercase);
                    if frameworks::maker(&path).is_some_and(is_specific) {
                        return Inferred::External(path);
                    }
                }
                _ => {}
            }
        }
        Inferred::Unknown
    }
}
