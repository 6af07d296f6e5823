//! Poetry: `poetry.lock`, exported by Poetry itself (<https://github.com/python-poetry/poetry-plugin-export>); without
//! a lock `[tool.poetry]`, whose dependencies poetry-core translates.

use super::{Folder, Form, Wanted};
use crate::commands::build::build_tool::{POETRY, POETRY_CORE};
use crate::commands::build::plan::{Install, Listing};

/// Prints the dependencies without groups and extras, one a line as pip takes them (PEP 508).
const DEPENDENCIES: &str = "\
from pathlib import Path
from poetry.core.factory import Factory
package = Factory().create_poetry(Path('.'), with_groups=False).package
for dependency in package.requires:
    if not dependency.is_optional():
        print(dependency.to_pep_508())
";

const EXPORT: &[&str] =
    &["-m", "poetry", "export", "--only", "main", "--format", "requirements.txt", "--no-interaction"];

pub(super) const LOCKED: Form = Form {
    file: |folder| folder.shown_by("poetry.lock").filter(|_| folder.has("pyproject.toml")),
    beside: &["pyproject.toml"],
    is_requirements_file: false,
    install: |_| Ok(Install::Listed(Listing { tool: &POETRY, copied: &[], commands: &[EXPORT], is_complete: true })),
    python,
};

pub(super) const UNLOCKED: Form = Form {
    file: |folder| folder.table(&["tool", "poetry", "dependencies"]).map(|_| "pyproject.toml".to_owned()),
    beside: &[],
    is_requirements_file: false,
    install: |_| {
        let commands: &[&[&str]] = &[&["-c", DEPENDENCIES]];
        Ok(Install::Listed(Listing { tool: &POETRY_CORE, copied: &[], commands, is_complete: false }))
    },
    python,
};

/// Poetry writes versions of Python in a way of its own: `^3.11`.
fn python(folder: &Folder<'_>) -> Option<Wanted> {
    let own = || {
        let versions = folder.table(&["tool", "poetry", "dependencies"])?.get("python")?.as_str()?.to_owned();
        Some(Wanted { versions, place: "`python` in pyproject.toml" })
    };
    folder.requires_python().or_else(own)
}
