//! The simple commands of a shell's line or script, as far as its text tells: no expansion, no control flow.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use super::words;

/// A word of a command: what it says, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its text, quotes removed.
    pub text: OsString,
    /// Its bytes in the text, quotes included.
    pub range: Range<usize>,
}

/// Cuts a text where a shell cuts it: at line ends and operators outside of quotes and of `$( )`. Comments are left out,
/// and a command whose quotes are not closed.
#[must_use]
pub(crate) fn commands(text: &OsStr) -> Vec<Vec<Word>> {
    let mut cutter = Cutter { text: text.as_bytes(), commands: vec![Vec::new()], start: None };
    let mut at = 0;
    while at < cutter.text.len() {
        at = cutter.step(at);
    }
    cutter.end_word(cutter.text.len());
    cutter.commands.retain(|command| !command.is_empty());
    cutter.commands
}

struct Cutter<'a> {
    text: &'a [u8],
    commands: Vec<Vec<Word>>,
    /// Where the word begins that is being read.
    start: Option<usize>,
}

impl Cutter<'_> {
    /// Reads what begins here; where the next begins.
    fn step(&mut self, at: usize) -> usize {
        let next = self.text.get(at + 1).copied();
        match self.text[at] {
            b' ' | b'\t' | b'\r' => self.end_word(at),
            // `2>&1` and `&>file` are redirections.
            b'&' if next == Some(b'>')
                || at.checked_sub(1).is_some_and(|before| matches!(self.text[before], b'>' | b'<')) =>
            {
                self.start.get_or_insert(at);
            }
            b'\n' | b';' | b'|' | b'(' | b')' | b'&' => self.end_command(at),
            b'#' if self.start.is_none() => {
                let rest = &self.text[at..];
                return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            }
            _ => {
                self.start.get_or_insert(at);
                return self.behind(at);
            }
        }
        at + 1
    }

    /// Where what begins here in a word ends: a quoted part, an expansion, a byte.
    fn behind(&self, at: usize) -> usize {
        let rest = &self.text[at + 1..];
        let up_to = |byte: u8| rest.iter().position(|own| *own == byte).map_or(self.text.len(), |found| at + found + 2);
        match self.text[at] {
            b'\\' => at + 2,
            quote @ (b'\'' | b'`') => up_to(quote),
            b'"' => {
                let mut end = at + 1;
                while let Some(byte) = self.text.get(end).filter(|byte| **byte != b'"') {
                    end += if *byte == b'\\' { 2 } else { 1 };
                }
                end + 1
            }
            b'$' if rest.first() == Some(&b'(') => {
                let mut depth = 0_usize;
                let length = rest.iter().position(|byte| {
                    match byte {
                        b'(' => depth += 1,
                        b')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    depth == 0
                });
                length.map_or(self.text.len(), |length| at + length + 2)
            }
            _ => at + 1,
        }
    }

    fn end_word(&mut self, end: usize) {
        let Some(start) = self.start.take() else { return };
        let range = start..end.min(self.text.len());
        let raw = OsStr::from_bytes(&self.text[range.clone()]);
        let Some(command) = self.commands.last_mut() else { return };
        match words::split(raw) {
            Ok(mut line) => match line.words.len() {
                // A line end that a backslash takes away.
                0 => {}
                1 => command.extend(line.words.pop().map(|text| Word { text, range })),
                // Blanks in an expansion, which stays as it is.
                _ => command.push(Word { text: raw.to_owned(), range }),
            },
            // A shell runs nothing of it; it is the end of the text.
            Err(_) => command.clear(),
        }
    }

    fn end_command(&mut self, at: usize) {
        self.end_word(at);
        self.commands.push(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let joined = |command: Vec<Word>| {
            command.into_iter().map(|word| word.text.into_string().unwrap()).collect::<Vec<_>>().join("|")
        };
        commands(OsStr::new(text)).into_iter().map(joined).collect()
    }

    #[test]
    fn a_text_is_cut_where_a_shell_cuts_it() {
        let rows: [(&str, &[&str]); 14] = [
            ("a b;c&&d||e|f&g\nh", &["a|b", "c", "d", "e", "f", "g", "h"]),
            ("cd x; gunicorn app:app", &["cd|x", "gunicorn|app:app"]),
            ("a ';' \"&&\" \\; 'x'\"y\"", &["a|;|&&|;|xy"]),
            ("a > f 2>&1 &>g b", &["a|>|f|2>&1|&>g|b"]),
            ("a 2>&1; b", &["a|2>&1", "b"]),
            ("(cd x && a)", &["cd|x", "a"]),
            ("a -w $((2 * $N + 1)) $(b; c) b", &["a|-w|$((2 * $N + 1))|$(b; c)|b"]),
            ("a `b; c` d", &["a|`b; c`|d"]),
            ("a # b; c\nd#e", &["a", "d#e"]),
            ("a \\\n  b", &["a|b"]),
            ("a\r\nb", &["a", "b"]),
            ("a \"$X; \\\" y\" z", &["a|$X; \" y|z"]),
            ("a; b 'c", &["a"]),
            (" ; ; ", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_into_words_that_stand_in_it(text in "[ab \\\\'\"`$();|&<>#\n]{0,24}") {
            let mut last = 0;
            for word in commands(OsStr::new(&text)).iter().flatten() {
                prop_assert!(word.range.start >= last && word.range.start < word.range.end);
                prop_assert!(word.range.end <= text.len());
                last = word.range.end;
            }
        }
    }
}
