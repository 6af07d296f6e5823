//! What may not be looked into by the user that pystart runs as: unknown is not absent.

use std::io::ErrorKind;
use std::path::Path;

use crate::files::Files;
use crate::model::{Detection, Evidence, Step, Verdict};

/// The facts about an app root that is there and cannot be listed, for these steps; `None` for any other.
pub(super) fn of_root(files: &dyn Files, root: &Path, steps: &[Step]) -> Option<Detection> {
    let error = files.folder(root).err()?;
    let reason = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => return None,
        ErrorKind::PermissionDenied => format!("may not be read by the user that pystart runs as: {error}"),
        _ => format!("cannot be read: {error}"),
    };
    let fact = |step| Evidence {
        step,
        subject: "the app root".to_owned(),
        verdict: Verdict::Rejected,
        reason: reason.clone(),
    };
    let evidence = steps.iter().copied().map(fact).collect();
    Some(Detection { evidence, ..Detection::default() })
}

/// The facts about folders that a search came upon and may not look into.
pub(super) fn of_folders(files: &dyn Files, root: &Path) -> Vec<Evidence> {
    let folders = files.forbidden();
    let inside = folders.iter().filter_map(|folder| folder.strip_prefix(root).ok());
    let fact = |folder: &Path| Evidence {
        step: Step::Other,
        subject: format!("{}/", folder.display()),
        verdict: Verdict::Rejected,
        reason: "may not be read by the user that pystart runs as".to_owned(),
    };
    inside.filter(|folder| !folder.as_os_str().is_empty()).map(fact).collect()
}
