//! Sparse files: where in the file the pieces belong that are in the archive.

use std::io;

use tar::{GnuExtSparseHeader, GnuHeader, GnuSparseHeader};

use super::block::{BLOCK, decimal};
use super::fault::{Cause, damaged};
use super::stream::Stream;

/// More extents than a file of an app has; each takes memory.
const MOST_EXTENTS: usize = 1 << 20;

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// The extents of a file: in order, none over another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Map {
    extents: Vec<Extent>,
}

impl Map {
    /// Adds an extent.
    ///
    /// # Errors
    ///
    /// It does not come behind those before it, or there are too many.
    pub(super) fn push(&mut self, extent: Extent) -> Result<(), Cause> {
        let end = self.extents.last().map_or(0, |last| last.offset + last.length);
        if extent.offset < end || extent.offset.checked_add(extent.length).is_none() {
            return Err(damaged("the map of a sparse file"));
        }
        if self.extents.len() == MOST_EXTENTS {
            return Err(Cause::TooMuch(format!("there are more than {MOST_EXTENTS} pieces in it")));
        }
        self.extents.push(extent);
        Ok(())
    }

    /// The extents.
    pub(super) fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// Do the extents make up just so much content, within a file of that size?
    pub(super) fn fits(&self, stored: u64, size: u64) -> bool {
        let ends_inside = self.extents.last().is_none_or(|last| last.offset + last.length <= size);
        ends_inside && self.extents.iter().map(|extent| extent.length).sum::<u64>() == stored
    }

    /// The map of GNU tar's own format: four extents in the header, more in blocks behind it.
    pub(super) fn of_gnu(header: &GnuHeader, stream: &mut Stream<'_>) -> Result<Self, Cause> {
        let mut map = Self::default();
        map.push_all(&header.sparse)?;
        let mut is_extended = header.is_extended();
        while is_extended {
            let mut more = GnuExtSparseHeader::new();
            stream.fill(more.as_mut_bytes())?;
            map.push_all(more.sparse())?;
            is_extended = more.is_extended();
        }
        Ok(map)
    }

    fn push_all(&mut self, headers: &[GnuSparseHeader]) -> Result<(), Cause> {
        let extent = |header: &GnuSparseHeader| -> io::Result<_> {
            Ok(Extent { offset: header.offset()?, length: header.length()? })
        };
        for header in headers.iter().filter(|header| !header.is_empty()) {
            self.push(extent(header).map_err(|_| damaged("the map of a sparse file"))?)?;
        }
        Ok(())
    }

    /// The map of format 1.0: decimal numbers in front of the content, each on a line; the number of extents, then
    /// offset and length of each, filled up to whole blocks. Also returns how many bytes it takes.
    pub(super) fn of_content(stream: &mut Stream<'_>, stored: u64) -> Result<(Self, u64), Cause> {
        let mut lines = Lines { stream, block: [0; BLOCK], at: BLOCK, taken: 0, stored };
        let count = lines.number()?;
        let mut map = Self::default();
        for _ in 0..count {
            map.push(Extent { offset: lines.number()?, length: lines.number()? })?;
        }
        let taken = lines.taken;
        Ok((map, taken))
    }
}

/// Numbers on lines of their own, read block by block.
struct Lines<'s, 'a> {
    stream: &'s mut Stream<'a>,
    block: [u8; BLOCK],
    at: usize,
    taken: u64,
    stored: u64,
}

impl Lines<'_, '_> {
    fn number(&mut self) -> Result<u64, Cause> {
        let mut digits = Vec::new();
        loop {
            if self.at == BLOCK {
                self.taken += BLOCK as u64;
                if self.taken > self.stored {
                    return Err(damaged("the map of a sparse file"));
                }
                self.stream.fill(&mut self.block)?;
                self.at = 0;
            }
            let byte = self.block[self.at];
            self.at += 1;
            match byte {
                b'\n' if !digits.is_empty() => break,
                byte if byte.is_ascii_digit() && digits.len() < 20 => digits.push(byte),
                _ => return Err(damaged("the map of a sparse file")),
            }
        }
        decimal(&digits).ok_or_else(|| damaged("the map of a sparse file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(extents: &[(u64, u64)]) -> Result<Map, Cause> {
        let mut map = Map::default();
        extents.iter().try_for_each(|&(offset, length)| map.push(Extent { offset, length }))?;
        Ok(map)
    }

    #[test]
    fn extents_come_in_order_and_none_over_another() {
        assert!(map(&[(0, 5), (5, 1), (9, 0)]).is_ok());
        for bad in [&[(0, 5), (4, 1)][..], &[(9, 1), (0, 1)], &[(u64::MAX, 1)]] {
            assert!(map(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_map_fits_its_content_and_its_file() {
        let map = map(&[(0, 5), (10, 5)]).unwrap();
        assert!(map.fits(10, 15) && map.fits(10, 99));
        assert!(!map.fits(9, 15) && !map.fits(10, 14));
        assert!(Map::default().fits(0, 7));
    }
}
