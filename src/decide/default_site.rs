//! The last step: the default site, and what the log says about it.

use std::fmt::Write as _;

use super::choice::{Choice, Inputs, Start, Trail};
use crate::default_site;
use crate::files::Folder;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::{NearMiss, Notice, Step, Verdict};

/// How many near misses the log tells of; `explain` shows them all.
const NEAR_MISSES_TOLD: usize = 3;

/// The default site: what is left when every other step has chosen nothing.
pub(super) fn default_site(inputs: &Inputs, near_misses: &[NearMiss]) -> (Choice, Trail) {
    let folder = default_site::folder(inputs.files, &inputs.settings.environ);
    let reason = format!("nothing else was found; it is in `{}`", folder.display());
    let trail = Trail::of(Step::DefaultSite, "the default site", Verdict::Chosen, reason)
        .with_notice(missing_app(inputs, near_misses));
    let start = Gunicorn::find(inputs.files, &inputs.python).map(|gunicorn| {
        let mut words = arguments::common(&inputs.options, inputs.settings.port);
        words.extend([arguments::with_path("--chdir=", &folder), "application:app".into()]);
        Start::gunicorn(gunicorn, words, &inputs.options, inputs)
    });
    let target = Some("application:app".to_owned());
    (Choice { step: Step::DefaultSite, app: None, target, folder, is_asgi: false, start }, trail)
}

fn missing_app(inputs: &Inputs, near_misses: &[NearMiss]) -> Notice {
    let root = inputs.settings.app_root.display();
    let there = match inputs.files.folder(&inputs.settings.app_root) {
        Err(error) => format!("the folder cannot be read: {error}"),
        Ok(folder) => format!("there is {}", content(&folder)),
    };
    let mut message = format!(
        "no app was found in `{root}`: looked for a folder with `wsgi.py` (Django), `application.py`, `app.py` \
             (Flask), then for any file that binds a web app; {there}"
    );
    for miss in near_misses.iter().take(NEAR_MISSES_TOLD) {
        let _ = write!(message, "; `{}` {}", miss.path.display(), miss.reason);
    }
    let hint = match near_misses.iter().find_map(|miss| miss.command.as_ref()) {
        Some(command) => format!("start it with the command `{command}`, or see `pystart explain`"),
        None => "deploy an app, or give a start-up command; `pystart explain` tells what was looked at".into(),
    };
    Notice { message, hint: Some(hint) }
}

/// What is in a folder, in a few words.
fn content(folder: &Folder) -> String {
    let mut names: Vec<String> = folder.python.iter().chain(&folder.sample).map(|name| format!("`{name}`")).collect();
    names.extend(folder.folders.sorted().into_iter().map(|name| format!("`{name}/`")));
    match names.len() {
        0 => "nothing in it".into(),
        1..=8 => names.join(", "),
        count => format!("{} and {} more", names[..8].join(", "), count - 8),
    }
}
