//! Command lines at random: the words are those that a shell finds.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use pystart::shell::words::{join, split};

fn line() -> impl Strategy<Value = OsString> {
    let byte = prop_oneof![
        3 => prop::sample::select(br#" "'\$`&|;<>()*?[]#~=%!{}.:/-"#.to_vec()),
        3 => prop::sample::select(b"abAB01_ \t\r\xff".to_vec()),
    ];
    prop::collection::vec(byte, 1..20).prop_map(OsString::from_vec)
}

/// What `/bin/sh` makes of each line behind `printf`, the words ended by a NUL byte and the lines by another.
fn words_of_shell(lines: &[OsString]) -> Vec<Vec<u8>> {
    let mut script = Vec::new();
    for line in lines {
        script.extend_from_slice(b"printf '%s\\0' ");
        script.extend_from_slice(line.as_bytes());
        script.extend_from_slice(b"\nprintf '\\001'\n");
    }
    let script = OsString::from_vec(script);
    let output = Command::new("/bin/sh").arg("-c").arg(script).env_clear().env("LC_ALL", "C").output().unwrap();
    let lines = output.stdout.split(|byte| *byte == 1).map(<[u8]>::to_vec);
    lines.collect()
}

#[test]
fn the_words_of_a_line_are_those_that_a_shell_finds() {
    let mut runner = TestRunner::deterministic();
    let all = std::iter::repeat_with(|| line().new_tree(&mut runner).unwrap().current()).take(6000);
    let plain = |line: &OsString| split(line).is_ok_and(|line| !line.needs_shell && !line.words.is_empty());
    let lines: Vec<OsString> = all.filter(plain).collect();
    assert!(lines.len() > 300, "{}", lines.len());
    for (line, found) in lines.iter().zip(words_of_shell(&lines)) {
        let words = split(line).unwrap().words;
        let expected: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
        assert_eq!(OsStr::from_bytes(&found), OsStr::from_bytes(&expected), "{}", line.display());
        assert_eq!(words_of_shell(&[join(&words)])[0], found, "{}", line.display());
    }
}
