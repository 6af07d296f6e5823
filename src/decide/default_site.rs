//! Step 5: the default site, and what the log says about it.

use std::fmt::Write as _;

use super::Making;
use crate::default_site;
use crate::files::Folder;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::{NearMiss, Notice, Step, Verdict};

/// How many near misses the log tells of; `explain` shows them all.
const NEAR_MISSES_TOLD: usize = 3;

impl Making<'_, '_> {
    pub(super) fn default_site(&mut self, near_misses: Vec<NearMiss>) {
        let folder = default_site::folder(self.files, &self.settings.environ);
        if self.decision.evidence.iter().all(|fact| fact.step != Step::Other) {
            self.note(Step::Other, "any other web app", Verdict::Absent, "there is no Python file that could hold one");
        }
        let reason = format!("nothing else was found; it is in `{}`", folder.display());
        self.note(Step::DefaultSite, "the default site", Verdict::Chosen, reason);
        let notice = self.missing_app_notice(&near_misses);
        self.decision.notices.push(notice);
        self.decision.near_misses = near_misses;
        self.decision.target = Some("application:app".into());
        self.decision.folder.clone_from(&folder);
        self.decision.outcome = Gunicorn::find(self.files, &self.decision.python).map(|gunicorn| {
            let mut argv = gunicorn.words.clone();
            argv.extend(arguments::common(&self.user, self.settings.port));
            argv.extend([arguments::with_path("--chdir=", &folder), "application:app".into()]);
            self.launch_gunicorn(gunicorn, argv)
        });
    }

    fn missing_app_notice(&self, near_misses: &[NearMiss]) -> Notice {
        let root = self.settings.app_root.display();
        let there = match self.files.folder(&self.settings.app_root) {
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
