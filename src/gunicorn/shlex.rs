//! How gunicorn splits `GUNICORN_CMD_ARGS`: by Python's `shlex.split`, which is a shell's way but for two rules. Within
//! double quotes a backslash escapes a double quote and a backslash alone, and nothing joins lines.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The words; `None` where a quote is not closed or a backslash ends the text, which Python refuses.
#[must_use]
pub fn split(text: &OsStr) -> Option<Vec<OsString>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = text.as_bytes().iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => words.extend(word.take().map(OsString::from_vec)),
            b'\\' => word.get_or_insert_default().push(bytes.next()?),
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next()? {
                        b'\'' => break,
                        quoted => word.push(quoted),
                    }
                }
            }
            b'"' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next()? {
                        b'"' => break,
                        b'\\' => match bytes.next()? {
                            escaped @ (b'"' | b'\\') => word.push(escaped),
                            other => word.extend([b'\\', other]),
                        },
                        quoted => word.push(quoted),
                    }
                }
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word.map(OsString::from_vec));
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_python_splits_them() {
        let table: [(&str, Option<&[&str]>); 13] = [
            ("--bind=x  -w\t2\r\n", Some(&["--bind=x", "-w", "2"])),
            ("'a b' \"c d\" e\\ f", Some(&["a b", "c d", "e f"])),
            ("a'b'\"c\"d", Some(&["abcd"])),
            ("'' \"\"", Some(&["", ""])),
            (r#""\"\\\$\a""#, Some(&[r#""\\$\a"#])),
            (r"'\n' \n", Some(&[r"\n", "n"])),
            ("a\\\nb", Some(&["a\nb"])),
            ("\"a\\\nb\"", Some(&["a\\\nb"])),
            ("a # b", Some(&["a", "#", "b"])),
            ("", Some(&[])),
            ("'a", None),
            ("\"a", None),
            ("a\\", None),
        ];
        for (text, wanted) in table {
            let words = split(OsStr::new(text));
            let words: Option<Vec<&str>> =
                words.as_ref().map(|words| words.iter().map(|word| word.to_str().unwrap()).collect());
            assert_eq!(words.as_deref(), wanted, "{text:?}");
        }
    }
}
