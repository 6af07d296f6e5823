//! One string into words, by the rules of the POSIX shell (Shell Command Language, 2.2 and 2.3), and the question
//! whether only a shell can run it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A command line, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The words, quotes removed.
    pub words: Vec<OsString>,
    /// Something in it is for a shell alone: an operator, an expansion, a pattern, several lines.
    pub needs_shell: bool,
}

/// Why a string is no command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbalanced {
    /// A `'` without its fellow.
    SingleQuote,
    /// A `"` without its fellow.
    DoubleQuote,
    /// A backslash with nothing behind it.
    Backslash,
}

impl Unbalanced {
    /// What is missing, in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::SingleQuote => "a single quote `'` is opened and not closed",
            Self::DoubleQuote => "a double quote `\"` is opened and not closed",
            Self::Backslash => "it ends with a backslash",
        }
    }
}

/// Splits a command line; nothing is expanded.
///
/// # Errors
///
/// A quote that is not closed, or a backslash at the end.
pub fn split(text: &OsStr) -> Result<Line, Unbalanced> {
    let mut line = Line::default();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = text.as_bytes().iter().copied();
    let mut line_ended = false;
    while let Some(byte) = bytes.next() {
        if matches!(byte, b' ' | b'\t' | b'\n') {
            line.words.extend(word.take().map(OsString::from_vec));
            line_ended |= byte == b'\n' && !line.words.is_empty();
            continue;
        }
        // Several lines are several commands; before and after the only one a line end is but a blank.
        line.needs_shell |= line_ended;
        match byte {
            b'\'' => {
                let quoted = word.get_or_insert_default();
                loop {
                    match bytes.next().ok_or(Unbalanced::SingleQuote)? {
                        b'\'' => break,
                        other => quoted.push(other),
                    }
                }
            }
            b'"' => {
                let quoted = word.get_or_insert_default();
                loop {
                    match bytes.next().ok_or(Unbalanced::DoubleQuote)? {
                        b'"' => break,
                        b'\\' => match bytes.next().ok_or(Unbalanced::DoubleQuote)? {
                            b'\n' => {}
                            escaped @ (b'$' | b'`' | b'"' | b'\\') => quoted.push(escaped),
                            other => quoted.extend([b'\\', other]),
                        },
                        other => {
                            line.needs_shell |= matches!(other, b'$' | b'`');
                            quoted.push(other);
                        }
                    }
                }
            }
            b'\\' => match bytes.next().ok_or(Unbalanced::Backslash)? {
                b'\n' => {}
                escaped => word.get_or_insert_default().push(escaped),
            },
            _ => {
                let starts_word = word.is_none();
                let word = word.get_or_insert_default();
                line.needs_shell |= match byte {
                    b'$' | b'`' | b'&' | b'|' | b';' | b'<' | b'>' | b'(' | b')' | b'*' | b'?' | b'[' => true,
                    b'#' => starts_word,
                    // Also behind the `=` of an assignment (POSIX, 2.6.1).
                    b'~' => starts_word || word.last() == Some(&b'='),
                    _ => false,
                };
                word.push(byte);
            }
        }
    }
    line.words.extend(word.map(OsString::from_vec));
    line.needs_shell |= line.words.first().is_some_and(|first| is_for_a_shell(first));
    Ok(line)
}

/// Words that mean something to a shell and are no program, or not the same one, in first place.
fn is_for_a_shell(word: &OsStr) -> bool {
    const SHELL_WORDS: [&str; 25] = [
        "!", ".", ":", "alias", "case", "cd", "command", "eval", "exec", "exit", "export", "for", "if", "read",
        "readonly", "set", "shift", "source", "trap", "ulimit", "umask", "unset", "until", "while", "{",
    ];
    word.to_str().is_some_and(|word| SHELL_WORDS.binary_search(&word).is_ok())
}

/// Is this word `NAME=VALUE`, as it may stand before a command?
#[must_use]
pub fn assignment(word: &OsStr) -> Option<(&str, &OsStr)> {
    let bytes = word.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&bytes[..equals]).ok()?;
    is_identifier(name).then(|| (name, OsStr::from_bytes(&bytes[equals + 1..])))
}

/// Is this a name that a shell takes for a variable? The same rule as for an ASCII name in Python.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// A word in the form in which a POSIX shell, and [`split`], give it back unchanged.
#[must_use]
pub fn quote(word: &OsStr) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(byte);
    let bytes = word.as_bytes();
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return bytes.to_vec();
    }
    in_single_quotes(word)
}

/// Words as one line in which a POSIX shell, and [`split`], find just these words.
#[must_use]
pub fn join<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> OsString {
    let quoted: Vec<Vec<u8>> = words.into_iter().map(|word| quote(word.as_ref())).collect();
    OsString::from_vec(quoted.join(&b' '))
}

/// A word between single quotes, where nothing is special to a shell but the quote itself.
#[must_use]
pub fn in_single_quotes(word: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let table: [(&str, &[&str]); 13] = [
            ("gunicorn --bind=0.0.0.0 app:app", &["gunicorn", "--bind=0.0.0.0", "app:app"]),
            ("  a \t b\n", &["a", "b"]),
            ("'a b' \"c d\" e\\ f", &["a b", "c d", "e f"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("'' \"\" x", &["", "", "x"]),
            (r#""\"\\\a\$""#, &[r#""\\a$"#]),
            (r"'\n'", &[r"\n"]),
            ("a\\\nb", &["ab"]),
            ("\"a\\\nb\"", &["ab"]),
            ("--name='my site' -e X=\"1 2\"", &["--name=my site", "-e", "X=1 2"]),
            ("a#b", &["a#b"]),
            ("", &[]),
            ("'$HOME' \\$X", &["$HOME", "$X"]),
        ];
        for (text, words) in table {
            let line = split(OsStr::new(text)).unwrap();
            assert_eq!(line.words, words, "{text}");
            assert!(!line.needs_shell, "{text}");
        }
    }

    #[test]
    fn what_only_a_shell_can_do_is_seen_outside_of_quotes_and_expansions_inside_double_ones() {
        for text in [
            "a && b",
            "a; b",
            "a | b",
            "a & b",
            "a > f",
            "a < f",
            "(a)",
            "a $X",
            "a \"$X\"",
            "a `b`",
            "a \"`b`\"",
            "a *.py",
            "a ?",
            "a [x]",
            "a ~/x",
            "X=~/q a",
            "a # b",
            "a\nb",
            "cd x",
            "exec a",
            ". x/activate",
            "export A=1",
            "gunicorn -w $((2 * $NUM_CORES + 1)) app:app",
        ] {
            assert!(split(OsStr::new(text)).unwrap().needs_shell, "{text}");
        }
        for text in ["a '&&' ';' '|' '*'", "a \"&& ; | *\"", "a x~", "a \\;", "a\n", "\na b\n"] {
            assert!(!split(OsStr::new(text)).unwrap().needs_shell, "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_named() {
        assert_eq!(split(OsStr::new("a 'b")), Err(Unbalanced::SingleQuote));
        assert_eq!(split(OsStr::new("a \"b")), Err(Unbalanced::DoubleQuote));
        assert_eq!(split(OsStr::new("a \"b\\")), Err(Unbalanced::DoubleQuote));
        assert_eq!(split(OsStr::new("a \\")), Err(Unbalanced::Backslash));
    }

    #[test]
    fn bytes_that_are_not_utf8_pass() {
        let line = split(OsStr::from_bytes(b"a \xff'\xfe '")).unwrap();
        assert_eq!(line.words[1].as_bytes(), b"\xff\xfe ");
    }

    #[test]
    fn assignments_have_a_name() {
        assert_eq!(assignment(OsStr::new("A_1=b=c")), Some(("A_1", OsStr::new("b=c"))));
        for word in ["=x", "1A=x", "a-b=x", "A", "--bind=x"] {
            assert_eq!(assignment(OsStr::new(word)), None, "{word}");
        }
    }

    #[test]
    fn only_what_needs_quotes_gets_them() {
        for (word, quoted) in [
            ("--bind=0.0.0.0", "--bind=0.0.0.0"),
            ("a_1@%+:,./-", "a_1@%+:,./-"),
            ("", "''"),
            ("it's", "'it'\\''s'"),
            ("caf\u{e9}", "'caf\u{e9}'"),
        ] {
            assert_eq!(quote(OsStr::new(word)), quoted.as_bytes(), "{word}");
        }
        assert_eq!(join(["a b", "c"]), "'a b' c");
    }

    /// Bytes as they stand in command lines, the special ones far more often than by chance.
    fn text() -> impl Strategy<Value = OsString> {
        let byte = prop_oneof![
            4 => prop::sample::select(br#" "'\$`&|;<>()*?[]#~=%!{}.:/-"#.to_vec()),
            2 => prop::sample::select(b"abAB01_\n\t\r".to_vec()),
            1 => 1_u8..,
        ];
        prop::collection::vec(byte, 0..24).prop_map(OsString::from_vec)
    }

    proptest! {
        #[test]
        fn quoting_is_undone_by_splitting(words in prop::collection::vec(text(), 0..6)) {
            let line = split(&join(&words)).unwrap();
            prop_assert_eq!(&line.words, &words);
            // A quoted operator is a word; only what begins a command may be one for a shell.
            prop_assert!(!line.needs_shell || is_for_a_shell(&words[0]));
        }

        #[test]
        fn splitting_never_fails_but_for_what_is_not_closed(text in text()) {
            if let Ok(line) = split(&text) {
                // Nothing is invented: every byte of a word stands in the text.
                prop_assert!(line.words.iter().map(|word| word.len()).sum::<usize>() <= text.len());
                prop_assert_eq!(split(&join(&line.words)).unwrap().words, line.words);
            }
        }
    }
}
