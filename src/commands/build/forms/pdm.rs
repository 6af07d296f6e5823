//! `pdm.lock`, exported by PDM itself (<https://pdm-project.org/latest/usage/lockfile/>).

use super::Form;
use crate::commands::build::build_tool::PDM;
use crate::commands::build::plan::{Install, Listing};

const EXPORT: &[&str] = &["-m", "pdm", "export", "--prod", "--format", "requirements"];

pub(super) const FORM: Form = Form {
    file: |folder| folder.shown_by("pdm.lock").filter(|_| folder.has("pyproject.toml")),
    beside: &["pyproject.toml"],
    is_requirements_file: false,
    install: |_| Ok(Install::Listed(Listing { tool: &PDM, copied: &[], commands: &[EXPORT], is_complete: true })),
    python: |folder| folder.requires_python(),
};
