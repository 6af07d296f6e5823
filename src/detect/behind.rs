//! The app behind a file that is not what a server should import: one that starts the development server, a command
//! line around an app, a file that only repairs the module path.

use std::path::Path;

use super::candidate::Candidate;
use super::exam::Exam;
use super::names::DOCUMENTED;
use super::search_path;
use super::workspace::{Located, Workspace};
use crate::python::source::{Bound, Import, Module, Place, Value};

/// Why a file is not what a server should import although an app can be found in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfit {
    /// Its import never ends: `app.run()` without `if __name__ == "__main__":`.
    Starts,
    /// Its import ends the process: `os.execl(...)`, which cPanel's and other hosts' `passenger_wsgi.py` is told to
    /// call so that it gets the interpreter of its environment.
    Replaces,
    /// It makes the app to manage it: Flask-Script's `Manager(create_app())`, Flask's `FlaskGroup`.
    Manages,
}

impl Unfit {
    fn reason(self) -> &'static str {
        match self {
            Self::Starts => "starts the development server when it is imported",
            Self::Replaces => "replaces its process by another program when it is imported",
            Self::Manages => "is a command line around an app",
        }
    }
}

impl Workspace<'_> {
    /// The candidate itself, or the app that it leaves its place to.
    pub(super) fn behind(&self, mut candidate: Candidate) -> Candidate {
        let is_documented = DOCUMENTED.iter().any(|name| candidate.exam.source.file == Path::new(name));
        if let Some(unfit) = unfit(&candidate.exam) {
            let left_to = if is_documented { None } else { self.left_to(&candidate) };
            if let Some(mut app) = left_to {
                app.left_by = Some((candidate.exam.source.file.clone(), unfit.reason()));
                return app;
            }
            if unfit != Unfit::Manages {
                candidate.exam.objects.clear();
                candidate.exam.doubt = None;
                unfit.reason().clone_into(&mut candidate.exam.reason);
            }
        }
        let repaired = if is_documented { None } else { self.repaired(&candidate) };
        repaired.unwrap_or(candidate)
    }

    /// The app in the module from which a file imports it, or the function to make it.
    fn left_to(&self, candidate: &Candidate) -> Option<Candidate> {
        let module = &candidate.exam.source.module;
        let name = &candidate.object()?.name;
        let (import, name) = match module.value(name) {
            None => {
                let import = imported(module, name)?;
                (import, import.name.clone()?)
            }
            Some(Value::Call { callee, arguments, keywords }) if arguments.is_empty() && keywords.is_empty() => {
                let import = imported(module, callee.name()?)?;
                (import, format!("{}()", import.name.as_ref()?))
            }
            Some(_) => return None,
        };
        let Located::File(file) = self.locate(&candidate.base, &import.module)? else { return None };
        let mut exam = self.examine(&file, &candidate.base)?;
        if matches!(unfit(&exam), Some(Unfit::Starts | Unfit::Replaces)) {
            return None;
        }
        exam.objects.retain(|object| object.name == name);
        let app = Candidate { base: candidate.base.clone(), module: import.module.clone(), exam, left_by: None };
        app.object().is_some().then_some(app)
    }

    /// The app behind a file that only repairs the module path and imports it from there.
    fn repaired(&self, shim: &Candidate) -> Option<Candidate> {
        let source = &shim.exam.source;
        let object = shim.object().filter(|object| object.is_imported)?;
        let module = &source.module;
        let is_definition = |bound: &Bound| matches!(bound, Bound::Function(_) | Bound::Class(_));
        if module.scope.bindings.iter().any(|binding| is_definition(&binding.bound)) {
            return None;
        }
        let import = imported(module, &object.name)?;
        search_path::added(source, &shim.base).into_iter().find_map(|base| {
            let Some(Located::File(file)) = self.locate(&base, &import.module) else { return None };
            let is_reached = self.locate(&shim.base, &import.module).is_some();
            let exam = self.examine(&file, &base).filter(|_| !is_reached)?;
            let is_same = exam.objects.first().is_some_and(|found| Some(&found.name) == import.name.as_ref());
            is_same.then_some(Candidate { base, module: import.module.clone(), exam, left_by: None })
        })
    }
}

/// Why a server should not import the file, if there is a reason.
fn unfit(exam: &Exam) -> Option<Unfit> {
    let object = exam.objects.first()?;
    let module = &exam.source.module;
    if replaces_process(module) {
        Some(Unfit::Replaces)
    } else if exam.runs_on_import && object.is_imported {
        Some(Unfit::Starts)
    } else if manages(module) && !object.is_imported && !changes(module, &object.name) {
        Some(Unfit::Manages)
    } else {
        None
    }
}

fn replaces_process(module: &Module) -> bool {
    let mut calls = module.scope.calls.iter().filter(|call| call.place == Place::Import);
    calls.any(|call| match &call.value {
        Value::Call { callee, .. } => callee.name().is_some_and(|name| name.starts_with("os.exec")),
        _ => false,
    })
}

/// Does the file make a command line for an app?
fn manages(module: &Module) -> bool {
    module.imports.iter().any(|import| match import.module.as_str() {
        "flask_script" | "flask.ext.script" => import.names.iter().any(|name| name == "Manager"),
        "flask.cli" => import.names.iter().any(|name| name == "FlaskGroup"),
        _ => false,
    })
}

/// Does the file add anything to the app that it made: routes, settings, extensions?
fn changes(module: &Module, app: &str) -> bool {
    let is_of_app = |value: &Value| {
        let path = match value {
            Value::Call { callee, .. } => callee.name(),
            _ => value.name(),
        };
        let method = path.and_then(|path| path.strip_prefix(app)?.strip_prefix('.'));
        method.is_some_and(|method| !method.starts_with("cli.") && method != "shell_context_processor")
    };
    let is_tool = |path: &str| matches!(path, "Manager" | "Migrate" | "FlaskGroup" | "script.Manager");
    let mut calls = module.scope.calls.iter().filter(|call| call.place == Place::Import);
    let is_changed = calls.any(|call| match &call.value {
        Value::Call { callee, arguments, .. } => {
            let is_given = arguments.iter().any(|argument| argument.name() == Some(app));
            is_of_app(&call.value) || (is_given && !callee.name().is_some_and(is_tool))
        }
        _ => false,
    });
    is_changed
        || module.scope.bindings.iter().any(|binding| match &binding.bound {
            Bound::Function(function) => function.decorators.iter().any(is_of_app),
            _ => false,
        })
}

/// The import that binds a name.
fn imported<'m>(module: &'m Module, name: &str) -> Option<&'m Import> {
    module.scope.bindings.iter().find_map(|binding| match &binding.bound {
        Bound::Import(import) if binding.name == name && import.level == 0 => Some(import),
        _ => None,
    })
}
