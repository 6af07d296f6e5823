//! The search for a program on `PATH`: the rules are those of the crate `which`, the disk is seen through [`Files`].

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use which::WhichConfig;
use which::sys::{Sys, SysMetadata};

use super::{Access, Files, Kind};

/// The first executable file called `name` in the folders of `path`; a relative folder starts from the root of `files`.
pub(super) fn find<F: Files + ?Sized>(files: &F, name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if name.is_empty() || name.as_bytes().contains(&b'/') {
        return None;
    }
    let search = WhichConfig::new_with_sys(View(files)).binary_name(name.to_owned());
    search.custom_path_list(path.to_owned()).custom_cwd(files.root().to_owned()).first_result().ok()
}

/// What `which` may know of the machine.
struct View<'a, F: ?Sized>(&'a F);

impl<F: Files + ?Sized> Sys for View<'_, F> {
    type ReadDirEntry = DirEntry;
    type Metadata = Metadata;

    fn is_windows(&self) -> bool {
        false
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        Ok(self.0.root().to_owned())
    }

    /// The kernel takes `~` for a name like any other.
    fn home_dir(&self) -> Option<PathBuf> {
        None
    }

    fn env_split_paths(&self, paths: &OsStr) -> Vec<PathBuf> {
        std::env::split_paths(paths).map(|folder| self.0.root().join(folder)).collect()
    }

    fn env_path(&self) -> Option<OsString> {
        None
    }

    fn env_path_ext(&self) -> Option<OsString> {
        None
    }

    fn env_windows_path_ext(&self) -> Cow<'static, [String]> {
        Cow::Borrowed(&[])
    }

    /// Whether it may be executed is asked first: that answers for most folders, in one system call.
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        if self.0.may(path, Access::Execute) {
            self.0.kind(path).map(Metadata)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.metadata(path)
    }

    fn read_dir(&self, _: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<DirEntry>>>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Asked of what [`Sys::metadata`] has let through.
    fn is_valid_executable(&self, _: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

struct Metadata(Kind);

impl SysMetadata for Metadata {
    fn is_symlink(&self) -> bool {
        false
    }

    fn is_file(&self) -> bool {
        self.0 == Kind::File
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    #[test]
    fn the_first_executable_file_in_the_order_of_the_path_is_the_program() {
        let files = Memory::default()
            .file("/a/tool", "not executable")
            .program("/b/tool", "")
            .program("/c/tool", "")
            .empty("/d/tool")
            .program("/only", "")
            .program("/~/tool", "")
            .program("/sub/other", "");
        for (name, path, wanted) in [
            ("tool", "/a:/b:/c", Some("/b/tool")),
            ("tool", "/c:/b", Some("/c/tool")),
            ("tool", "/a:/d", None),
            ("tool", "", None),
            ("tool", "/nowhere", None),
            ("b/tool", "/", None),
            ("", "/b", None),
            ("only", "", Some("/only")),
            ("only", "/a:", Some("/only")),
            ("other", "sub", Some("/sub/other")),
            ("tool", "~", Some("/~/tool")),
        ] {
            let found = find(&files, OsStr::new(name), OsStr::new(path));
            assert_eq!(found.as_deref(), wanted.map(Path::new), "`{name}` on `{path}`");
        }
    }
}
