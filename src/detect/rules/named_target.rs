//! A module that a file of the root hands to a server as text: `uvicorn.run("app.main:app")`.

use std::path::Path;

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::report::FileReport;
use crate::detect::candidate::server_calls::named_target;
use crate::detect::names::USUAL_FILES;
use crate::detect::project::locate::Located;
use crate::model::{Step, WebApp};

pub(super) fn in_file_of_root(search: &mut Search) -> Option<WebApp> {
    let root = Path::new("");
    let listing = search.inference.project.folder(root);
    for name in USUAL_FILES.iter().filter(|name| listing.has(name)) {
        let Some(source) = search.inference.project.source(Path::new(name)) else { break };
        let Some((module, object)) = named_target(&source.module) else { continue };
        let Some(file) = search.inference.project.locate(root, &module).and_then(Located::file) else { continue };
        let Some(report) = FileReport::new(search.inference, &file, root) else { continue };
        let Some(object) = report.objects.iter().find(|found| found.name == object).cloned() else { continue };
        let candidate = Candidate { root: root.to_owned(), module, report, redirected_from: None };
        let reason = format!("`{name}` hands `{}:{}` to its server", candidate.module, object.name);
        return Some(search.choose(Step::Other, &candidate, &object, reason));
    }
    None
}
