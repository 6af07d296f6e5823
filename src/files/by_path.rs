//! What is known of a path, for what is looked up again and again in one start.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A list from paths to what is known of them, in the order of coming. A start knows a handful and a search some
/// hundreds ([`crate::detect`] limits them). Most differ in length, so that looking through takes a fifth of the
/// instructions of an ordered map, which compares what all paths of an app root begin with at each step.
#[derive(Debug)]
pub(crate) struct ByPath<T>(Vec<(PathBuf, T)>);

impl<T> Default for ByPath<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByPath<T> {
    /// What is known of a path, byte by byte the same but for a slash at its end.
    pub(crate) fn get(&self, path: &Path) -> Option<&T> {
        let path = without_slash(path);
        self.0.iter().find(|(known, _)| without_slash(known) == path).map(|(_, value)| value)
    }

    /// Adds a path that is not known yet.
    pub(crate) fn insert(&mut self, path: PathBuf, value: T) {
        debug_assert!(self.get(&path).is_none(), "{} is known", path.display());
        self.0.push((path, value));
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The bytes of a path; joining it with nothing leaves a slash behind.
fn without_slash(path: &Path) -> &[u8] {
    let bytes = path.as_os_str().as_bytes();
    bytes.strip_suffix(b"/").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_with_and_without_a_slash_at_its_end() {
        let mut known = ByPath::default();
        known.insert(PathBuf::from("/site"), 1);
        known.insert(PathBuf::new(), 2);
        assert_eq!(known.get(&Path::new("/site").join("")), Some(&1));
        assert_eq!(known.get(Path::new("")), Some(&2));
        assert_eq!(known.get(Path::new("/site/app")), None);
        assert_eq!(known.len(), 2);
    }
}
