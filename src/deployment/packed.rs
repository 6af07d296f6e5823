//! An archive of a deployment.

use std::borrow::Cow;
use std::path::PathBuf;

use super::place::Place;
use super::stamp::Stamp;

/// An archive, and where its content belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its path.
    pub archive: PathBuf,
    /// How many bytes it has; 0 while it is in another archive itself.
    pub size: u64,
    /// Where its content belongs.
    pub place: Place,
    pub(super) owner: String,
    pub(super) stamp: Stamp,
    /// It is unpacked for one process alone.
    pub(super) is_private: bool,
}

impl Packed {
    /// The same at a place of this process alone, unless it is unpacked already.
    pub fn make_private(&mut self) {
        if !self.place.is_unpacked {
            self.place = self.place.made_private(&self.owner);
            self.is_private = true;
        }
    }

    /// Its name, for messages.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.archive.file_name().unwrap_or_default().to_string_lossy()
    }
}
