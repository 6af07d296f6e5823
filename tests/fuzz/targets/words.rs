//! Any bytes as a command line: what is split is found again in what is joined, and nothing is invented.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pystart::shell::words::{assignment, join, split};

pub fn run(data: &[u8]) {
    let Ok(line) = split(OsStr::from_bytes(data)) else { return };
    assert!(line.words.iter().map(|word| word.len()).sum::<usize>() <= data.len());
    assert_eq!(split(&join(&line.words)).unwrap().words, line.words);
    for (name, value) in line.words.iter().filter_map(|word| assignment(word)) {
        assert!(name.len() + value.len() < data.len());
    }
}
