//! Requirements files of pip: the one that the user names, `requirements.txt`, or the usual ones of a folder of them.

use super::Form;
use crate::commands::build::plan::Install;

/// Names the file, as on the platform.
pub(in crate::commands::build) const VARIABLE: &str = "CUSTOM_REQUIREMENTSTXT_PATH";

/// Best first: what production needs, before what everything needs.
const FILES: [&str; 4] =
    ["requirements.txt", "requirements/prod.txt", "requirements/production.txt", "requirements/base.txt"];

pub(super) const FORM: Form = Form {
    file: |folder| FILES.iter().find_map(|file| folder.shown_by(file)),
    beside: &[],
    is_requirements_file: true,
    install: |found| Ok(Install::Words(vec!["-r".into(), found.file.clone().into()])),
    python: |folder| folder.requires_python(),
};
