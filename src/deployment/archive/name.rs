//! Names of members: where in the folder of the archive they belong, or why they belong nowhere.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::fault::Cause;

/// Longer paths cannot be opened by anybody (`PATH_MAX`).
const LONGEST: usize = 4096;

/// The path of a member below the folder of the archive: `./a//b/` is `a/b`, `./` is the folder itself.
///
/// # Errors
///
/// The name leads out of the folder, or nowhere.
pub(super) fn checked(name: &[u8]) -> Result<PathBuf, Cause> {
    let refuse = |why: &str| Err(Cause::Refused(why.into()));
    if name.is_empty() {
        return refuse("its name is empty");
    }
    if name[0] == b'/' {
        return refuse("its name is an absolute path");
    }
    if name.contains(&0) {
        return refuse("its name has a NUL byte in it");
    }
    if name.len() > LONGEST {
        return refuse("its name is longer than any path may be");
    }
    let mut path = PathBuf::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return refuse("its name leads out of the folder with `..`"),
            part => path.push(OsStr::from_bytes(part)),
        }
    }
    Ok(path)
}

/// Where a hard link leads.
pub(super) fn checked_target(name: &[u8]) -> Result<PathBuf, Cause> {
    let lead_out = |cause| match cause {
        Cause::Refused(_) => Cause::Refused("it is a hard link to something out of the folder".into()),
        other => other,
    };
    checked(name).map_err(lead_out)
}

/// Where a symbolic link points: anywhere, since nothing is ever written through one.
pub(super) fn checked_symlink(target: &[u8]) -> Result<&Path, Cause> {
    if target.is_empty() || target.contains(&0) || target.len() > LONGEST {
        return Err(Cause::Refused("it is a symbolic link to nothing that could be".into()));
    }
    Ok(Path::new(OsStr::from_bytes(target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_a_path_below_the_folder() {
        let rows =
            [("./", ""), (".", ""), ("./a/b", "a/b"), ("a//b/./c/", "a/b/c"), ("..a/b..", "..a/b.."), ("...", "...")];
        for (name, path) in rows {
            assert_eq!(checked(name.as_bytes()).unwrap().as_os_str(), path, "{name}");
        }
        assert_eq!(checked(b"a\xff").unwrap().as_os_str().as_bytes(), b"a\xff");
    }

    #[test]
    fn a_name_that_leads_out_or_nowhere_is_refused() {
        let long = "a/".repeat(LONGEST / 2 + 1);
        for name in ["", "/a", "//a", "..", "../a", "a/../b", "./..", "a/..", "a\0b", &long] {
            assert!(matches!(checked(name.as_bytes()), Err(Cause::Refused(_))), "{name:?}");
            assert!(matches!(checked_target(name.as_bytes()), Err(Cause::Refused(_))), "{name:?}");
        }
        assert!(checked_symlink(b"/anywhere/../else").is_ok() && checked_symlink(b"").is_err());
        assert!(checked_symlink(b"a\0").is_err() && checked_symlink(&[b'a'; LONGEST + 1]).is_err());
    }
}
