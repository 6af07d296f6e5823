//! Paths and words as text for machines: JSON knows no bytes, and a path is any bytes but NUL.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// The text itself where it is UTF-8. Elsewhere each byte that is not stands as `\xNN`, and each backslash as two, so
/// that the bytes can be had back.
#[must_use]
pub fn lossless(text: &OsStr) -> Cow<'_, str> {
    if let Some(text) = text.to_str() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for chunk in text.as_bytes().utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

/// For fields of the type `PathBuf`, which serde would refuse where it is not UTF-8.
///
/// # Errors
///
/// Those of the serializer.
pub(crate) fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&lossless(path.as_os_str()))
}

/// For fields of the type `Option<PathBuf>`.
///
/// # Errors
///
/// Those of the serializer.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(crate) fn optional_path<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| lossless(path.as_os_str())).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_other_bytes_can_be_had_back() {
        for (bytes, text) in [
            (&b"/a b/\xc3\xa9"[..], "/a b/\u{e9}"),
            (b"C:\\x", "C:\\x"),
            (b"/\xff", "/\\xff"),
            (b"\\xff\xfe\\", "\\\\xff\\xfe\\\\"),
            (b"\xc3", "\\xc3"),
        ] {
            assert_eq!(lossless(OsStr::from_bytes(bytes)), text);
        }
    }
}
