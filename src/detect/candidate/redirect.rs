//! From a file that is not what a server should import to the app: from one that starts the development server, from a
//! command line around an app, from a file that only adds a folder to `sys.path`.

use super::report::FileReport;
use super::{Candidate, server_calls};
use crate::detect::infer::Inference;
use crate::detect::names::{DOCUMENTED, USUAL_FILES};
use crate::detect::project::locate::dotted_name;
use crate::model::Interface;
use crate::python::source::{Bound, Import, Module, Value};

/// Why a file is not what a server should import although an app can be found in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfit {
    /// Its import never ends: `app.run()` without `if __name__ == "__main__":`.
    Serves,
    /// Its import ends the process: `os.execl(...)`, which cPanel's and other hosts' `passenger_wsgi.py` is told to
    /// call so that it gets the interpreter of its environment.
    Replaces,
    /// It makes the app to manage it: Flask-Script's `Manager(create_app())`.
    Manages,
}

impl Unfit {
    fn reason(self) -> &'static str {
        match self {
            Self::Serves => "starts the development server when it is imported",
            Self::Replaces => "replaces its process by another program when it is imported",
            Self::Manages => "is a command line around an app",
        }
    }
}

/// The candidate itself, or the app that it leaves its place to.
pub(super) fn follow(inference: &Inference, mut candidate: Candidate) -> Candidate {
    let is_documented = candidate.file().to_str().is_some_and(|file| DOCUMENTED.has(file));
    if let Some(unfit) = unfit(&candidate.report) {
        let target = if is_documented { None } else { imported_app(inference, &candidate) };
        if let Some(mut app) = target {
            app.redirected_from = Some((candidate.file().to_owned(), unfit.reason()));
            return app;
        }
        if unfit != Unfit::Manages {
            candidate.report.reject(unfit.reason().to_owned());
        }
    }
    if is_documented {
        return candidate;
    }
    let app = app_on_sys_path(inference, &candidate).or_else(|| handed_over(inference, &candidate));
    app.or_else(|| only_imported(inference, &candidate)).unwrap_or(candidate)
}

/// The app of a module in another folder that a file starts or manages and adds nothing to, when nothing in the name of
/// the file says that it is there to be named in a start command.
fn only_imported(inference: &Inference, candidate: &Candidate) -> Option<Candidate> {
    let name = candidate.file().file_name()?.to_str()?;
    let is_tool = matches!(name, "manage.py" | "__main__.py") || is_bridge(name, candidate);
    let may_leave = is_tool || (candidate.report.serves && !USUAL_FILES.has(name));
    let object = candidate.object().filter(|object| object.is_imported && may_leave)?;
    if changes(&candidate.report.source.module, object.name.trim_end_matches("()")) {
        return None;
    }
    // A file beside the app's own may well be there to import what completes the app: `import pages`.
    let is_elsewhere = |app: &Candidate| is_tool || app.file().parent() != candidate.file().parent();
    let app = imported_app(inference, candidate).filter(is_elsewhere)?;
    let redirected_from = Some((candidate.file().to_owned(), "only imports the app of another module"));
    Some(Candidate { redirected_from, ..app })
}

/// Is it there to serve an ASGI app by WSGI? Passenger knows nothing else; a server for ASGI needs no such file.
fn is_bridge(name: &str, candidate: &Candidate) -> bool {
    name == "passenger_wsgi.py" && candidate.object().is_some_and(|object| object.kind.interface == Interface::Asgi)
}

/// The app that a file names to its server as text, when it imports one and adds nothing to it:
/// `uvicorn.run("app.server:app")` in a script for those who work on the app.
fn handed_over(inference: &Inference, script: &Candidate) -> Option<Candidate> {
    let module = &script.report.source.module;
    let imported = script.object().filter(|object| object.is_imported && !changes(module, &object.name))?;
    let (target, name) = server_calls::named_target(module)?;
    if target != absolute_import(module, &imported.name)?.module {
        return None;
    }
    let file = inference.project.locate(&script.root, &target)?.file()?;
    let mut report = FileReport::new(inference, &file, &script.root)?;
    report.objects.retain(|object| object.name == name);
    let redirected_from = Some((script.file().to_owned(), "hands the app of another module to its server"));
    let app = Candidate { root: script.root.clone(), module: target, report, redirected_from };
    (app.report.can_serve() && app.file() != script.file()).then_some(app)
}

/// The app in the module from which a file imports it, or the function to make it.
fn imported_app(inference: &Inference, candidate: &Candidate) -> Option<Candidate> {
    let module = &candidate.report.source.module;
    let name = &candidate.object()?.name;
    let (import, name) = match (module.value(name), name.strip_suffix("()")) {
        (None, Some(factory)) => {
            let import = import_of(module, factory)?;
            (import, format!("{}()", import.name.as_ref()?))
        }
        (None, None) => {
            let import = import_of(module, name)?;
            (import, import.name.clone()?)
        }
        (Some(Value::Call { callee, arguments, keywords }), _) if arguments.is_empty() && keywords.is_empty() => {
            let import = import_of(module, callee.name()?)?;
            (import, format!("{}()", import.name.as_ref()?))
        }
        (Some(_), _) => return None,
    };
    let file = if import.level == 0 {
        inference.project.locate(&candidate.root, &import.module)?.file()?
    } else {
        let source = &candidate.report.source;
        inference.project.locate_import(source, &candidate.root, import.level, &import.module)?.file()?
    };
    let name_of_module = dotted_name(&candidate.root, &file)?;
    let mut report = FileReport::new(inference, &file, &candidate.root)?;
    if matches!(unfit(&report), Some(Unfit::Serves | Unfit::Replaces)) {
        return None;
    }
    report.objects.retain(|object| object.name == name || object.is_factory);
    report.objects.sort_by_key(|object| object.name != name);
    let app = Candidate { root: candidate.root.clone(), module: name_of_module, report, redirected_from: None };
    app.object().is_some_and(|object| object.name == name).then_some(app)
}

/// The app behind a file that only adds a folder to `sys.path` and imports the app from there.
fn app_on_sys_path(inference: &Inference, shim: &Candidate) -> Option<Candidate> {
    let source = &shim.report.source;
    let object = shim.object().filter(|object| object.is_imported)?;
    let defines = |bound: &Bound| matches!(bound, Bound::Function(_) | Bound::Class(_));
    if source.module.scope.bindings.iter().any(|binding| defines(&binding.bound)) {
        return None;
    }
    let import = absolute_import(&source.module, &object.name)?;
    if inference.project.locate(&shim.root, &import.module).is_some() {
        return None;
    }
    inference.project.locate_added(source, &shim.root, &import.module).into_iter().find_map(|(root, located)| {
        let report = FileReport::new(inference, &located.file()?, &root)?;
        let is_same = report.objects.first().is_some_and(|found| Some(&found.name) == import.name.as_ref());
        is_same.then_some(Candidate { root, module: import.module.clone(), report, redirected_from: None })
    })
}

/// Why a server should not import the file, if there is a reason.
fn unfit(report: &FileReport) -> Option<Unfit> {
    let object = report.objects.first()?;
    let module = &report.source.module;
    if replaces_process(module) {
        Some(Unfit::Replaces)
    } else if report.serves_on_import && object.is_imported {
        Some(Unfit::Serves)
    } else if manages(module) && !changes(module, &object.name) {
        Some(Unfit::Manages)
    } else {
        None
    }
}

fn replaces_process(module: &Module) -> bool {
    server_calls::calls_on_import(module).any(|value| match value {
        Value::Call { callee, .. } => callee.name().is_some_and(|name| name.starts_with("os.exec")),
        _ => false,
    })
}

/// Does the file make a command line for an app?
fn manages(module: &Module) -> bool {
    module.imports.iter().any(|import| {
        let is_script = matches!(import.module.as_str(), "flask_script" | "flask.ext.script");
        is_script && import.names.iter().any(|name| name == "Manager")
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
    let is_tool =
        |path: &str| matches!(path, "Manager" | "Migrate" | "FlaskGroup" | "script.Manager" | "ASGIMiddleware");
    let is_changed = server_calls::calls_on_import(module).any(|value| match value {
        Value::Call { callee, arguments, .. } => {
            let is_given = arguments.iter().any(|argument| argument.name() == Some(app));
            is_of_app(value) || (is_given && !callee.name().is_some_and(is_tool))
        }
        _ => false,
    });
    is_changed
        || module.scope.bindings.iter().any(|binding| match &binding.bound {
            Bound::Function(function) => function.decorators.iter().any(is_of_app),
            _ => false,
        })
}

/// The absolute import that binds a name.
fn absolute_import<'m>(module: &'m Module, name: &str) -> Option<&'m Import> {
    import_of(module, name).filter(|import| import.level == 0)
}

/// The import that binds a name.
fn import_of<'m>(module: &'m Module, name: &str) -> Option<&'m Import> {
    module.scope.named(name).find_map(|(_, binding)| match &binding.bound {
        Bound::Import(import) => Some(import),
        _ => None,
    })
}
