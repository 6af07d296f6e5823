//! Text from outside (file names, names of processes, command lines) in a form that is safe to show.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character written out that could do something to the reader's screen or fake a line of the
/// log: control characters (`\n`, `\u{1b}`), line and paragraph separators, and those that turn the direction of writing.
///
/// Nothing is lost, and a text without such a character stays as it is. For everything that people read; JSON has its
/// own way of writing.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    // Nearly always, and found out at a byte a time.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) {
            // Writing to a string cannot fail.
            let _ = write!(safe, "{}", character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// The same for JSON, which is shown on terminals as well: DEL, C1 and what turns the direction of writing stand there as
/// they are, and mean the same as `\uNNNN`. Takes JSON and gives JSON of the same value.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let is_unsafe = |character: char| !matches!(character, '\n' | ' '..='~') && is_unsafe(character);
    if !json.contains(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_unsafe(character) {
            // They are all of the basic plane. Writing to a string cannot fail.
            let _ = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// `char::is_control` is the category Cc: C0, DEL and C1. The rest are the line separators and the formatting characters
/// of the bidirectional algorithm (UAX #9).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number of bytes, for people.
pub(crate) fn byte_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_or_fake_a_line_is_written_out() {
        for (text, shown) in [
            ("a\nb\r\t", r"a\nb\r\t"),
            ("\x1b[2J\x7f\0", r"\u{1b}[2J\u{7f}\u{0}"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
            ("\u{202e}gpj.exe", r"\u{202e}gpj.exe"),
            ("\u{2066}a\u{2069}\u{200f}\u{200e}", r"\u{2066}a\u{2069}\u{200f}\u{200e}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn json_keeps_its_value_and_loses_what_a_terminal_would_act_on() {
        let value = serde_json::json!({"a\u{7f}": "\u{9b}2J\u{202e}\n\u{2028}", "größe": ["日本", 1]});
        let json = format!("{value:#}\n");
        let safe = printable_json(&json);
        assert!(!safe.contains(|character: char| character != '\n' && is_unsafe(character)), "{safe}");
        assert!(safe.contains(r"\u009b2J\u202e\n\u2028") && safe.contains("größe"), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        assert!(matches!(printable_json("{\n \"größe\": 1\n}"), Cow::Borrowed(_)));
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "app.py", "/größe/日本/a b'\"`\\n"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn sizes_are_told_in_round_numbers() {
        for (bytes, told) in [(999, "999 bytes"), (48_900_000, "48 MB"), (1_999, "1 kB"), (7_560_000_000, "7.5 GB")] {
            assert_eq!(byte_size(bytes), told);
        }
    }
}
