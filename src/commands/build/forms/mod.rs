//! The forms in which a project says what it needs: a table with one row a form, and one file a row.
//!
//! A form is looked for in the folder of the app, then upwards to the app root. In one folder a lock file wins over a
//! list, and a list over what is only a wish: the rows are in that order.

mod pdm;
mod pipfile;
mod poetry;
mod project;
mod pylock;
mod requirements;
mod setup_py;
mod uv_lock;

use std::cell::OnceCell;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use toml::Table;

use super::plan::Install;
use super::python_version;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::{Access, Files};

/// One form: what shows it, what an environment of it depends on, and how it is installed.
pub(super) struct Form {
    /// The file that shows the form in a folder, relative to that folder; `None` if the folder has no such project.
    pub(super) file: fn(&Folder<'_>) -> Option<String>,
    /// Files beside it that count as well, if they are there.
    pub(super) beside: &'static [&'static str],
    /// Follow the lines of the file to other files and to projects on this disk.
    pub(super) is_requirements_file: bool,
    /// How it is installed.
    pub(super) install: fn(&Found<'_>) -> Result<Install, Failure>,
    /// Which versions of Python it is for.
    pub(super) python: fn(&Folder<'_>) -> Option<Wanted>,
}

/// Every form, best first.
const FORMS: [&Form; 10] = [
    &uv_lock::FORM,
    &poetry::LOCKED,
    &pdm::FORM,
    &pipfile::LOCKED,
    &requirements::FORM,
    &pylock::FORM,
    &poetry::UNLOCKED,
    &pipfile::UNLOCKED,
    &project::FORM,
    &setup_py::FORM,
];

/// Versions of Python that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// As it is written: `>=3.10,<4`.
    pub(super) versions: String,
    /// Where: `requires-python` in `pyproject.toml`.
    pub(super) place: &'static str,
}

/// A folder that may hold a project.
pub(super) struct Folder<'a> {
    files: &'a dyn Files,
    /// Its path, absolute.
    pub(super) path: PathBuf,
    /// The folder that `uv.lock` of a workspace is looked for in, last; see [`uv_lock`].
    root: &'a Path,
    pyproject: OnceCell<Result<Option<Table>, Failure>>,
}

impl<'a> Folder<'a> {
    /// The folder at `path`, in the app root `root` or that itself.
    #[must_use]
    pub(super) fn new(files: &'a dyn Files, root: &'a Path, path: &Path) -> Self {
        Self { files, path: path.to_owned(), root, pyproject: OnceCell::new() }
    }

    /// Is this file there? Whatever it is: a pipe of the right name, or a file that a disk does not give at this time, is an
    /// error later on, not another project.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_missing = |error: &Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        !self.files.kind(&self.path.join(name)).is_err_and(|error| is_missing(&error))
    }

    fn shown_by(&self, name: &str) -> Option<String> {
        self.has(name).then(|| name.to_owned())
    }

    pub(super) fn is_writable(&self) -> bool {
        self.files.may(&self.path, Access::Write)
    }

    /// The text of a file; `None` if it is not there.
    fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        let path = self.path.join(name);
        if self.files.kind(&path).is_ok() && !self.files.is_file(&path) {
            return Err(unreadable(&path, "it is not a file"));
        }
        match self.files.read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&path, &error.to_string())),
        }
    }

    /// `pyproject.toml`, if it is there.
    pub(super) fn pyproject(&self) -> Result<Option<&Table>, Failure> {
        let read = || {
            let Some(text) = self.text("pyproject.toml")? else { return Ok(None) };
            text.parse().map(Some).map_err(|error: toml::de::Error| self.malformed("pyproject.toml", &error, &text))
        };
        self.pyproject.get_or_init(read).as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    fn malformed(&self, name: &str, error: &toml::de::Error, text: &str) -> Failure {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let path = self.path.join(name);
        let message = format!("`{}` is not valid TOML: line {line}: {}", path.display(), error.message());
        Failure::usage(message).with_status(status::NO).with_hint(format!("correct line {line} of `{name}`"))
    }

    /// A table of `pyproject.toml` by its path: `["tool", "poetry"]`. A file that cannot be read has none.
    fn table(&self, path: &[&str]) -> Option<&Table> {
        let pyproject = self.pyproject().ok().flatten()?;
        path.iter().try_fold(pyproject, |table, name| table.get(*name)?.as_table())
    }

    /// `requires-python` of the project.
    fn requires_python(&self) -> Option<Wanted> {
        let versions = self.table(&["project"])?.get("requires-python")?.as_str()?.to_owned();
        Some(Wanted { versions, place: "`requires-python` in pyproject.toml" })
    }
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::usage(format!("cannot read `{}`: {why}", path.display()))
        .with_status(status::NO)
        .with_hint("make it a file that the user of the build may read")
}

/// A project that was found.
pub(super) struct Found<'a> {
    /// Its form.
    pub(super) form: &'static Form,
    /// Where.
    pub(super) folder: Folder<'a>,
    /// The file that shows it, relative to the folder; absolute where the user named it so.
    pub(super) file: String,
    /// Files of other forms that are there as well and do not count.
    pub(super) ignored: Vec<String>,
}

impl Found<'_> {
    /// How it is installed.
    ///
    /// # Errors
    ///
    /// What it says cannot be read, or cannot be done here.
    pub(super) fn install(&self) -> Result<Install, Failure> {
        (self.form.install)(self)
    }

    /// An error when the project is not for this version of Python, told before anything is downloaded. Of the list in
    /// a requirements file pip asks no version: then it is a warning.
    ///
    /// # Errors
    ///
    /// The file and both versions.
    pub(super) fn require_python(&self, version: &str) -> Result<(), Failure> {
        let Some(wanted) = (self.form.python)(&self.folder) else { return Ok(()) };
        if python_version::is_wanted(&wanted, version) != Some(false) {
            return Ok(());
        }
        let message =
            format!("the project is for Python {} ({}), and this is Python {version}", wanted.versions, wanted.place);
        let hint = "take the image of a Python that it is for, or correct what it says";
        if self.form.is_requirements_file {
            tracing::warn!(hint, "{message}");
            return Ok(());
        }
        Err(Failure::usage(message).with_status(status::NO).with_hint(hint))
    }

    /// Says which other files are there that could have counted.
    pub(super) fn tell_ignored(&self) {
        if !self.ignored.is_empty() {
            let names: Vec<_> = self.ignored.iter().map(|name| format!("`{name}`")).collect();
            tracing::info!(
                "`{}` counts, and not {}; `{}` chooses a requirements file",
                self.file,
                names.join(", "),
                requirements::VARIABLE
            );
        }
    }
}

/// The requirements file that the user names.
///
/// # Errors
///
/// Its name is not UTF-8.
pub(super) fn chosen(environ: &Environ) -> Result<Option<&str>, Failure> {
    let Some(file) = environ.filled(requirements::VARIABLE) else { return Ok(None) };
    let bad = || Failure::usage(format!("the value of the variable `{}` is not valid", requirements::VARIABLE));
    let form = "it must be the path of a file in the app root";
    file.to_str().map(Some).ok_or_else(|| bad().with_hint(form))
}

/// Warns when a file for other tools pins another Python than this one.
pub(super) fn tell_pinned_python(folders: &[PathBuf], version: &str, files: &dyn Files) {
    for (folder, name) in
        folders.iter().flat_map(|folder| [".python-version", "runtime.txt"].map(|name| (folder, name)))
    {
        let path = folder.join(name);
        let text = files.is_file(&path).then(|| files.read(&path).ok()).flatten();
        let pinned = text.and_then(|text| python_version::pinned(&String::from_utf8_lossy(&text)));
        if let Some(pinned) = pinned.filter(|pinned| pinned != python_version::minor(version)) {
            tracing::warn!(
                hint = "take the image of that Python, or correct the file",
                "`{name}` asks for Python {pinned}, and this is Python {version}"
            );
        }
    }
}

/// Looks for a project in each of `folders`, in order. `chosen` is the requirements file that the user named, relative
/// to the app root: nothing else counts then.
///
/// # Errors
///
/// The chosen file is not there.
pub(super) fn find<'a>(
    files: &'a dyn Files,
    root: &'a Path,
    folders: &[PathBuf],
    chosen: Option<&str>,
) -> Result<Option<Found<'a>>, Failure> {
    if let Some(file) = chosen {
        let folder = Folder::new(files, root, root);
        if !folder.has(file) {
            return Err(Failure::usage(format!("`{file}`, named by `{}`, is not there", requirements::VARIABLE))
                .with_status(status::NO)
                .with_hint("name a file relative to the app root, or unset the variable"));
        }
        return Ok(Some(Found { form: &requirements::FORM, folder, file: file.to_owned(), ignored: Vec::new() }));
    }
    Ok(folders.iter().find_map(|path| {
        let folder = Folder::new(files, root, path);
        let mut all = FORMS.iter().filter_map(|form| Some((*form, (form.file)(&folder)?)));
        let (form, file) = all.next()?;
        let mut ignored: Vec<String> = all.map(|(_, file)| file).filter(|other| *other != file).collect();
        ignored.dedup();
        // A project's own description beside its lock or its list is no second opinion.
        ignored
            .retain(|other| !form.beside.contains(&other.as_str()) && other != "pyproject.toml" && other != "setup.py");
        Some(Found { form, folder, file, ignored })
    }))
}

/// The folders to look in: that of the app, then every one above it up to the app root.
#[must_use]
pub(super) fn upwards(root: &Path, app: &Path) -> Vec<PathBuf> {
    if !app.starts_with(root) {
        return vec![root.to_owned()];
    }
    let app: PathBuf = app.components().collect();
    app.ancestors().take_while(|folder| folder.starts_with(root)).map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests;
