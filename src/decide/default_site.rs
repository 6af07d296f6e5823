//! The last step: the default site, and what the log says about it.

use std::fmt::Write as _;
use std::io::{Error, ErrorKind};

use nix::libc;

use super::choice::{Choice, Inputs, Start, Trail};
use crate::default_site;
use crate::error::{Failure, status};
use crate::files::Folder;
use crate::gunicorn::{Gunicorn, arguments};
use crate::model::{NearMiss, Notice, Step, Verdict};

/// How many near misses the log tells of; `explain` shows them all.
const NEAR_MISSES_TOLD: usize = 3;

/// The default site: what is left when every other step has chosen nothing.
pub(super) fn default_site(inputs: &Inputs, near_misses: &[NearMiss]) -> (Choice, Trail) {
    if !inputs.settings.has_default_site {
        return nothing(inputs, near_misses);
    }
    if let Some(failure) = unreadable_root(inputs) {
        let trail = Trail::of(Step::DefaultSite, "the default site", Verdict::Rejected, "an app may be there");
        return (Choice::impossible(Step::DefaultSite, failure, inputs), trail);
    }
    let (folder, copy) = default_site::locate(inputs.files, &inputs.settings.environ);
    let reason = format!("nothing else was found; it is in `{}`", folder.display());
    let missing = missing_app(inputs, near_misses);
    let trail = Trail::of(Step::DefaultSite, "the default site", Verdict::Chosen, reason).with_notice(missing.clone());
    let trail = Trail { missing: Some(missing), ..trail };
    let start = Gunicorn::find(inputs.files, &inputs.python).map(|gunicorn| {
        let mut words = arguments::common(&inputs.options, inputs.settings.port);
        words.extend([arguments::with_path("--chdir=", &folder), "application:app".into()]);
        let mut start = Start::gunicorn(gunicorn, words, &inputs.options, inputs);
        start.copies.extend(copy);
        if let Some(documentation) = documentation(env!("CARGO_PKG_REPOSITORY")) {
            start.variables.push((default_site::DOCUMENTATION.to_owned(), documentation.into()));
        }
        start.variables.push((default_site::SEARCHED_FOLDER.to_owned(), inputs.settings.app_root.clone().into()));
        start
    });
    let target = Some("application:app".to_owned());
    (Choice { step: Step::DefaultSite, app: None, target, folder, is_asgi: false, start }, trail)
}

/// No descriptor left, a disk that fails: the app may well be there, and the next start may find it.
fn unreadable_root(inputs: &Inputs) -> Option<Failure> {
    let root = &inputs.settings.app_root;
    let error = inputs.files.folder(root).err()?;
    let is_absent =
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied)
            || error.raw_os_error().is_some_and(|number| [libc::ELOOP, libc::ENAMETOOLONG].contains(&number));
    if is_absent {
        return None;
    }
    let message =
        format!("the app root `{}` cannot be read, so that nobody knows what to start: {error}", root.display());
    let hint = "mend what it names (a limit of the container, a disk) and start again";
    Some(Failure { message, hint: Some(hint.into()), status: status::NO })
}

/// No app, and no default site either: a broken image must not look like one that works.
fn nothing(inputs: &Inputs, near_misses: &[NearMiss]) -> (Choice, Trail) {
    let missing = missing_app(inputs, near_misses);
    let reason = "`--no-default-site` or `PYSTART_DEFAULT_SITE=off` was given";
    let trail = Trail::of(Step::DefaultSite, "the default site", Verdict::Rejected, reason);
    let trail = Trail { missing: Some(missing.clone()), ..trail };
    let Notice { message, hint } = missing;
    let failure = Failure { message, hint, status: status::NO };
    (Choice::impossible(Step::DefaultSite, failure, inputs), trail)
}

/// The page on this very matter, in the repository that the program was made from; `None` where none is named.
fn documentation(repository: &str) -> Option<String> {
    let page = concat!("/blob/v", env!("CARGO_PKG_VERSION"), "/docs/troubleshooting.md");
    repository.starts_with("https://").then(|| format!("{}{page}", repository.trim_end_matches('/')))
}

fn missing_app(inputs: &Inputs, near_misses: &[NearMiss]) -> Notice {
    let root = inputs.settings.app_root.display();
    let there = match inputs.files.folder(&inputs.settings.app_root) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return forbidden_root(inputs, &error),
        Err(error) => format!("the folder cannot be read: {error}"),
        Ok(folder) => format!("there is {}", content(&folder)),
    };
    let forbidden = forbidden_folders(inputs);
    let mut message = format!(
        "{forbidden}no app was found in `{root}`: looked for a folder with `wsgi.py` (Django), `application.py`, `app.py` \
             (Flask), then for any file that binds a web app; {there}"
    );
    for miss in near_misses.iter().take(NEAR_MISSES_TOLD) {
        let _ = write!(message, "; `{}` {}", miss.path.display(), miss.reason);
    }
    let hint = match near_misses.iter().find_map(|miss| miss.command.as_ref()) {
        _ if !forbidden.is_empty() => CHANGE_MODE.into(),
        Some(command) => format!("start it with the command `{command}`"),
        None => "deploy an app there, name its folder with `PYSTART_APP_ROOT`, or give a start-up command".into(),
    };
    Notice { message, hint: Some(hint) }
}

/// What to do about folders that the user of the container may not read.
const CHANGE_MODE: &str =
    "make it readable for the user that the container runs as (`chmod -R a+rX`), or run as its owner";

/// Nothing can be said about an app root that may not be read but this.
fn forbidden_root(inputs: &Inputs, error: &Error) -> Notice {
    let root = inputs.settings.app_root.display();
    Notice {
        message: format!(
            "the app root `{root}` may not be read by the user that pystart runs as, so that nobody knows whether an app \
             is in it: {error}"
        ),
        hint: Some(CHANGE_MODE.into()),
    }
}

/// The folders in which an app may be that nobody could look into, as the beginning of a message.
fn forbidden_folders(inputs: &Inputs) -> String {
    let forbidden = inputs.files.forbidden();
    let inside = forbidden.iter().filter_map(|folder| folder.strip_prefix(&inputs.settings.app_root).ok());
    let names: Vec<String> = inside.take(NEAR_MISSES_TOLD).map(|folder| format!("`{}/`", folder.display())).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("{} may not be read by the user that pystart runs as; apart from that ", names.join(", "))
}

/// What is in a folder, in a few words.
fn content(folder: &Folder) -> String {
    let mut names: Vec<String> = folder.python.iter().map(|name| format!("`{name}`")).collect();
    names.extend(folder.folders.sorted().into_iter().map(|name| format!("`{name}/`")));
    names.extend(folder.sample.iter().map(|name| format!("`{name}`")));
    match names.len() {
        0 => "nothing in it".into(),
        1..=8 => names.join(", "),
        count => format!("{} and {} more", names[..8].join(", "), count - 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_that_of_this_version_in_the_repository_that_is_named() {
        let page = documentation("https://example.org/me/pystart/").unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(page, format!("https://example.org/me/pystart/blob/v{version}/docs/troubleshooting.md"));
        assert_eq!(documentation(""), None);
    }
}
