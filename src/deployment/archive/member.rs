//! What an archive hands out, and to whom.

use std::ffi::c_int;
use std::path::Path;

use super::fault::Cause;
use crate::deployment::limits::Limits;

/// A member of an archive, its name checked: relative, without `.` and `..`, empty for the folder of the archive itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its path below the folder of the archive.
    pub path: &'a Path,
    /// What it is.
    pub kind: Kind<'a>,
    /// Permissions for the owner, the group and the others (`0o777` at most).
    pub mode: u32,
    /// When it was last modified, in seconds since 1970.
    pub modified: i64,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A folder.
    Folder,
    /// A regular file of so many bytes, holes included.
    File(u64),
    /// A symbolic link, and where it points: anywhere.
    Symlink(&'a Path),
    /// Another name of a member that came before; its path is checked like every other.
    HardLink(&'a Path),
}

/// Takes the members of an archive.
pub trait Receive {
    /// A member begins.
    ///
    /// # Errors
    ///
    /// It cannot be taken; nothing more is read then.
    fn member(&mut self, member: &Member<'_>) -> Result<(), Cause>;

    /// A piece of the file that began last; what no piece covers is a hole. Pieces come in order.
    ///
    /// # Errors
    ///
    /// As [`Receive::member`].
    fn piece(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause>;

    /// The file that began last is complete.
    ///
    /// # Errors
    ///
    /// As [`Receive::member`].
    fn complete(&mut self) -> Result<(), Cause>;

    /// Does it want the content of this file? What nobody wants is read over.
    fn wants_content(&self) -> bool {
        true
    }
}

/// How an archive is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// When it is too much.
    pub limits: Limits,
    /// The signal that asks to stop, if one has come.
    pub stop: &'a dyn Fn() -> Option<c_int>,
}
