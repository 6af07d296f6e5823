//! Any bytes as the name of a file: what people read moves no cursor and forges no line.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pystart::path_text::lossless;
use pystart::printable::printable;

pub fn run(data: &[u8]) {
    let text = lossless(OsStr::from_bytes(data));
    let shown = printable(&text);
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert!(!shown.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{200f}']), "{shown:?}");
    assert_eq!(printable(&shown), shown, "safe text stays as it is");
    assert_eq!(original(&text, str::from_utf8(data).is_ok()), data, "the bytes can be had back");
}

/// Undoes `lossless`.
pub fn original(text: &str, was_utf8: bool) -> Vec<u8> {
    if was_utf8 {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap());
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}
