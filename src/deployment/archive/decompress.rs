//! From the bytes of a file to those of the archive in it, one block at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use flate2::bufread::MultiGzDecoder;
use zstd_safe::{DCtx, InBuffer, OutBuffer};

use super::read_up_to;

/// The unit of work. Small enough to stay in a processor's cache from one end to the other, large enough that
/// handing it over costs nothing.
pub(super) const BLOCK: usize = 256 * 1024;

/// How much of the file is read at once: on a network share every call is a round trip.
const READ_SIZE: usize = 512 * 1024;

/// A block, filled from its beginning.
pub(super) struct Block {
    bytes: Box<[u8]>,
    filled: usize,
}

impl Block {
    pub(super) fn empty() -> Self {
        Self { bytes: vec![0; BLOCK].into_boxed_slice(), filled: 0 }
    }

    /// What is in it; nothing only at the end of the archive.
    pub(super) fn content(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

/// Decompresses a file.
pub(super) enum Decoder {
    Plain(File),
    /// Every member of the file, one behind the other; each is checked by its checksum.
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
    /// Every frame of the file; each is checked by its checksum, if it has one.
    Zstd(Zstd),
}

impl Decoder {
    pub(super) fn plain(file: File) -> Self {
        Self::Plain(file)
    }

    pub(super) fn gzip(file: File) -> Self {
        Self::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_SIZE, file))))
    }

    /// # Errors
    ///
    /// There is no memory for it.
    pub(super) fn zstd(file: File) -> io::Result<Self> {
        let context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self::Zstd(Zstd { from: BufReader::with_capacity(READ_SIZE, file), context, is_between_frames: true }))
    }

    /// Fills a block; it is full unless the end was reached.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is damaged, or cut short.
    pub(super) fn fill(&mut self, block: &mut Block) -> io::Result<()> {
        block.filled = match self {
            Self::Plain(file) => read_up_to(file, &mut block.bytes)?,
            Self::Gzip(decoder) => read_up_to(decoder, &mut block.bytes)?,
            Self::Zstd(decoder) => decoder.fill(&mut block.bytes)?,
        };
        Ok(())
    }
}

/// The frames of a file in zstd's format.
pub(super) struct Zstd {
    from: BufReader<File>,
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
