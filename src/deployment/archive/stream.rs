//! A decompressed archive as a stream: read piece by piece, counted, and decompressed ahead.

use std::ffi::c_int;
use std::io;
use std::time::Duration;

use super::ahead::{Ahead, Block};
use super::decompress::{BLOCK, Decoder};
use super::fault::{Cause, cut_short};
use super::member::Reading;
use crate::deployment::limits::{Content, Meter};

/// How many blocks are on their way between the two threads: enough that neither waits for the other's stumbling.
const IN_FLIGHT: usize = 16;

/// How often a wait for the decompression looks whether it should end: a share may take its time.
const LOOK_UP: Duration = Duration::from_millis(20);

/// An archive as a stream of bytes.
pub(super) struct Stream<'a> {
    blocks: Ahead,
    stop: &'a dyn Fn() -> Option<c_int>,
    meter: Meter,
    block: Block,
    /// How much of the block is used up.
    at: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn new(mut decoder: Decoder, reading: Reading<'a>, meter: Meter) -> io::Result<Self> {
        let blocks = Ahead::start("decompression", IN_FLIGHT, BLOCK, move |bytes| decoder.fill(bytes))?;
        Ok(Self { blocks, stop: reading.stop, meter, block: Block::empty(BLOCK), at: 0 })
    }

    /// What was counted so far.
    pub(super) fn content(&self) -> Content {
        self.meter.content()
    }

    /// One more member.
    pub(super) fn count_member(&mut self) -> Result<(), Cause> {
        self.meter.member()
    }

    /// What comes next, at least a byte of it; nothing at the end.
    fn rest(&mut self) -> Result<&[u8], Cause> {
        if self.at == self.block.content().len() {
            self.next_block()?;
        }
        Ok(&self.block.content()[self.at..])
    }

    fn next_block(&mut self) -> Result<(), Cause> {
        self.at = 0;
        loop {
            if let Some(signal) = (self.stop)() {
                return Err(Cause::Stopped(signal));
            }
            if self.blocks.next(&mut self.block, Some(LOOK_UP))?.is_some() {
                return self.meter.bytes(self.block.content().len());
            }
        }
    }

    /// Fills `to`; false if the stream is at its end.
    pub(super) fn fill_or_end(&mut self, to: &mut [u8]) -> Result<bool, Cause> {
        if self.rest()?.is_empty() {
            return Ok(false);
        }
        self.fill(to)?;
        Ok(true)
    }

    /// Fills `to`.
    pub(super) fn fill(&mut self, to: &mut [u8]) -> Result<(), Cause> {
        let mut filled = 0;
        self.pieces(to.len() as u64, &mut |piece| {
            to[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
            Ok(())
        })
    }

    /// Hands out the next `length` bytes, as they come.
    pub(super) fn pieces(
        &mut self,
        length: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        let mut left = length;
        while left > 0 {
            let rest = self.rest()?;
            if rest.is_empty() {
                return Err(cut_short());
            }
            let count = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
            take(&rest[..count])?;
            self.at += count;
            left -= count as u64;
        }
        Ok(())
    }

    /// Reads over the next `length` bytes.
    pub(super) fn skip(&mut self, length: u64) -> Result<(), Cause> {
        self.pieces(length, &mut |_| Ok(()))
    }

    /// Reads to the end, where the checksums are.
    pub(super) fn finish(&mut self) -> Result<(), Cause> {
        loop {
            let length = self.rest()?.len();
            if length == 0 {
                return Ok(());
            }
            self.at += length;
        }
    }
}
