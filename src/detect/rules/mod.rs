//! The rules, in the order in which they are tried: the first that finds an app wins.

mod completing_file;
mod django;
mod flask;
mod forbidden;
mod named_target;
mod near_misses;
mod places;
mod search;

use std::path::Path;

use super::candidate::server_calls;
use super::infer::Inference;
use super::project::Project;
use crate::files::Files;
use crate::model::{Detection, WebApp};
use search::Search;

/// A rule: the app that it finds, if it finds one.
type Rule = fn(&mut Search) -> Option<WebApp>;

/// Steps 2, 3 and 4 of the start-up order.
const RULES: [Rule; 7] = [
    django::in_folder_of_root,
    flask::documented_file,
    django::deeper,
    django::other_wsgi,
    places::usual_file_of_root,
    named_target::in_file_of_root,
    places::any_other_file,
];

/// Tries every rule until one finds an app; if none does, looks for what was nearly one.
pub(super) fn find_app(files: &dyn Files, root: &Path, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
    if let Some(detection) = forbidden::of_root(files, root) {
        return detection;
    }
    let inference = Inference::new(Project::new(files, root, server_calls::is_of_use));
    let mut search = Search::new(inference, asgi_worker);
    let app = RULES.iter().find_map(|rule| rule(&mut search));
    if app.is_none() {
        near_misses::find(&mut search);
    }
    let mut detection = search.into_detection(app);
    if detection.app.is_none() {
        detection.evidence.extend(forbidden::of_folders(files, root));
    }
    detection
}
