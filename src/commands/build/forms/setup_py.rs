//! `setup.py`: the app is a package of setuptools.

use super::Form;
use crate::commands::build::plan::Install;

pub(super) const FORM: Form = Form {
    file: |folder| folder.shown_by("setup.py"),
    beside: &["setup.cfg", "pyproject.toml"],
    is_requirements_file: false,
    install: |_| Ok(Install::package()),
    python: |_| None,
};
