//! Writing to standard error without ever waiting for its reader for long.
//!
//! While pystart holds its signals, a write that blocks would hold up a stop: a pipe holds 64 KiB, and whoever should
//! read it may have stopped reading. The stream belongs to the app as well, so that it cannot be made non-blocking.
#![forbid(unsafe_code)]

use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::{Errno, ReadWriteFlags, pwritev2};
use rustix::pipe::PIPE_BUF;
use rustix::stdio;

/// How long a line may wait for room; then the rest of it is dropped.
const PATIENCE: Duration = Duration::from_millis(100);

/// The offset that stands for the stream's own position (`pwritev2(2)`).
const OWN_POSITION: u64 = u64::MAX;

/// Standard error. A write succeeds always: where nobody reads, there is nobody to tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stderr;

impl io::Write for Stderr {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut deadline = None;
        let mut rest = text;
        while !rest.is_empty() {
            match write_within(rest, &mut deadline) {
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => break,
                Ok(written) => rest = &rest[written..],
            }
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what there is room for, as soon as there is some; EAGAIN when the time is over.
fn write_within(text: &[u8], deadline: &mut Option<Instant>) -> Result<usize, Errno> {
    loop {
        let refused = match pwritev2(stdio::stderr(), &[IoSlice::new(text)], OWN_POSITION, ReadWriteFlags::NOWAIT) {
            Ok(written) => return Ok(written),
            Err(errno @ (Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::SPIPE)) => errno,
            Err(errno) => return Err(errno),
        };
        let now = Instant::now();
        if !has_room_within(deadline.get_or_insert(now + PATIENCE).saturating_duration_since(now)) {
            return Err(Errno::AGAIN);
        }
        // A file answers EAGAIN for reasons of its own; the others (a terminal, a pipe before Linux 6.4) cannot be asked
        // that way. What has room has some for `PIPE_BUF` bytes.
        if refused != Errno::AGAIN || is_file() {
            return rustix::io::write(stdio::stderr(), &text[..text.len().min(PIPE_BUF)]);
        }
    }
}

/// Whether standard error takes something before the time is over. A stream in error counts as one with room: the
/// write will say what is the matter.
fn has_room_within(limit: Duration) -> bool {
    let stderr = stdio::stderr();
    let mut streams = [PollFd::new(stderr, PollFlags::POLLOUT)];
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::ZERO);
    poll(&mut streams, limit).is_ok_and(|ready| ready > 0)
}

fn is_file() -> bool {
    fstat(stdio::stderr()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}
