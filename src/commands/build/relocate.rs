//! An environment that was built beside its place says in its scripts where it was built; here they learn the place.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use walkdir::WalkDir;

/// Larger files are programs, not scripts.
const LARGEST_SCRIPT: u64 = 1 << 20;

/// Replaces the path `from` by `to` in the scripts and the configuration of the environment that lies in `from`.
///
/// Everything else in an environment is relative, or found from `pyvenv.cfg`.
///
/// # Errors
///
/// Those of reading and writing the files.
pub(super) fn relocate(from: &Path, to: &Path) -> io::Result<()> {
    let scripts = WalkDir::new(from.join("bin")).max_depth(1).into_iter();
    let configuration = WalkDir::new(from.join("pyvenv.cfg")).into_iter();
    for entry in scripts.chain(configuration) {
        let entry = entry?;
        // Links are skipped: `bin/python` is one, and what it leads to is not ours.
        if entry.file_type().is_file() && entry.metadata()?.len() <= LARGEST_SCRIPT {
            let text = fs::read(entry.path())?;
            if let Some(text) = replaced(&text, from.as_os_str().as_bytes(), to.as_os_str().as_bytes()) {
                fs::write(entry.path(), text)?;
            }
        }
    }
    Ok(())
}

/// The text with every `from` replaced; `None` if there is none, or if it is no text.
fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    if from.is_empty() || text.contains(&0) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    (rest.len() < text.len()).then(|| {
        out.extend_from_slice(rest);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mention_is_replaced_and_programs_are_left_alone() {
        assert_eq!(replaced(b"#!/x/bin/python\nX='/x'\n", b"/x", b"/app").unwrap(), b"#!/app/bin/python\nX='/app'\n");
        assert_eq!(replaced(b"/x", b"/x", b"/app").unwrap(), b"/app");
        assert_eq!(replaced(b"#!/bin/sh\n", b"/x", b"/app"), None);
        assert_eq!(replaced(b"\x7fELF\0/x", b"/x", b"/app"), None);
    }
}
