//! An app to which its own file adds nothing: its routes are added by a function of that file, or by another file, which
//! must be started in its place. Imported from its own file, it answers 404 to everything.

use std::path::{Path, PathBuf};

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::frameworks;
use crate::detect::limits;
use crate::detect::names::{EXTENSIONS, is_other_file};
use crate::detect::project::{Project, SourceFile};
use crate::model::{Step, Verdict, WebApp};
use crate::python::source::{Bound, Function, Import, Module, Place, Value};

/// What adds the routes to the app of a file, if that is neither the file nor what it imports.
pub(super) fn find(search: &mut Search, candidate: &Candidate, object: &AppObject) -> Option<WebApp> {
    let source = &candidate.report.source;
    let is_own = !object.is_imported && !object.is_factory && !object.kind.is_wrapper;
    let is_routed = !frameworks::is_interface(object.kind.framework) && !frameworks::is_held(object.kind.framework);
    let is_incomplete = is_own && is_routed && !candidate.report.serves_on_import;
    if !is_incomplete || adds_to(&search.inference.project, source, &candidate.root, &object.name) {
        return None;
    }
    let file = candidate.file().display().to_string();
    let module = &source.module;
    let mut factories = candidate.report.objects.iter().filter(|object| object.is_factory);
    if let Some(factory) = factories.find(|factory| completes(module, factory, &object.name)) {
        let reason = format!("`{file}` {}, which completes `{}`", factory.described(), object.name);
        return Some(search.choose(Step::Other, candidate, factory, reason));
    }
    let mut files = routed_by(&search.inference.project, candidate, &object.name).into_iter();
    let (Some((file, name)), None) = (files.next(), files.next()) else { return None };
    let other = Candidate::of_file(search.inference, &file).filter(|other| other.file() == file)?;
    if other.report.blocks || other.report.serves_on_import {
        return None;
    }
    let found = AppObject { name, is_imported: true, ..object.clone() };
    let why = format!("has no routes; `{}` adds them", file.display());
    search.note(Step::Other, &candidate.file().display().to_string(), Verdict::Outranked, &why);
    let reason = format!("`{}` adds the routes of `{}`", file.display(), candidate.file().display());
    Some(search.choose(Step::Other, &other, &found, reason))
}

/// Does a file, or a module that it imports after it made the app, add anything to the app?
fn adds_to(project: &Project, source: &SourceFile, root: &Path, app: &str) -> bool {
    let scope = &source.module.scope;
    let made = scope.named(app).next().map_or(0, |(place, _)| place);
    let is_module = |import: &Import| project.locate_import(source, root, import.level, &import.module).is_some();
    let imports_later = scope.bindings.iter().skip(made + 1).any(|binding| match &binding.bound {
        Bound::Import(import) => is_module(import),
        _ => false,
    });
    imports_later || scope.stars.iter().any(is_module) || decorates(&source.module, app) || is_handed_on(source, app)
}

/// Is a function decorated with something of the app: `@app.route("/")`?
fn decorates(module: &Module, app: &str) -> bool {
    let is_of_app = |decorator: &Value| {
        let path = match decorator {
            Value::Call { callee, .. } => callee.name(),
            _ => decorator.name(),
        };
        path.is_some_and(|path| is_part_of(path, app))
    };
    module.scope.bindings.iter().any(|binding| match &binding.bound {
        Bound::Function(function) => function.decorators.iter().any(is_of_app),
        _ => false,
    })
}

/// `app.route` of `app`.
fn is_part_of(path: &str, app: &str) -> bool {
    path.strip_prefix(app).is_some_and(|rest| rest.starts_with('.'))
}

/// Is a method of the app called, or the app given to anything that may add routes? Settings and extensions that only
/// keep the app add none.
fn is_handed_on(source: &SourceFile, app: &str) -> bool {
    let calls = source.module.scope.calls.iter().filter(|call| call.place == Place::Import);
    let mut values = calls.map(|call| &call.value);
    values.any(|value| {
        let Value::Call { callee, arguments, keywords } = value else { return false };
        let path = callee.name().unwrap_or_default();
        let last = path.rsplit('.').next().unwrap_or_default();
        let is_given = |value: &Value| value.name() == Some(app);
        let is_given = arguments.iter().any(is_given) || keywords.iter().any(|(_, value)| is_given(value));
        let is_setting = path.strip_prefix(app).is_some_and(|rest| rest.starts_with(".config."));
        (is_part_of(path, app) && !is_setting) || (is_given && !EXTENSIONS.has(last))
    })
}

/// Does a function give the app of its module, and not one of its own?
fn completes(module: &Module, factory: &AppObject, app: &str) -> bool {
    let name = factory.name.trim_end_matches("()");
    let gives_it = |function: &Function| {
        let is_bound_inside = function.scope.named(app).next().is_some();
        !is_bound_inside && function.scope.returns.iter().any(|value| value.name() == Some(app))
    };
    module.scope.named(name).any(|(_, binding)| match &binding.bound {
        Bound::Function(function) => gives_it(function),
        _ => false,
    })
}

/// The files beside another that import its app and add routes to it, with the name that the app has in each.
fn routed_by(project: &Project, candidate: &Candidate, app: &str) -> Vec<(PathBuf, String)> {
    let folder = candidate.report.source.folder();
    let listing = project.folder(folder);
    let files = listing.python.iter().filter(|name| !is_other_file(name)).map(|name| folder.join(name));
    let others = files.filter(|file| file != candidate.file()).take(limits::UNUSUAL_FILES);
    let routing = others.filter_map(|file| {
        let source = project.source(&file)?;
        let name = source.module.scope.bindings.iter().find_map(|binding| match &binding.bound {
            Bound::Import(import) if import.name.as_deref() == Some(app) => {
                let found = project.locate_import(&source, &candidate.root, import.level, &import.module)?.file()?;
                (found == candidate.file()).then(|| binding.name.clone())
            }
            _ => None,
        })?;
        decorates(&source.module, &name).then_some((file, name))
    });
    routing.collect()
}
