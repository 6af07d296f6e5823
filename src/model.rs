//! The vocabulary of a decision: which step of the start-up order, which app, the facts that settled it, and what is
//! started, to the last byte.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use serde::Serialize;

use crate::embedded::EmbeddedCopy;
use crate::environ::Environ;
use crate::path_text::lossless;

/// A step of the documented start-up order; the order of the variants is the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The custom command.
    Custom,
    /// Django: a folder of the root with `wsgi.py`.
    Django,
    /// Flask: `application.py`, else `app.py`, in the root.
    Flask,
    /// What the author has written down: a Procfile, `FLASK_APP`, ...
    Declared,
    /// Any other web app that is recognised with certainty.
    Other,
    /// A web app that brings its own server.
    OwnServer,
    /// The default site.
    DefaultSite,
}

/// How a server calls the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// PEP 3333.
    Wsgi,
    /// The asynchronous one; needs a worker class of its own in gunicorn.
    Asgi,
    /// That of aiohttp, which brings its own worker class.
    Aiohttp,
}

/// What happened to something that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// This is what is started.
    Chosen,
    /// It was there, and something speaks against it.
    Rejected,
    /// It was looked for and is not there.
    Absent,
    /// It would have done, but something better was found.
    Outranked,
    /// A fact that is worth knowing and decides nothing.
    Noted,
}

/// One line of the reasoning: what was looked at in which step, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The step it belongs to.
    pub step: Step,
    /// What was looked for or looked at, in the user's words: a path relative to the app root, a command.
    pub subject: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, as the end of a sentence that begins with the subject: lower case, no final period.
    pub reason: String,
}

/// Something a person should know, and what to do about it. Never a value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What is the matter: lower case, no final period, literals in backticks.
    pub message: String,
    /// One thing to do, if we know one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Something that looks like an app but is not started, with the command that would start it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// Where it is, relative to the app root.
    #[serde(serialize_with = "crate::path_text::path")]
    pub path: PathBuf,
    /// Why it was not taken.
    pub reason: String,
    /// The start command for it (`gunicorn ...`, `streamlit run ...`), if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// A web app that gunicorn can serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebApp {
    /// The step that found it.
    pub step: Step,
    /// The framework's own spelling: `Django`, `Flask`, `FastAPI`; `WSGI` or `ASGI` when it is not known.
    pub framework: &'static str,
    /// The dotted path of the module, from `folder`.
    pub module: String,
    /// The object in it, `name` or `name()`; `None` where the documented command names none (gunicorn then
    /// takes `application`).
    pub object: Option<String>,
    /// The folder that the module path starts from, relative to the app root; empty for the root itself.
    #[serde(serialize_with = "crate::path_text::path")]
    pub folder: PathBuf,
    /// The file that holds the object, relative to the app root.
    #[serde(serialize_with = "crate::path_text::path")]
    pub file: PathBuf,
    /// How a server calls it.
    pub interface: Interface,
    /// Why this one, as the end of the sentence "Django app, because ...".
    pub reason: String,
    /// What is served in its place where no worker class for its interface is installed: Django's WSGI side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Box<WebApp>>,
}

/// What looking through the app root came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// The app, or none: then the default site is next.
    pub app: Option<WebApp>,
    /// Every fact of steps 2, 3 and 4, in the order in which they were established.
    pub evidence: Vec<Evidence>,
    /// What the user should hear even when all is well: an equally good candidate, a shadowed module.
    pub notices: Vec<Notice>,
    /// What was nearly it; filled when `app` is none.
    pub near_misses: Vec<NearMiss>,
}

/// Who is left when the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The server takes our place: nothing of pystart stays.
    Exec,
    /// pystart stays as init in front of it.
    Init,
}

/// A start, ready to be done or to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The path of the program.
    pub program: PathBuf,
    /// The arguments, the program's name first.
    pub argv: Vec<OsString>,
    /// The folder it is started in: the app root, or `/` where that cannot be entered.
    pub directory: PathBuf,
    /// Its whole environment.
    pub environ: Environ,
    /// Who is left.
    pub mode: Mode,
    /// It is a shell, which does not pass signals on.
    pub is_shell: bool,
    /// What has to be written first.
    pub copies: Vec<EmbeddedCopy>,
    /// Where its site is expected, as far as that is known and an init is there to look.
    pub expected_port: Option<u16>,
}

/// Which variables differ from those that we were given. Names only, never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// New, or with another value; sorted.
    pub set: Vec<String>,
    /// Taken out; sorted.
    pub removed: Vec<String>,
}

impl Changes {
    /// From the environment that we were given to the one that the server gets.
    #[must_use]
    pub fn between(given: &Environ, passed: &Environ) -> Self {
        // Of two values with one name the first counts, as for `getenv`.
        let first_values = |environ: &'_ Environ| -> BTreeMap<OsString, OsString> {
            let mut values = BTreeMap::new();
            for (name, value) in environ.iter() {
                values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
            values
        };
        let (before, after) = (first_values(given), first_values(passed));
        // A name that stands twice is told once, and whether any of its values is new.
        let changed = passed.iter().filter(|(name, value)| before.get(*name).is_none_or(|old| old != value));
        let removed = before.keys().filter(|name| !after.contains_key(*name));
        let told = |names: BTreeSet<&OsStr>| {
            let mut told: Vec<String> = names.into_iter().map(|name| lossless(name).into_owned()).collect();
            told.sort_unstable();
            told
        };
        Self {
            set: told(changed.map(|(name, _)| name).collect()),
            removed: told(removed.map(OsString::as_os_str).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_names_sorted_and_without_values() {
        let given: Environ = [("B", "1"), ("PORT", ""), ("A", "1"), ("SAME", "x")].into_iter().collect();
        let passed: Environ =
            [("HOST", "0.0.0.0"), ("B", "2"), ("B", "3"), ("A", "1"), ("SAME", "x")].into_iter().collect();
        let changes = Changes::between(&given, &passed);
        assert_eq!((changes.set, changes.removed), (vec!["B".into(), "HOST".into()], vec!["PORT".into()]));
    }
}
