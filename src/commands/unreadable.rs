//! What of the app root may not be read, which looks the same as if it were not there.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};
use walkdir::WalkDir;

use crate::model::Notice;

/// As deep as apps are looked for by their documented names: a folder of the root, and what is in it.
const DEPTH: usize = 2;

/// What to say of an app root, a folder in it or a Python file in that, which this user may not read.
pub(crate) fn notice(app_root: &Path) -> Option<Notice> {
    let path = first(app_root)?;
    let user = geteuid();
    let message = match path.strip_prefix(app_root) {
        Ok(inner) if !inner.as_os_str().is_empty() => {
            format!("`{}` may not be read by user {user}: an app in it cannot be found", inner.display())
        }
        _ => format!("the app root `{}` may not be read by user {user}: no app in it can be found", app_root.display()),
    };
    let hint = format!(
        "make it readable where it comes from (`chmod -R a+rX {}`), or run the container as its owner",
        app_root.display()
    );
    Some(Notice { message, hint: Some(hint) })
}

/// The first such path, by depth and name.
fn first(app_root: &Path) -> Option<PathBuf> {
    let walk = WalkDir::new(app_root).max_depth(DEPTH).sort_by_file_name();
    let mut refused: Vec<PathBuf> = walk
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .filter_map(|entry| match entry {
            Err(error) if error.io_error().is_some_and(|error| error.kind() == ErrorKind::PermissionDenied) => {
                error.path().map(Path::to_owned)
            }
            Err(_) => None,
            Ok(entry) => {
                let is_python = entry.path().extension().is_some_and(|end| end == "py");
                (is_python && access(entry.path(), AccessFlags::R_OK).is_err()).then(|| entry.into_path())
            }
        })
        .collect();
    refused.sort_by_key(|path| path.components().count());
    refused.into_iter().next()
}
