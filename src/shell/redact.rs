//! Command lines for people to see: the values of variables left out.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::{shells, words};

/// What stands for a value.
const HIDDEN: &[u8] = b"...";

/// The words of a command line, without the value of any variable: `DB=secret` becomes `DB=...`, also in the text that
/// a shell is given.
#[must_use]
pub(crate) fn without_values(argv: &[OsString]) -> Vec<OsString> {
    let is_shell = argv.first().and_then(|first| Path::new(first).file_name()).is_some_and(shells::is_shell);
    let script = argv.iter().position(|word| word == "-c").filter(|_| is_shell).map(|at| at + 1);
    let hide = |(at, word): (usize, &OsString)| match words::assignment(word) {
        _ if Some(at) == script => OsString::from_vec(hide_in_line(word.as_bytes())),
        Some((name, _)) => OsString::from_vec([name.as_bytes(), b"=", HIDDEN].concat()),
        None => word.clone(),
    };
    argv.iter().enumerate().map(hide).collect()
}

fn hide_in_line(line: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(line.len());
    let mut at = 0;
    let mut starts_word = true;
    while at < line.len() {
        let name = line[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let is_assignment = starts_word
            && line.get(at + name) == Some(&b'=')
            && words::assignment(OsStr::from_bytes(&line[at..=at + name])).is_some();
        if is_assignment {
            shown.extend_from_slice(&line[at..=at + name]);
            shown.extend_from_slice(HIDDEN);
            at = end_of_value(line, at + name + 1);
            starts_word = false;
            continue;
        }
        starts_word = matches!(line[at], b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b'\'' | b'"' | b'`');
        shown.push(line[at]);
        at += 1;
    }
    shown
}

/// Where the value that begins here ends: at a blank or an operator that is neither quoted nor in an expansion.
fn end_of_value(line: &[u8], mut at: usize) -> usize {
    let (mut quote, mut depth) = (None, 0_usize);
    while let Some(byte) = line.get(at) {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => at += 1,
            (byte, Some(open)) if *byte == open => quote = None,
            (b'\'' | b'"' | b'`', None) => quote = Some(*byte),
            (b'(', None) => depth += 1,
            (b')', None) if depth > 0 => depth -= 1,
            (b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b')', None) if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    at.min(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_variable_is_shown_in_any_form() {
        let rows: [(&[&str], &[&str]); 10] = [
            (&["prog", "--key=value", "a.b:c"], &["prog", "--key=value", "a.b:c"]),
            (&["env", "DB=secret", "prog"], &["env", "DB=...", "prog"]),
            (&["sh", "-c", "DB=secret prog $X"], &["sh", "-c", "DB=... prog $X"]),
            (&["/bin/sh", "-c", "a && DB='se cret;'x\"y z\" prog"], &["/bin/sh", "-c", "a && DB=... prog"]),
            (&["sh", "-c", "export A=1 B=$(cat /x y); c"], &["sh", "-c", "export A=... B=...; c"]),
            (&["sh", "-c", "A=a\\ b c"], &["sh", "-c", "A=... c"]),
            (&["sh", "-c", "(A=1; b=2 c)"], &["sh", "-c", "(A=...; b=... c)"]),
            (&["sh", "-c", "env 'A=se cret' x"], &["sh", "-c", "env 'A=... cret' x"]),
            (&["sh", "-c", "prog --a=b x=1"], &["sh", "-c", "prog --a=b x=..."]),
            (&["sh", "-c", "A="], &["sh", "-c", "A=..."]),
        ];
        for (given, shown) in rows {
            let given: Vec<OsString> = given.iter().map(OsString::from).collect();
            assert_eq!(without_values(&given), shown, "{given:?}");
        }
    }
}
