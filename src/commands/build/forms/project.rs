//! `pyproject.toml` alone (<https://packaging.python.org/en/latest/specifications/pyproject-toml/>): a package, or an
//! application with nothing but a list of dependencies.

use toml::{Table, Value};

use super::{Folder, Form, Found};
use crate::commands::build::plan::Install;
use crate::error::{Failure, status};

pub(super) const FORM: Form = Form {
    file: |folder| folder.shown_by("pyproject.toml").filter(|_| says_what_it_needs(folder)),
    beside: &["setup.cfg", "setup.py"],
    is_requirements_file: false,
    install,
    python: |folder| folder.requires_python(),
};

/// One with settings of tools alone says nothing of packages. One that cannot be read may say anything: it counts, and
/// the build says what is the matter with it.
fn says_what_it_needs(folder: &Folder<'_>) -> bool {
    match folder.pyproject() {
        Ok(Some(pyproject)) => ["project", "build-system"].iter().any(|table| pyproject.contains_key(*table)),
        Ok(None) => false,
        Err(_) => true,
    }
}

fn install(found: &Found<'_>) -> Result<Install, Failure> {
    let folder = &found.folder;
    let pyproject = folder.pyproject()?;
    let project = pyproject.and_then(|pyproject| pyproject.get("project")?.as_table());
    let is_package = pyproject.is_some_and(|pyproject| pyproject.contains_key("build-system"));
    match project {
        // Installing it as a package makes files beside the sources.
        Some(project) if !(needs_build(project) || is_package && folder.is_writable()) => {
            Ok(Install::Dependencies(dependencies(project)))
        }
        _ if folder.is_writable() => Ok(Install::package()),
        _ => Err(Failure::usage(format!("`{}` is a package, and its folder cannot be written", found.file))
            .with_status(status::NO)
            .with_hint("list what it needs in a requirements.txt, or make the folder writable for the build")),
    }
}

/// Are the dependencies known only to the build backend?
fn needs_build(project: &Table) -> bool {
    let dynamic = project.get("dynamic").and_then(Value::as_array);
    dynamic.is_some_and(|names| names.iter().any(|name| name.as_str() == Some("dependencies")))
}

fn dependencies(project: &Table) -> Vec<String> {
    let all = project.get("dependencies").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect()
}
