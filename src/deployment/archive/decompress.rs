//! From the bytes of a file to those of the archive in it, one block at a time.

use std::fs::File;
use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use zstd_safe::{DCtx, InBuffer, OutBuffer};

use super::ahead::{Ahead, Block};

/// The unit of work. Small enough to stay in a processor's cache from one end to the other, large enough that
/// handing it over costs nothing.
pub(super) const BLOCK: usize = 256 * 1024;

/// How much of the file is read at once: on a network share every call is a round trip.
const READ_SIZE: usize = 512 * 1024;

/// How far the file is read ahead of what is decompressed.
const READ_AHEAD: usize = 4;

/// The bytes of a file, read ahead.
pub(super) struct Input {
    ahead: Ahead,
    block: Block,
    at: usize,
}

impl Input {
    /// # Errors
    ///
    /// There can be no more threads.
    pub(super) fn of(mut file: File) -> io::Result<Self> {
        let ahead = Ahead::start("reading", READ_AHEAD, READ_SIZE, move |bytes| read_up_to(&mut file, bytes))?;
        Ok(Self { ahead, block: Block::empty(READ_SIZE), at: 0 })
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.block.content().len() {
            self.at = 0;
            self.ahead.next(&mut self.block, None)?;
        }
        Ok(&self.block.content()[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Input {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

/// Decompresses a file.
pub(super) enum Decoder {
    Plain(Input),
    /// Every member of the file, one behind the other; each is checked by its checksum.
    Gzip(Box<MultiGzDecoder<Input>>),
    /// Every frame of the file; each is checked by its checksum, if it has one.
    Zstd(Zstd),
}

impl Decoder {
    pub(super) fn plain(from: Input) -> Self {
        Self::Plain(from)
    }

    pub(super) fn gzip(from: Input) -> Self {
        Self::Gzip(Box::new(MultiGzDecoder::new(from)))
    }

    /// # Errors
    ///
    /// There is no memory for it.
    pub(super) fn zstd(from: Input) -> io::Result<Self> {
        let context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self::Zstd(Zstd { from, context, is_between_frames: true }))
    }

    /// Fills `to` and says how far: to its end unless that of the archive was reached.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is damaged, or cut short.
    pub(super) fn fill(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(from) => read_up_to(from, to),
            Self::Gzip(decoder) => read_up_to(decoder, to),
            Self::Zstd(decoder) => decoder.fill(to),
        }
    }
}

/// The frames of a file in zstd's format.
pub(super) struct Zstd {
    from: Input,
    context: DCtx<'static>,
    /// A frame has ended, and no other has begun: the only place where the file may end.
    is_between_frames: bool,
}

impl Zstd {
    fn fill(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut output = OutBuffer::around(to);
        loop {
            let available = self.from.fill_buf()?;
            let is_end = available.is_empty();
            let mut input = InBuffer::around(available);
            let before = output.pos();
            if is_end && self.is_between_frames {
                return Ok(output.pos());
            }
            // With no input left it may still hold back what did not fit into the last block.
            let hint = self
                .context
                .decompress_stream(&mut output, &mut input)
                .map_err(|code| io::Error::new(io::ErrorKind::InvalidData, zstd_safe::get_error_name(code)))?;
            let taken = input.pos();
            self.from.consume(taken);
            self.is_between_frames = hint == 0;
            if output.pos() == output.capacity() {
                return Ok(output.pos());
            }
            if is_end && output.pos() == before && hint != 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Fills the buffer as far as the source goes.
pub(super) fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
