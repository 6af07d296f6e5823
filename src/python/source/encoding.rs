//! From bytes to text, as Python reads a source file.

use std::borrow::Cow;

/// Decodes a source file: UTF-8, with or without a byte order mark, or else latin-1 (in which every byte is a
/// character): names are ASCII in practice, and what stands in comments and strings decides nothing.
pub(super) fn decode(source: &[u8]) -> Cow<'_, str> {
    let source = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    match std::str::from_utf8(source) {
        Ok(text) => Cow::Borrowed(text),
        // A file that is cut off inside a character is UTF-8 all the same.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(source),
        Err(_) => Cow::Owned(source.iter().map(|byte| char::from(*byte)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf_8_else_latin_1_and_never_fails() {
        assert_eq!(decode("\u{feff}a = 'é'".as_bytes()), "a = 'é'");
        assert_eq!(decode(b"a = '\xe9' # caf\xe9\n"), "a = 'é' # café\n");
        assert_eq!(decode(b"x = '\xe2\x82"), "x = '\u{fffd}");
    }
}
