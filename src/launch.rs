//! What is started, to the last byte: equal values start equal servers.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use serde::Serialize;

use crate::environ::Environ;

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
}

/// Which variables differ from those that we were given. Names only: values are nobody's business.
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
        let names = |from: &Environ, differs: &dyn Fn(&OsStr, &OsStr) -> bool| {
            let mut names: Vec<String> = from
                .iter()
                .filter(|(name, value)| differs(name, value))
                .map(|(name, _)| name.to_string_lossy().into_owned())
                .collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let value_in = |environ: &Environ, wanted: &OsStr| {
            environ.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
        };
        Self {
            set: names(passed, &|name, value| value_in(given, name).as_deref() != Some(value)),
            removed: names(given, &|name, _| value_in(passed, name).is_none()),
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
