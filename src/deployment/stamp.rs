//! The mark in a folder that was unpacked: which archive it is, whole. It is written last, before the folder gets its
//! name, so that a folder which has it is complete.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};

use crate::digest::Digest;
use crate::files::private_folder;

/// The name of the file. Hidden, so that no rule takes it for a part of the app.
const FILE: &str = ".pystart-unpacked";

/// Changes when the same archive is unpacked in another way than before: then all are unpacked anew.
const FORMAT: &str = "pystart unpacked this, 1";

/// What a folder is, for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    text: String,
}

impl Stamp {
    /// For what `owner` (one app root's app, or its environment) has in the archive at `path`, from the build `operation`.
    ///
    /// # Errors
    ///
    /// Those of `stat(2)`.
    pub(super) fn of(owner: &str, path: &Path, operation: Option<&str>) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        let numbers = [
            found.size().cast_signed(),
            found.ino().cast_signed(),
            found.mtime(),
            found.mtime_nsec(),
            found.ctime(),
            found.ctime_nsec(),
        ];
        let mut digest = Digest::of(numbers.map(i64::to_le_bytes));
        digest.add(path.as_os_str().as_encoded_bytes());
        digest.add(operation.unwrap_or_default().as_bytes());
        Ok(Self { text: format!("{FORMAT}\n{owner}\n{digest}\n") })
    }

    /// For what `owner` has in the archive `name` that is in the archive of this stamp.
    pub(super) fn of_inner(&self, owner: &str, name: &OsStr) -> Self {
        let digest = Digest::of([self.text.as_bytes(), name.as_encoded_bytes()]);
        Self { text: format!("{FORMAT}\n{owner}\n{digest}\n") }
    }

    /// Is `folder` what this stamp stands for, made by this user and written by nobody else?
    pub(super) fn is_on(&self, folder: &Path) -> bool {
        read(folder).is_some_and(|text| text == self.text)
    }

    /// Marks `folder`. A file of that name from the archive is replaced.
    ///
    /// # Errors
    ///
    /// Those of writing the file.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let path = folder.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
        file.write_all(self.text.as_bytes())
    }
}

/// Has pystart, as this user, unpacked something of `owner` into `folder`?
pub(super) fn is_of(owner: &str, folder: &Path) -> bool {
    read(folder).is_some_and(|text| text.starts_with(&format!("{FORMAT}\n{owner}\n")))
}

/// Takes the mark away: what is left is not a whole folder any more.
///
/// # Errors
///
/// Those of `unlink(2)`.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_file(folder.join(FILE))
}

fn read(folder: &Path) -> Option<String> {
    private_folder::require(folder).ok()?;
    let file: File =
        OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(folder.join(FILE)).ok()?;
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_stamp_is_on_one_folder_of_one_archive_and_says_whose_it_is() {
        let root = std::env::temp_dir().join(format!("pystart-stamp-{}", std::process::id()));
        let (archive, folder) = (root.join("a.tar"), root.join("folder"));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&archive, "one").unwrap();
        let stamp = Stamp::of("me", &archive, Some("1")).unwrap();
        assert!(!stamp.is_on(&folder) && !is_of("me", &folder));
        symlink("/dev/null", folder.join(FILE)).unwrap();
        stamp.write(&folder).unwrap();
        assert!(stamp.is_on(&folder) && is_of("me", &folder) && !is_of("you", &folder));
        assert!(!Stamp::of("me", &archive, Some("2")).unwrap().is_on(&folder), "another build");
        assert!(!Stamp::of("you", &archive, Some("1")).unwrap().is_on(&folder), "another app");
        let inner = |stamp: &Stamp| stamp.of_inner("me", OsStr::new("antenv.zip"));
        assert!(!inner(&stamp).is_on(&folder) && inner(&stamp) == inner(&stamp), "an archive in it");
        assert!(inner(&stamp) != inner(&Stamp::of("me", &archive, Some("2")).unwrap()), "in another build");
        fs::write(&archive, "longer").unwrap();
        assert!(!Stamp::of("me", &archive, Some("1")).unwrap().is_on(&folder), "another size");
        let again = Stamp::of("me", &archive, Some("1")).unwrap();
        again.write(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(!again.is_on(&folder), "others may write in it");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        remove(&folder).unwrap();
        assert!(!again.is_on(&folder));
        fs::remove_dir_all(&root).unwrap();
    }
}
