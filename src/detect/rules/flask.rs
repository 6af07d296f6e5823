//! Step 3: `application.py`, else `app.py`, in the app root.

use std::path::Path;

use super::completing_file;
use super::routes_elsewhere;
use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::names::DOCUMENTED;
use crate::detect::project::locate::Located;
use crate::model::{Step, Verdict, WebApp};

pub(super) fn documented_file(search: &mut Search) -> Option<WebApp> {
    let listing = search.inference.project.folder(Path::new(""));
    for name in DOCUMENTED.iter() {
        if !listing.has(name) {
            search.note(Step::Flask, name, Verdict::Absent, "not in the app root");
            continue;
        }
        let Some(mut candidate) = Candidate::of_file(search.inference, Path::new(name)) else { continue };
        let located = search.inference.project.locate(Path::new(""), &candidate.module);
        if let Some(package) = located.and_then(Located::file).filter(|file| file != Path::new(name)) {
            search.reject(Step::Flask, &candidate);
            let Some(inside) = app_of_package(search, &package) else { continue };
            candidate = inside;
        }
        let Some(object) = candidate.report.documented_object() else {
            search.reject(Step::Flask, &candidate);
            continue;
        };
        if let Some(app) = completing_file::find(search, Step::Flask, &candidate, &object) {
            return Some(app);
        }
        if let Some(app) = routes_elsewhere::find(search, &candidate, &object) {
            return Some(app);
        }
        let reason = reason(&candidate, &object);
        return Some(search.choose(Step::Flask, &candidate, &object, reason));
    }
    None
}

/// The package that hides the file, if the documented command finds `app` in it.
fn app_of_package(search: &Search, init: &Path) -> Option<Candidate> {
    let inside = Candidate::of_file(search.inference, init)?;
    let is_documented = inside.root.as_os_str().is_empty() && inside.object()?.name == "app";
    is_documented.then_some(inside)
}

fn reason(candidate: &Candidate, object: &AppObject) -> String {
    let name = candidate.file().display();
    if !candidate.report.objects.is_empty() {
        format!("`{name}` {}", object.described())
    } else if candidate.report.source.error.is_some() {
        format!("`{name}` cannot be read, and is started as documented")
    } else if let Some(reason) = candidate.report.source.module.not_parsed {
        format!("`{name}` {reason}; it is started as documented")
    } else {
        format!("`{name}` does not show its app, and is started as documented")
    }
}
