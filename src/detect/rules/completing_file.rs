//! The file that completes the app of another: what it adds is missing when the app is imported from its own file.

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::frameworks;
use crate::detect::names::USUAL_FILES;
use crate::model::{Step, Verdict, WebApp};
use crate::python::source::{Bound, Module, Place, Value};

/// Files that exist for no other reason than to be named in a start command.
const ENTRY_FILES: [&str; 2] = ["wsgi.py", "asgi.py"];

/// A Dash app of several files is not complete until the file that runs it was imported: `index.py` with
/// `from app import app, server`, the layout, and `app.run()`. Neither is an app whose file calls `db.init_app(app)`
/// only under `if __name__ == "__main__":`, when another calls it on import; nor one that its file only has a function for,
/// when a `wsgi.py` beside it calls that.
pub(super) fn find(search: &mut Search, step: Step, candidate: &Candidate, object: &AppObject) -> Option<WebApp> {
    let source = &candidate.report.source;
    let may_be_part = frameworks::is_held(object.kind.framework) && !candidate.report.serves;
    let late = init_app_call(&source.module, Place::Main, &object.name);
    if !may_be_part && late.is_none() && !object.is_factory {
        return None;
    }
    let factory = object.is_factory.then(|| object.name.trim_end_matches("()"));
    let listing = search.inference.project.folder(source.folder());
    for name in USUAL_FILES.iter().filter(|name| listing.has(name)) {
        let Some(other) = Candidate::of_file(search.inference, &source.folder().join(name)) else { break };
        let module = &other.report.source.module;
        let imports_it = module.imports.iter().any(|import| import.module == candidate.module);
        let imports_it = imports_it && other.root == candidate.root && other.file() != candidate.file();
        let completes = may_be_part && (other.report.serves || sets_layout(module));
        let file = other.file().display().to_string();
        let Some(object) = other.object().filter(|_| imports_it).cloned() else {
            if imports_it && completes {
                search.notice(
                    format!("`{}` has no layout until `{file}` was imported, which binds no server", candidate.module),
                    format!("add the line `from {} import {}` to `{file}`", candidate.module, object.name),
                );
            }
            continue;
        };
        let early = init_app_call(module, Place::Import, &object.name).filter(|call| Some(*call) == late);
        let reason = if let Some(call) = early {
            let reason =
                format!("calls `{call}({})` only when it is run as a script; `{file}` does so on import", object.name);
            search.note(step, &candidate.file().display().to_string(), Verdict::Rejected, &reason);
            format!("`{file}` sets up the app of `{}.py`", candidate.module)
        } else if completes {
            format!("`{file}` completes the app of `{}.py`", candidate.module)
        } else if factory.is_some_and(|factory| ENTRY_FILES.contains(&name) && calls(module, &object.name, factory)) {
            search.note(
                step,
                &candidate.file().display().to_string(),
                Verdict::Outranked,
                "only makes the app when called",
            );
            format!("`{file}` calls `{}.py` to make the app", candidate.module)
        } else {
            continue;
        };
        return Some(search.choose(Step::Other, &other, &object, reason));
    }
    None
}

/// Is an object what an imported function gives: `app = create_app(config)`?
fn calls(module: &Module, object: &str, factory: &str) -> bool {
    let Some(Value::Call { callee, .. }) = module.value(object) else { return false };
    let Some(called) = callee.name() else { return false };
    module.scope.named(called).next_back().is_some_and(|(_, binding)| match &binding.bound {
        Bound::Import(import) => import.name.as_deref() == Some(factory),
        _ => false,
    })
}

/// Is the layout of a Dash app set: `app.layout = ...`?
fn sets_layout(module: &Module) -> bool {
    module.scope.calls.iter().any(|call| match &call.value {
        Value::Call { callee, arguments, .. } => {
            let is_assignment = callee.name().is_some_and(|name| name.ends_with(".__setattr__"));
            is_assignment && matches!(arguments.first(), Some(Value::String(name)) if name == "layout")
        }
        _ => false,
    })
}

/// The call by which an extension is tied to an app, if that is done at this place: `db.init_app(app)`.
fn init_app_call<'m>(module: &'m Module, place: Place, app: &str) -> Option<&'m str> {
    module.scope.calls.iter().filter(|call| call.place == place).find_map(|call| match &call.value {
        Value::Call { callee, arguments, .. } if arguments.first()?.name() == Some(app) => {
            callee.name().filter(|path| path.ends_with(".init_app"))
        }
        _ => None,
    })
}
