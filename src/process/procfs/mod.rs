//! What the kernel tells in `/proc`; the one place that reads it. (The control groups are the exception: they are facts
//! of a decision, and are read as all of these.)
//!
//! Everything here may be out of date by the time it is looked at, and may be missing: `/proc` need not be mounted, and
//! tells little of other users' processes.
#![forbid(unsafe_code)]

pub(crate) mod listeners;
pub(crate) mod processes;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use nix::libc::pid_t;

use crate::environ::Environ;
use crate::printable::printable;

/// Longer than this is cut: it is for a message.
const LENGTH: usize = 80;

/// The number of every process there is, in no order; none when `/proc` cannot be read.
fn pids() -> impl Iterator<Item = pid_t> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// What a short file of `/proc` says: the kernel gives all of it to one `read`, so that three calls are enough where
/// `fs::read` takes six, for each process of a machine.
fn short(path: &str) -> Option<Vec<u8>> {
    let mut text = vec![0; 1024];
    let length = fs::File::open(path).ok()?.read(&mut text).ok()?;
    text.truncate(length);
    Some(text)
}

/// Does a process of this number exist, ended or not?
pub(crate) fn exists(pid: pid_t) -> bool {
    fs::exists(format!("/proc/{pid}")).unwrap_or_default()
}

/// The environment that a process was executed with.
///
/// # Errors
///
/// There is no such process or no `/proc`, or it is another user's.
pub(crate) fn environ(pid: pid_t) -> io::Result<Environ> {
    Ok(Environ::from_block(&fs::read(format!("/proc/{pid}/environ"))?))
}

/// The name of a process, at most 15 bytes of it: everybody may read it.
pub(crate) fn name(pid: pid_t) -> Option<String> {
    let name = String::from_utf8(short(&format!("/proc/{pid}/comm"))?).ok()?;
    Some(name.trim_end_matches('\n').to_owned())
}

/// The command line of a process, words joined by spaces, shortened; its name when it has none.
pub(crate) fn command_line(pid: pid_t) -> Option<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|words| !words.is_empty());
    Some(joined(&words.or_else(|| name(pid).map(String::into_bytes))?))
}

/// The words of a process's command line, as they stand in its memory: some servers write a title over them. None
/// when it has ended, or is a thread of the kernel.
pub(crate) fn words(pid: pid_t) -> Vec<OsString> {
    split(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default())
}

fn split(cmdline: &[u8]) -> Vec<OsString> {
    if cmdline.is_empty() {
        return Vec::new();
    }
    let words = cmdline.strip_suffix(b"\0").unwrap_or(cmdline).split(|byte| *byte == 0);
    words.map(|word| OsStr::from_bytes(word).to_owned()).collect()
}

/// One short line of text.
fn joined(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let text = text.trim_end().trim_end_matches('\0').replace('\0', " ");
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}...", printable(&text[..end])),
        None => printable(&text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_where_its_words_end() {
        assert_eq!(split(b"python3\0-m\0\0x y\0"), ["python3", "-m", "", "x y"]);
        assert_eq!(split(b"gunicorn: master [app:app]"), ["gunicorn: master [app:app]"]);
        assert_eq!(split(b""), [""; 0]);
    }

    #[test]
    fn a_command_line_is_one_short_line_of_text() {
        assert_eq!(joined(b"gunicorn\0app:app\0"), "gunicorn app:app");
        assert_eq!(joined(b"comm"), "comm");
        assert_eq!(joined(b"a\0b\nc\x1b\0"), r"a b\nc\u{1b}");
        assert_eq!(joined("\u{e4}".repeat(100).as_bytes()).chars().count(), LENGTH + 3);
    }
}
