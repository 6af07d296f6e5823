//! What limits a report: what could not be read, whose start it speaks of, and which folder was meant.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use nix::unistd::geteuid;

use super::{pid1::Source, unreadable};
use crate::invocation::Invocation;
use crate::model::Notice;
use crate::process::procfs;
use crate::settings::Settings;

/// All that has to be said before a report, the gravest first.
pub(crate) fn caveats(settings: &Settings, source: Source, invocation: &Invocation) -> Vec<Notice> {
    let other_session = (source == Source::Process && !invocation.is_pid_1).then(unreadable_pid_1).flatten();
    [unreadable::notice(&settings.app_root), other_session, other_folder(settings)].into_iter().flatten().collect()
}

/// A session of another user than the site's: it has neither the site's variables nor its start-up command.
fn unreadable_pid_1() -> Option<Notice> {
    let error = procfs::environ(1).err()?;
    let words = procfs::words(1);
    let is_ours = words.iter().any(|word| {
        let name = Path::new(word).file_name().unwrap_or(word.as_os_str()).as_encoded_bytes();
        name.starts_with(b"pystart") || name.starts_with(b"gunicorn")
    });
    (error.kind() == ErrorKind::PermissionDenied && is_ours).then(|| Notice {
        message: format!(
            "the variables of process 1 may not be read by user {}: this speaks of a start with those of this shell",
            geteuid()
        ),
        hint: Some("ask as the user of the site, or as root: `docker exec --user 0 ...`".into()),
    })
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
