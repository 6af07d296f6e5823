//! What marks a folder as an app of its own, and what the project calls itself.

use std::path::{Path, PathBuf};

use super::Project;
use crate::detect::words::Words;
use crate::python::requirements::normalised;

/// Files that mark a folder as the root of an app of its own.
pub(super) static ROOT_FILES: Words =
    Words::new("ROOT_FILES", &["Dockerfile", "Pipfile", "Procfile", "pyproject.toml", "requirements.txt", "uv.lock"]);

impl Project<'_> {
    /// Has a folder what the root of an app has: a list of packages, a `Dockerfile`, a `manage.py`?
    pub(in crate::detect) fn is_marked(&self, folder: &Path) -> bool {
        let listing = self.folder(folder);
        listing.has("manage.py") || listing.notable.iter().any(|name| ROOT_FILES.has(name))
    }

    /// The folder below the app root that marks the file as part of a service of its own.
    pub(in crate::detect) fn service_folder(&self, file: &Path) -> Option<PathBuf> {
        let folders = file.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        folders.filter(|folder| self.is_marked(folder)).last().map(Path::to_owned)
    }

    /// What the project calls itself, from `pyproject.toml`, `setup.cfg` or `setup.py`, as PEP 503 compares names.
    pub(in crate::detect) fn own_name(&self) -> Option<String> {
        let root = self.folder(Path::new(""));
        let files = ["pyproject.toml", "setup.cfg", "setup.py"];
        let there = files.iter().filter(|name| root.notable.contains(name) || root.has(name));
        let mut texts = there.filter_map(|name| self.text(Path::new(name)));
        texts.find_map(|text| text.lines().find_map(name_in_line))
    }
}

/// `name = "flask"`, `name = flask`, `name="flask",`.
fn name_in_line(line: &str) -> Option<String> {
    let value = line.trim().strip_prefix("name")?.trim_start().strip_prefix('=')?;
    let name = value.trim().trim_end_matches(',').trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| normalised(name))
}
