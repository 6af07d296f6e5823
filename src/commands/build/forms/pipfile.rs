//! Pipenv: `Pipfile.lock`, listed by Pipenv itself (<https://pipenv.pypa.io/en/latest/cli.html>); without a lock
//! `Pipfile`, which Pipenv locks in a copy: nothing is written beside the sources.

use toml::Table;

use super::{Folder, Form, Wanted};
use crate::commands::build::build_tool::PIPENV;
use crate::commands::build::plan::{Install, Listing};

const LIST: &[&str] = &["-m", "pipenv", "requirements", "--hash"];

pub(super) const LOCKED: Form = Form {
    file: |folder| folder.shown_by("Pipfile.lock").filter(|_| folder.has("Pipfile")),
    beside: &["Pipfile"],
    is_requirements_file: false,
    install: |_| Ok(Install::Listed(Listing { tool: &PIPENV, copied: &[], commands: &[LIST], is_complete: true })),
    python,
};

pub(super) const UNLOCKED: Form = Form {
    file: |folder| folder.shown_by("Pipfile"),
    beside: &[],
    is_requirements_file: false,
    install: |_| {
        let commands: &[&[&str]] = &[&["-m", "pipenv", "lock"], LIST];
        Ok(Install::Listed(Listing { tool: &PIPENV, copied: &["Pipfile"], commands, is_complete: true }))
    },
    python,
};

fn python(folder: &Folder<'_>) -> Option<Wanted> {
    let pipfile: Table = folder.text("Pipfile").ok()??.parse().ok()?;
    let requires = pipfile.get("requires")?.as_table()?;
    let versions = requires.get("python_version").or(requires.get("python_full_version"))?.as_str()?.to_owned();
    Some(Wanted { versions, place: "`python_version` in Pipfile" })
}
