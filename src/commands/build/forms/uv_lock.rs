//! `uv.lock`, by `uv sync` (<https://docs.astral.sh/uv/concepts/projects/sync/>).

use std::path::Path;

use super::{Folder, Form};
use crate::commands::build::plan::Install;

pub(super) const FORM: Form = Form {
    file: lock,
    beside: &["pyproject.toml"],
    is_requirements_file: false,
    install: |found| Ok(Install::UvProject { with_project: is_package(&found.folder) && found.folder.is_writable() }),
    python: |folder| folder.requires_python(),
};

/// The lock of the project itself, or of the workspace that it is a member of: that one lies in the workspace's root.
fn lock(folder: &Folder<'_>) -> Option<String> {
    if !folder.has("pyproject.toml") {
        return None;
    }
    if folder.has("uv.lock") {
        return Some("uv.lock".into());
    }
    let mut levels = folder.path.ancestors().skip(1).take_while(|above| above.starts_with(folder.root)).zip(1..);
    levels.find_map(|(above, depth)| is_workspace(folder, above).then(|| "../".repeat(depth) + "uv.lock"))
}

fn is_workspace(folder: &Folder<'_>, path: &Path) -> bool {
    let above = Folder::new(folder.files, folder.root, path);
    above.has("uv.lock") && above.table(&["tool", "uv", "workspace"]).is_some()
}

/// The rule of uv for what is a package.
fn is_package(folder: &Folder<'_>) -> bool {
    let said = folder.table(&["tool", "uv"]).and_then(|uv| uv.get("package")?.as_bool());
    said.unwrap_or_else(|| folder.table(&["build-system"]).is_some())
}
