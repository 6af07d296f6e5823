//! What a deployment means for what is decided about its app: a value that settings carry.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::printable::byte_size;

/// What a deployment means for everything that is decided about its app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What there is to tell of the source; nothing before it was looked at.
    pub report: Option<Report>,
    /// The folder of packages that stands in for an environment, relative to the app's folder.
    pub packages: Option<PathBuf>,
    /// The version of Python that the build was for: `3.12.3`.
    pub python: Option<String>,
    /// The folder that the archive was deployed into, where the app is elsewhere.
    pub deployed_into: Option<PathBuf>,
}

/// What `explain --json` tells of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `folder` or `archive`.
    pub kind: &'static str,
    /// The archive of the app, or of its environment.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub archive: Option<PathBuf>,
    /// Where the app is, or will be.
    #[serde(serialize_with = "crate::path_text::path")]
    pub folder: PathBuf,
    /// `unpacked`, or `packed` while it is not; null for a folder.
    pub state: Option<&'static str>,
    /// How many bytes the archive has.
    pub size: Option<u64>,
}

impl Facts {
    /// The archive that the app or its environment is in, if there is one.
    #[must_use]
    pub fn archive(&self) -> Option<&Path> {
        self.report.as_ref()?.archive.as_deref()
    }
}

impl Report {
    /// In a few words: `output.tar.zst, 48 MB, unpacked to /tmp/8dc1`; `None` for a folder.
    #[must_use]
    pub fn described(&self) -> Option<String> {
        let (archive, size) = (self.archive.as_ref()?, self.size?);
        let state = if self.state == Some(PACKED) { "to be unpacked" } else { "unpacked" };
        let name = archive.file_name().unwrap_or_default().display();
        Some(format!("{name}, {}, {state} to {}", byte_size(size), self.folder.display()))
    }
}

/// The state of an archive that is not unpacked.
pub(crate) const PACKED: &str = "packed";

/// The state of one that is.
pub(crate) const UNPACKED: &str = "unpacked";
