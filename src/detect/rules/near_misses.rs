//! What was nearly an app, when nothing was: right names in the wrong case, files that are started in another way, and
//! apps that are too deep.

use std::path::{Path, PathBuf};

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::report::FileReport;
use crate::detect::limits;
use crate::detect::names::{DOCUMENTED, STARTED_BY_HAND, USUAL_FILES, is_no_own_server};
use crate::model::{NearMiss, Step, Verdict};

pub(super) fn find(search: &mut Search) {
    find_wrong_case(search);
    find_standalone(search);
    find_too_deep(search);
    search.sort_misses(|miss| {
        let name = miss.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        (miss.path.components().count(), STARTED_BY_HAND.rank(name))
    });
}

fn find_wrong_case(search: &mut Search) {
    for name in &search.inference.project.folder(Path::new("")).python {
        let lower = name.to_ascii_lowercase();
        if *name != lower && (DOCUMENTED.has(&lower) || lower == "wsgi.py") {
            let reason = format!("file names are case-sensitive here: rename it to `{lower}`");
            search.miss(NearMiss { path: PathBuf::from(name), reason, command: None });
        }
    }
}

fn find_standalone(search: &mut Search) {
    let listing = search.inference.project.folder(Path::new(""));
    for name in listing.python.iter().filter(|name| !is_no_own_server(name)).take(limits::FILES_WITHOUT_APP) {
        let Some(report) = FileReport::new(search.inference, Path::new(name), Path::new("")) else { break };
        if let Some(framework) = report.standalone {
            search.note(Step::Other, name, Verdict::Rejected, &report.rejection);
            search.miss_standalone(framework, &report, Path::new(""));
        }
    }
}

/// Apps one folder further down than anything is started from.
fn find_too_deep(search: &mut Search) {
    for folder in search.folders(limits::DEPTH + 1) {
        let listing = search.inference.project.folder(&folder);
        for name in USUAL_FILES.iter().filter(|name| listing.has(name)) {
            let Some(candidate) = Candidate::of_file(search.inference, &folder.join(name)) else { return };
            if let Some(object) = candidate.object() {
                let command = Some(search.command_of(&candidate, object));
                let path = candidate.file().to_owned();
                let reason = format!("is more than {} folders down", limits::DEPTH);
                search.miss(NearMiss { path, reason, command });
                break;
            }
        }
    }
}
