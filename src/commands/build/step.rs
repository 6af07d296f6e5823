//! One command of a build, as a value.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// The folder that it runs in.
    pub(super) folder: PathBuf,
    /// Variables it gets besides those of the build.
    pub(super) variables: Vec<(&'static str, OsString)>,
    /// Its standard output goes into this file, not to where people read.
    pub(super) output: Option<PathBuf>,
    /// What it is for, where the command itself is no reading matter.
    pub(super) purpose: Option<&'static str>,
}

impl Step {
    /// A command that runs in the root of the disk, for want of another folder.
    pub(super) fn new<A: AsRef<OsStr>>(program: &Path, arguments: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.to_owned(),
            arguments: arguments.into_iter().map(|word| word.as_ref().to_owned()).collect(),
            folder: "/".into(),
            variables: Vec::new(),
            output: None,
            purpose: None,
        }
    }

    /// The same in another folder.
    #[must_use]
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// What it is for, else the command.
    #[must_use]
    pub(super) fn title(&self) -> String {
        self.purpose.map_or_else(|| self.command(), str::to_owned)
    }

    /// The command as a person would type it, for messages.
    #[must_use]
    pub(super) fn command(&self) -> String {
        let program = self.program.file_name().unwrap_or(self.program.as_os_str());
        let words = std::iter::once(program).chain(self.arguments.iter().map(OsString::as_os_str));
        words.map(shown).collect::<Vec<_>>().join(" ")
    }
}

/// A program given as an argument is no reading matter, and the image's pip is known by another name.
fn shown(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    match &*text {
        text if text.contains('\n') => "...".into(),
        text if text.ends_with("/pip/__pip-runner__.py") => "-m pip".into(),
        text => text.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let step = Step::new(Path::new("/e/bin/python"), ["/x/pip/__pip-runner__.py", "install", "a\u{1b}b"]);
        assert_eq!(step.command(), "python -m pip install a\\u{1b}b");
        assert_eq!(Step::new(Path::new("python3"), ["-c", "import sys\nx"]).command(), "python3 -c ...");
    }
}
