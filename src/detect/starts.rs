//! What a file itself hands to a server when it is run as a script.

use std::path::Path;

use super::workspace::{Source, dotted};
use crate::python::source::{Bound, Module, Place, Value};

/// The names that the file itself hands to a server: `app.run()`, `uvicorn.run(app)`, `uvicorn.run("main:app")`,
/// `serve(app)`, `socketio.run(app)`.
pub(super) fn started(source: &Source, base: &Path) -> Vec<String> {
    let own_name = dotted(base, &source.file).unwrap_or_default();
    let mut names = Vec::new();
    let functions = source.module.scope.bindings.iter().filter_map(|binding| match &binding.bound {
        Bound::Function(function) => Some(&function.scope.calls),
        _ => None,
    });
    for call in source.module.scope.calls.iter().chain(functions.flatten()) {
        let Value::Call { callee, arguments, .. } = &call.value else { continue };
        let Value::Name(path) = &**callee else { continue };
        let method = path.rsplit('.').next().unwrap_or_default();
        if !matches!(method, "run" | "serve" | "run_simple" | "run_server" | "launch" | "WSGIServer" | "Server") {
            continue;
        }
        match path.rsplit_once('.') {
            Some((object, "run" | "run_server")) if !object.contains('.') => names.push(object.to_owned()),
            _ => {}
        }
        for argument in arguments {
            match argument {
                Value::Name(name) => names.push(name.clone()),
                Value::String(target) => {
                    let target = target.split_once(':');
                    if let Some((module, object)) = target
                        && (module == own_name || own_name.ends_with(&format!(".{module}")))
                    {
                        names.push(object.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    names
}

/// What starts a bot, a window or a server; for files that do it at the top level.
const STARTS: [&str; 12] = [
    "idle",
    "infinity_polling",
    "launch",
    "listen",
    "mainloop",
    "polling",
    "run",
    "run_forever",
    "run_polling",
    "run_until_disconnected",
    "serve_forever",
    "start",
];

/// Does anything happen when the file is run as a script: under `if __name__ == "__main__":`, by a function of its own
/// that it calls, or by something that starts?
pub(super) fn is_script(module: &Module) -> bool {
    let is_own = |name: &str| {
        let mut bindings = module.scope.bindings.iter();
        bindings.any(|binding| binding.name == name && matches!(binding.bound, Bound::Function(_)))
    };
    module.scope.calls.iter().any(|call| match (&call.value, call.place) {
        (_, Place::Main) => true,
        (Value::Call { callee, .. }, Place::Import) => match &**callee {
            Value::Name(path) => {
                is_own(path) || path.rsplit_once('.').is_some_and(|(_, method)| STARTS.contains(&method))
            }
            Value::Attribute { name, .. } => STARTS.contains(&name.as_str()),
            _ => false,
        },
        _ => false,
    })
}

/// The module and object that a file hands to a server as text: `uvicorn.run("app.main:app")`.
pub(super) fn named_target(source: &Source) -> Option<(String, String)> {
    let functions = source.module.scope.bindings.iter().filter_map(|binding| match &binding.bound {
        Bound::Function(function) => Some(&function.scope.calls),
        _ => None,
    });
    source.module.scope.calls.iter().chain(functions.flatten()).find_map(|call| {
        let Value::Call { callee, arguments, keywords } = &call.value else { return None };
        let path = callee.name()?;
        let is_server = path.ends_with("run") || path.ends_with("Granian") || path.ends_with("Config");
        let app = keywords.iter().find(|(name, _)| matches!(name.as_str(), "app" | "target"));
        let target = arguments.first().or(app.map(|(_, value)| value));
        let Some(Value::String(target)) = target.filter(|_| is_server) else { return None };
        let (module, object) = target.split_once(':')?;
        let is_factory = keywords.iter().any(|(name, value)| name == "factory" && *value == Value::Bool(true));
        let call = if is_factory && !object.ends_with(')') { "()" } else { "" };
        let is_path = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
        (is_path(module) && !module.is_empty()).then(|| (module.to_owned(), format!("{object}{call}")))
    })
}

/// The calls that are kept of a function's body, by the last name of what is called: what starts something, and what
/// names the settings (`os.environ.setdefault`).
pub(super) fn is_kept(name: &str) -> bool {
    matches!(name, "run" | "run_server" | "run_simple" | "serve" | "launch" | "setdefault")
}
