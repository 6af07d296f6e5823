//! `pylock.toml` (PEP 751), which uv reads.

use toml::Table;

use super::{Folder, Form, Wanted};
use crate::commands::build::plan::Install;

const FILE: &str = "pylock.toml";

pub(super) const FORM: Form = Form {
    file: |folder| folder.shown_by(FILE),
    beside: &[],
    is_requirements_file: false,
    install: |_| Ok(Install::UvFile(FILE)),
    python,
};

fn python(folder: &Folder<'_>) -> Option<Wanted> {
    let lock: Table = folder.text(FILE).ok()??.parse().ok()?;
    let versions = lock.get("requires-python")?.as_str()?.to_owned();
    Some(Wanted { versions, place: "`requires-python` in pylock.toml" })
}
