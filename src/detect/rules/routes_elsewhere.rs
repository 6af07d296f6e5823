//! An app to which its own file adds nothing: its routes are added by a function of that file, or by another file, which
//! must be started in its place. Imported from its own file, it answers 404 to everything.

use std::path::{Path, PathBuf};

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::frameworks;
use crate::detect::limits;
use crate::detect::names::{EXTENSIONS, REGISTERING, is_other_file};
use crate::detect::project::locate::Located;
use crate::detect::project::{Project, SourceFile};
use crate::model::{Step, Verdict, WebApp};
use crate::python::source::{Bound, Function, Import, Module, Place, Value};

/// What adds the routes to the app of a file, if that is neither the file nor what it imports.
pub(super) fn find(search: &mut Search, candidate: &Candidate, object: &AppObject) -> Option<WebApp> {
    let source = &candidate.report.source;
    let is_own = !object.is_imported && !object.is_factory && !object.kind.is_wrapper;
    let is_routed = !frameworks::is_interface(object.kind.framework) && !frameworks::is_held(object.kind.framework);
    if !is_own || !is_routed || candidate.report.serves_on_import {
        return None;
    }
    let added = what_is_added(&search.inference.project, source, &candidate.root, &object.name);
    if added == Added::Routes {
        return None;
    }
    let file = candidate.file().display().to_string();
    let module = &source.module;
    let mut factories = candidate.report.objects.iter().filter(|object| object.is_factory);
    let factory = factories.find(|factory| completes(module, factory, &object.name));
    let imported = Imported { app: &object.name, factory: factory.map(|factory| factory.name.trim_end_matches("()")) };
    let mut files = routed_by(&search.inference.project, candidate, &imported, added);
    if let Some(factory) = factory.filter(|_| added == Added::Nothing) {
        files.retain(|routing| routing.calls_factory);
        if files.is_empty() {
            let reason = format!("`{file}` {}, which completes `{}`", factory.described(), object.name);
            return Some(search.choose(Step::Other, candidate, factory, reason));
        }
    }
    let [Routing { file, name, .. }] = files.as_slice() else { return None };
    let (file, name) = (file.clone(), name.clone());
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

/// What the file of an app adds to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    /// Settings and extensions at most.
    Nothing,
    /// It hands the app to functions that may add routes, or something else: `register_database(app)`.
    Perhaps,
    /// Routes, or modules that are imported after the app was made.
    Routes,
}

/// What another file can import: the app, and a function that gives it.
struct Imported<'a> {
    app: &'a str,
    factory: Option<&'a str>,
}

/// A file that adds routes to the app of another, under the name that the app has there.
struct Routing {
    file: PathBuf,
    name: String,
    /// Does it get the app from the function that completes it?
    calls_factory: bool,
}

/// What a file, or a module that it imports after it made the app, adds to the app.
fn what_is_added(project: &Project, source: &SourceFile, root: &Path, app: &str) -> Added {
    let scope = &source.module.scope;
    let made = scope.named(app).next().map_or(0, |(place, _)| place);
    let is_module = |import: &Import| project.locate_import(source, root, import.level, &import.module).is_some();
    let imports_later = scope.bindings.iter().skip(made + 1).any(|binding| match &binding.bound {
        Bound::Import(import) => is_module(import),
        _ => false,
    });
    let has_routes = imports_later || scope.stars.iter().any(is_module) || decorates(&source.module, app);
    if has_routes { Added::Routes } else { handed_on(source, app) }
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
fn handed_on(source: &SourceFile, app: &str) -> Added {
    let calls = source.module.scope.calls.iter().filter(|call| call.place == Place::Import);
    let mut added = Added::Nothing;
    for call in calls {
        let Value::Call { callee, arguments, keywords } = &call.value else { continue };
        let path = callee.name().unwrap_or_default();
        let last = path.rsplit('.').next().unwrap_or_default();
        let is_setting = path.strip_prefix(app).is_some_and(|rest| rest.starts_with(".config."));
        if is_part_of(path, app) && !is_setting {
            return Added::Routes;
        }
        let is_given = |value: &Value| value.name() == Some(app);
        let is_given = arguments.iter().any(is_given) || keywords.iter().any(|(_, value)| is_given(value));
        if is_given && !EXTENSIONS.has(last) {
            added = Added::Perhaps;
        }
    }
    added
}

/// Does a file add routes to an app by a call on import: `app.register_blueprint(pages)`?
fn registers(module: &Module, app: &str) -> bool {
    module.scope.calls.iter().filter(|call| call.place == Place::Import).any(|call| match &call.value {
        Value::Call { callee, .. } => {
            let method = callee.name().and_then(|path| path.strip_prefix(app)?.strip_prefix('.'));
            method.is_some_and(|method| REGISTERING.has(method))
        }
        _ => false,
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

/// The files beside another that import its app and add routes to it. Where the app's own file may have added routes,
/// only those that add theirs by a call count: a decorated function may be imported by what the app is handed to.
fn routed_by(project: &Project, candidate: &Candidate, imported: &Imported, added: Added) -> Vec<Routing> {
    let folder = candidate.report.source.folder();
    let listing = project.folder(folder);
    let files = listing.python.iter().filter(|name| !is_other_file(name)).map(|name| folder.join(name));
    let others = files.filter(|file| file != candidate.file()).take(limits::UNUSUAL_FILES);
    let routing = others.filter_map(|file| {
        let source = project.source(&file)?;
        let module = &source.module;
        let comes_from_there = |import: &Import| {
            let found = project.locate_import(&source, &candidate.root, import.level, &import.module);
            found.and_then(Located::file).is_some_and(|found| found == candidate.file())
        };
        let bound_to = |name: &str| {
            module.scope.bindings.iter().find_map(|binding| match &binding.bound {
                Bound::Import(import) if import.name.as_deref() == Some(name) => {
                    comes_from_there(import).then(|| binding.name.clone())
                }
                _ => None,
            })
        };
        let made = |factory: &str| {
            let factory = bound_to(factory)?;
            module.scope.bindings.iter().find_map(|binding| match &binding.bound {
                Bound::Value(Value::Call { callee, .. }) if callee.name() == Some(&factory) => {
                    (binding.place == Place::Import).then(|| binding.name.clone())
                }
                _ => None,
            })
        };
        let made = imported.factory.and_then(made);
        let calls_factory = made.is_some();
        let name = made.or_else(|| bound_to(imported.app))?;
        let adds = registers(module, &name) || (added == Added::Nothing && decorates(module, &name));
        adds.then_some(Routing { file, name, calls_factory })
    });
    routing.collect()
}
