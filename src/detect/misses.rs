//! What was nearly an app, when nothing was.

use std::path::{Path, PathBuf};

use super::names::{DOCUMENTED, STARTED_BY_HAND, USUAL_FILES, is_other_file, rank};
use super::search::Search;
use super::steps::MAX_DEPTH;
use crate::model::{NearMiss, Step, Verdict};

/// At most this many files are looked at for what else they may be.
const MAX_LOOKS: usize = 24;

impl Search<'_> {
    /// Right names in the wrong case, files that are started in another way, and apps that are too deep.
    pub(super) fn find_misses(&mut self) {
        self.find_own_starts();
        self.find_deep_apps();
        // The first is what people are told to start.
        self.detection.near_misses.sort_by_cached_key(|miss| {
            let name = miss.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            (miss.path.components().count(), rank(STARTED_BY_HAND, name))
        });
    }

    /// Apps one folder further down than anything is started from.
    fn find_deep_apps(&mut self) {
        for folder in self.folders(MAX_DEPTH + 1) {
            let listing = self.workspace.folder(&folder);
            for name in USUAL_FILES.iter().filter(|name| listing.has(name)) {
                let Some(candidate) = self.workspace.candidate(&folder.join(name)) else { return };
                if let Some(object) = candidate.object() {
                    let command = Some(candidate.command(object));
                    let path = candidate.exam.source.file.clone();
                    let reason = format!("is more than {MAX_DEPTH} folders down");
                    self.miss(NearMiss { path, reason, command });
                    break;
                }
            }
        }
    }

    fn find_own_starts(&mut self) {
        let listing = self.workspace.folder(Path::new(""));
        for name in &listing.python {
            let lower = name.to_ascii_lowercase();
            if *name != lower && (DOCUMENTED.contains(&lower.as_str()) || lower == "wsgi.py") {
                let reason = format!("file names are case-sensitive here: rename it to `{lower}`");
                self.miss(NearMiss { path: PathBuf::from(name), reason, command: None });
            }
        }
        for name in listing.python.iter().filter(|name| !is_other_file(name)).take(MAX_LOOKS) {
            let Some(exam) = self.workspace.examine(Path::new(name), Path::new("")) else { break };
            if let Some(framework) = exam.own {
                self.note(Step::Other, name, Verdict::Rejected, &exam.reason);
                self.miss_own(framework, &exam);
            }
        }
    }
}
