//! The calls that start something: a development server, a bot, a window. One table of them, and what a file says by
//! such a call.

use std::path::Path;

use crate::detect::project::SourceFile;
use crate::detect::project::locate::dotted_name;
use crate::model::Interface;
use crate::python::source::{Bound, Call, Imported, Module, Place, Value};

/// What a call says about the file it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Says {
    /// What is handed in is the app: `serve(app)`, also as text: `uvicorn.run("main:app")`.
    ServesArgument,
    /// What it is called on is the app: `app.run()`.
    ServesOwner,
    /// Text that is handed in names the app, wherever it is: `Granian("app.main:app")`.
    NamesTarget,
    /// Something starts: a server, a bot, a window.
    Starts,
    /// It does not return while that runs.
    Blocks,
}
use Says::{Blocks, NamesTarget, ServesArgument, ServesOwner, Starts};

/// Every call that is known, by the last name of what is called.
pub(in crate::detect) static SERVER_CALLS: &[(&str, &[Says])] = &[
    ("run", &[ServesArgument, ServesOwner, NamesTarget, Starts, Blocks]),
    ("run_app", &[ServesArgument]),
    ("run_server", &[ServesArgument, ServesOwner]),
    ("run_simple", &[ServesArgument]),
    ("serve", &[ServesArgument]),
    ("launch", &[ServesArgument, Starts]),
    ("WSGIServer", &[ServesArgument]),
    ("make_server", &[ServesArgument]),
    ("Server", &[ServesArgument]),
    ("Granian", &[NamesTarget]),
    ("Config", &[NamesTarget]),
    ("start", &[Starts]),
    ("idle", &[Starts]),
    ("listen", &[Starts]),
    ("serve_forever", &[Starts]),
    ("run_forever", &[Starts]),
    ("run_polling", &[Starts, Blocks]),
    ("polling", &[Starts, Blocks]),
    ("infinity_polling", &[Starts, Blocks]),
    ("run_until_disconnected", &[Starts, Blocks]),
    ("mainloop", &[Starts, Blocks]),
];

/// Does a call of this name say so?
fn says(name: &str, what: Says) -> bool {
    #[cfg(test)]
    if crate::detect::words::deletion::is_deleted("SERVER_CALLS", &format!("{name} {what:?}")) {
        return false;
    }
    SERVER_CALLS.iter().any(|(known, all)| *known == name && all.contains(&what))
}

/// Are calls of this name in functions of any use, by the last name of what is called? Beside servers, that is what
/// names the settings of Django: `os.environ.setdefault`.
pub(in crate::detect) fn is_of_use(name: &str) -> bool {
    says(name, ServesArgument) || says(name, NamesTarget) || name == "setdefault"
}

/// The names that the file itself hands to a server: `app.run()`, `uvicorn.run(app)`, `uvicorn.run("main:app")`,
/// `serve(app)`, `socketio.run(app)`.
pub(in crate::detect) fn served_names(source: &SourceFile, root: &Path) -> Vec<String> {
    let own_name = dotted_name(root, &source.path).unwrap_or_default();
    let is_own = |module: &str| module == own_name || own_name.ends_with(&format!(".{module}"));
    let mut names = Vec::new();
    for call in calls_with_functions(&source.module) {
        let Value::Call { callee, arguments, .. } = &call.value else { continue };
        let Value::Name(path) = &**callee else { continue };
        let (owner, method) = path.rsplit_once('.').map_or((None, path.as_str()), |(of, name)| (Some(of), name));
        if !says(method, ServesArgument) {
            continue;
        }
        names.extend(owner.filter(|owner| says(method, ServesOwner) && !owner.contains('.')).map(str::to_owned));
        names.extend(arguments.iter().filter_map(|argument| match argument {
            Value::Name(name) => Some(name.clone()),
            // The factory: `web.run_app(create_app())`.
            Value::Call { callee, arguments, keywords } if arguments.is_empty() && keywords.is_empty() => {
                callee.name().map(str::to_owned)
            }
            Value::String(target) => {
                target.split_once(':').filter(|(module, _)| is_own(module)).map(|(_, object)| object.to_owned())
            }
            _ => None,
        }));
    }
    names
}

/// The module and object that a file hands to a server as text: `uvicorn.run("app.main:app")`.
pub(in crate::detect) fn named_target(module: &Module) -> Option<(String, String)> {
    calls_with_functions(module).find_map(|call| {
        let Value::Call { callee, arguments, keywords } = &call.value else { return None };
        if !says(callee.name()?.rsplit('.').next()?, NamesTarget) {
            return None;
        }
        let app = keywords.iter().find(|(name, _)| matches!(name.as_str(), "app" | "target"));
        let Some(Value::String(target)) = arguments.first().or(app.map(|(_, value)| value)) else { return None };
        let (module, object) = target.split_once(':')?;
        let is_factory = keywords.iter().any(|(name, value)| name == "factory" && *value == Value::Bool(true));
        let call = if is_factory && !object.ends_with(')') { "()" } else { "" };
        let is_path = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
        (is_path(module) && !module.is_empty()).then(|| (module.to_owned(), format!("{object}{call}")))
    })
}

/// The functions and classes of servers that are handed an app, by their dotted name, with the place of the app among
/// the arguments and what such a server calls.
pub(in crate::detect) static SERVERS: &[(&str, usize, Interface)] = &[
    ("uvicorn.run", 0, Interface::Asgi),
    ("uvicorn.Config", 0, Interface::Asgi),
    ("hypercorn.asyncio.serve", 0, Interface::Asgi),
    ("hypercorn.trio.serve", 0, Interface::Asgi),
    ("waitress.serve", 0, Interface::Wsgi),
    ("werkzeug.serving.run_simple", 2, Interface::Wsgi),
    ("wsgiref.simple_server.make_server", 2, Interface::Wsgi),
    ("gevent.pywsgi.WSGIServer", 1, Interface::Wsgi),
];

/// The names that a file hands to a server which is known, and what that server calls: `uvicorn.run(app)`,
/// `asyncio.run(serve(app, config))`.
pub(super) fn handed_objects(module: &Module) -> Vec<(String, Interface)> {
    let inner = |call: &'_ Call| match &call.value {
        Value::Call { arguments, .. } => arguments.first().cloned(),
        _ => None,
    };
    let calls = calls_with_functions(module).flat_map(|call| [Some(call.value.clone()), inner(call)]).flatten();
    calls.filter_map(|call| handed_object(module, &call)).collect()
}

fn handed_object(module: &Module, call: &Value) -> Option<(String, Interface)> {
    let Value::Call { callee, arguments, keywords } = call else { return None };
    let callee = callee.name()?;
    let (_, at, interface) = servers().find(|(server, ..)| means(module, callee, server))?;
    let app = keywords.iter().find(|(name, _)| name == "app").map(|(_, value)| value);
    Some((arguments.get(*at).or(app)?.name()?.to_owned(), *interface))
}

/// The table, as far as no test deletes from it.
fn servers() -> impl Iterator<Item = &'static (&'static str, usize, Interface)> {
    #[cfg(test)]
    let is_deleted = |name: &str| crate::detect::words::deletion::is_deleted("SERVERS", name);
    #[cfg(not(test))]
    let is_deleted = |_: &str| false;
    SERVERS.iter().filter(move |(name, ..)| !is_deleted(name))
}

/// Does a name in a file mean this function, by its dotted name: `uvicorn.run`, or `run` that is imported from there?
fn means(module: &Module, name: &str, function: &str) -> bool {
    let Some((package, last)) = function.rsplit_once('.') else { return false };
    let imports = |import: &Imported| import.module == package && import.names.iter().any(|own| own == last);
    name == function || (name == last && module.imports.iter().any(imports))
}

/// Does the file call this function, on import or in a function of its own? By its dotted name: `uvicorn.run`.
pub(in crate::detect) fn calls(module: &Module, function: &str) -> bool {
    let mut callees = calls_with_functions(module).filter_map(|call| match &call.value {
        Value::Call { callee, .. } => callee.name(),
        _ => None,
    });
    callees.any(|callee| means(module, callee, function))
}

/// Does anything happen when the file is run as a script: under `if __name__ == "__main__":`, by a function of its own
/// that it calls, or by something that starts?
pub(in crate::detect) fn is_script(module: &Module) -> bool {
    let is_own = |name: &str| module.scope.named(name).any(|(_, binding)| matches!(binding.bound, Bound::Function(_)));
    module.scope.calls.iter().any(|call| match (&call.value, call.place) {
        (_, Place::Main) => true,
        (Value::Call { callee, .. }, Place::Import) => match &**callee {
            Value::Name(path) => is_own(path) || path.rsplit_once('.').is_some_and(|(_, name)| says(name, Starts)),
            Value::Attribute { name, .. } => says(name, Starts),
            _ => false,
        },
        _ => false,
    })
}

/// What a file calls a method on that keeps its import from ending, if it is called on import: `bot` of `bot.run()`.
pub(super) fn blocking_owners(module: &Module) -> impl Iterator<Item = Value> {
    calls_on_import(module).filter_map(|value| match value {
        Value::Call { callee, .. } => match &**callee {
            Value::Name(path) => {
                path.rsplit_once('.').filter(|(_, name)| says(name, Blocks)).map(|(of, _)| Value::Name(of.to_owned()))
            }
            Value::Attribute { of, name } if says(name, Blocks) => Some((**of).clone()),
            _ => None,
        },
        _ => None,
    })
}

/// Is an app served when the file is imported: `app.run()` or `web.run_app(app)` at the top level?
pub(super) fn serves_on_import(module: &Module, is_app: impl Fn(&str) -> bool) -> bool {
    calls_on_import(module).any(|value| match value {
        Value::Call { callee, arguments, .. } => callee.name().is_some_and(|name| match name.rsplit_once('.') {
            Some((owner, "run")) => is_app(owner),
            _ if name.ends_with("run_app") => arguments.iter().filter_map(Value::name).any(&is_app),
            _ => false,
        }),
        _ => false,
    })
}

/// The calls that run when the file is imported.
pub(super) fn calls_on_import(module: &Module) -> impl Iterator<Item = &Value> {
    module.scope.calls.iter().filter(|call| call.place == Place::Import).map(|call| &call.value)
}

/// The calls at the top level and those in its functions.
fn calls_with_functions(module: &Module) -> impl Iterator<Item = &Call> {
    let functions = module.scope.bindings.iter().filter_map(|binding| match &binding.bound {
        Bound::Function(function) => Some(&function.scope.calls),
        _ => None,
    });
    module.scope.calls.iter().chain(functions.flatten())
}
