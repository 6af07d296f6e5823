//! A folder that belongs to this user alone, made in a place that is everybody's, such as `/tmp`.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use nix::unistd::geteuid;

/// Makes sure that there is a folder at `path` which is ours; its parent must be there.
///
/// What stands at `path` is never followed: a link that somebody put there is an error, wherever it leads.
///
/// # Errors
///
/// Those of `mkdir(2)`, and those of [`require`].
pub(crate) fn create(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => require(path),
        other => other,
    }
}

/// An error unless `path` is a real folder (no link) of this user that nobody else can write to.
///
/// # Errors
///
/// Those of `lstat(2)`; `PermissionDenied`, with whose it is, for a folder that others may write.
pub(crate) fn require(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let shown = path.display();
    let fault = if !found.is_dir() {
        format!("`{shown}` is no folder")
    } else if found.uid() != geteuid().as_raw() {
        format!("`{shown}` belongs to user {}, this is user {}", found.uid(), geteuid())
    } else if found.mode() & 0o022 != 0 {
        format!("`{shown}` can be written by other users")
    } else {
        return Ok(());
    };
    Err(io::Error::new(ErrorKind::PermissionDenied, fault))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn only_a_real_folder_of_this_user_that_others_cannot_write_is_private() {
        let root = std::env::temp_dir().join(format!("pystart-private-{}", std::process::id()));
        fs::create_dir(&root).unwrap();
        let (folder, link, file) = (root.join("folder"), root.join("link"), root.join("file"));
        create(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        create(&folder).unwrap();
        symlink(&folder, &link).unwrap();
        fs::write(&file, "").unwrap();
        for path in [&link, &file] {
            assert_eq!(create(path).unwrap_err().to_string(), format!("`{}` is no folder", path.display()));
        }
        assert_eq!(require(&root.join("none")).unwrap_err().kind(), ErrorKind::NotFound);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(create(&folder).unwrap_err().to_string().ends_with("can be written by other users"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        if geteuid().is_root() {
            chown(&folder, Some(65534), None).unwrap();
            assert!(create(&folder).unwrap_err().to_string().ends_with("belongs to user 65534, this is user 0"));
        }
        fs::remove_dir_all(&root).unwrap();
    }
}
