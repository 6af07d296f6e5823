//! What was nearly an app, when nothing was.

use std::path::{Path, PathBuf};

use super::names::{DOCUMENTED, is_other_file};
use super::steps::Search;
use crate::app::{NearMiss, Step};

/// At most this many files are looked at for what else they may be.
const MAX_LOOKS: usize = 24;

impl Search<'_> {
    /// Right names in the wrong case, and files that are started in another way.
    pub(super) fn find_misses(&mut self) {
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
                self.note(Step::Other, name, crate::app::Verdict::Rejected, &exam.reason);
                let command = framework.command(name);
                self.miss(NearMiss { path: PathBuf::from(name), reason: exam.reason, command });
            }
        }
    }
}
