//! What limits a report: what could not be read, whose start it speaks of, and which folder was meant.

use std::fs;

use super::{pid1::Source, unreadable};
use crate::model::Notice;
use crate::settings::Settings;

/// All that has to be said before a report, the gravest first.
pub(crate) fn caveats(settings: &Settings, source: Source) -> Vec<Notice> {
    [unreadable::notice(&settings.app_root), source.notice(), other_folder(settings)].into_iter().flatten().collect()
}

/// The platform's folder is not here, and nobody named another, but the current one looks like an app's.
fn other_folder(settings: &Settings) -> Option<Notice> {
    if settings.app_root_from.is_some() || settings.app_root.exists() {
        return None;
    }
    let here = std::env::current_dir().ok()?;
    let is_python = |entry: fs::DirEntry| entry.path().extension().is_some_and(|end| end == "py");
    let has_app = here.join("requirements.txt").is_file()
        || here.join("pyproject.toml").is_file()
        || fs::read_dir(&here).ok()?.flatten().any(is_python);
    has_app.then(|| Notice {
        message: format!("`{}` is not here, and it is the folder that was asked about", settings.app_root.display()),
        hint: Some(format!("to ask about the current folder, `{}`, add `-C .`", here.display())),
    })
}
