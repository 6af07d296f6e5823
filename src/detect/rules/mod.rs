//! The rules, in the order in which they are tried: the first that finds an app wins.

mod completing_file;
mod django;
mod flask;
mod forbidden;
mod named_target;
mod near_misses;
mod places;
mod routes_elsewhere;
mod search;

use super::Sources;
use crate::model::{Detection, Step, WebApp};
use search::Search;

/// A rule: the app that it finds, if it finds one.
type Rule = fn(&mut Search) -> Option<WebApp>;

/// The documented steps: Django, then Flask.
const DOCUMENTED: [Rule; 2] = [django::in_folder_of_root, flask::documented_file];

/// Any other web app.
const OTHER: [Rule; 5] = [
    django::deeper,
    django::other_wsgi,
    places::usual_file_of_root,
    named_target::in_file_of_root,
    places::any_other_file,
];

/// Tries the rules of the documented steps until one finds an app.
pub(super) fn find_documented(sources: &Sources, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
    if let Some(detection) = forbidden::of_root(sources.files, sources.root, &[Step::Django, Step::Flask]) {
        return detection;
    }
    let mut search = Search::new(&sources.inference, asgi_worker);
    let app = DOCUMENTED.iter().find_map(|rule| rule(&mut search));
    let mut detection = search.into_detection(app);
    sources.missed.borrow_mut().append(&mut detection.near_misses);
    detection
}

/// Tries the rules for any other web app until one finds an app; if none does, looks for what was nearly one.
pub(super) fn find_other(sources: &Sources, asgi_worker: &dyn Fn() -> &'static str) -> Detection {
    if let Some(detection) = forbidden::of_root(sources.files, sources.root, &[Step::Other]) {
        return detection;
    }
    let mut search = Search::new(&sources.inference, asgi_worker);
    sources.missed.take().into_iter().for_each(|miss| search.miss(miss));
    let app = OTHER.iter().find_map(|rule| rule(&mut search));
    if app.is_none() {
        near_misses::find(&mut search);
    }
    let mut detection = search.into_detection(app);
    if detection.app.is_none() {
        detection.evidence.extend(forbidden::of_folders(sources.files, sources.root));
    }
    detection
}
