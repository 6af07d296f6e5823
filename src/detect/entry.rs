//! The file that makes the app of another file whole: what it adds is missing when the app is imported from its own.

use super::candidate::Candidate;
use super::frameworks;
use super::names::USUAL_FILES;
use super::objects::Object;
use super::search::Search;
use crate::model::{Step, Verdict, WebApp};
use crate::python::source::{Module, Place, Value};

impl Search<'_> {
    /// A Dash app of several files is not whole until the file that runs it was imported: `index.py` with
    /// `from app import app, server`, the layout, and `app.run()`. Neither is an app whose file calls
    /// `db.init_app(app)` only under `if __name__ == "__main__":`, when another calls it on import.
    pub(super) fn entry_of(&mut self, step: Step, candidate: &Candidate, object: &Object) -> Option<WebApp> {
        let module = &candidate.exam.source.module;
        let is_held = frameworks::is_held(object.kind.framework) && !candidate.exam.runs;
        let late = set_up(module, Place::Main, &object.name);
        if !is_held && late.is_none() {
            return None;
        }
        let folder = candidate.exam.source.folder().to_owned();
        let listing = self.workspace.folder(&folder);
        for name in USUAL_FILES.iter().filter(|name| listing.has(name)) {
            let Some(entry) = self.workspace.candidate(&folder.join(name)) else { break };
            let added = &entry.exam.source.module;
            let mut imports = added.imports.iter();
            let is_there = entry.base == candidate.base && imports.any(|import| import.module == candidate.module);
            let Some(object) = entry.object().filter(|_| is_there).cloned() else { continue };
            let file = entry.exam.source.file.display().to_string();
            let early = set_up(added, Place::Import, &object.name).filter(|call| Some(*call) == late);
            let reason = match early {
                Some(call) => {
                    let reason = format!(
                        "calls `{call}({})` only when it is run as a script; `{file}` does so on import",
                        object.name
                    );
                    let subject = candidate.exam.source.file.display().to_string();
                    self.note(step, &subject, Verdict::Rejected, &reason);
                    format!("`{file}` sets up the app of `{}.py`", candidate.module)
                }
                None if is_held && entry.exam.runs => format!("`{file}` runs the app of `{}.py`", candidate.module),
                None => continue,
            };
            return Some(self.choose(Step::Other, &entry, &object, reason));
        }
        None
    }
}

/// The function by which an extension is tied to an app, if that is done at this place: `db.init_app(app)`.
fn set_up<'m>(module: &'m Module, place: Place, app: &str) -> Option<&'m str> {
    module.scope.calls.iter().filter(|call| call.place == place).find_map(|call| match &call.value {
        Value::Call { callee, arguments, .. } if arguments.first()?.name() == Some(app) => {
            callee.name().filter(|path| path.ends_with(".init_app"))
        }
        _ => None,
    })
}
