//! The headers of a tar archive: the block in front of every member, and what GNU tar and POSIX (`pax`) put in front
//! of that where it does not fit.

use std::str;

use tar::Header;

use super::block::decimal;
use super::fault::{Cause, damaged};
use super::sparse::{Extent, Map};

/// The checksum of a header: its bytes, those of the checksum itself taken for spaces. Some old programs added up
/// signed bytes (GNU tar accepts both).
pub(super) fn has_checksum(header: &Header) -> bool {
    let Ok(stored) = header.cksum() else { return false };
    let bytes =
        header.as_bytes().iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
    let unsigned: u32 = bytes.clone().map(u32::from).sum();
    let signed: i32 = bytes.map(|byte| i32::from(byte.cast_signed())).sum();
    stored == unsigned || i64::from(stored) == i64::from(signed)
}

/// What stands in front of a header and counts instead of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extended {
    /// The name.
    pub(super) path: Option<Vec<u8>>,
    /// Where a link points.
    pub(super) link: Option<Vec<u8>>,
    /// How many bytes of content are in the archive.
    pub(super) size: Option<u64>,
    /// When it was modified.
    pub(super) modified: Option<i64>,
    /// Which version of the sparse format: 1.0 has its map in front of the content, the older ones here.
    pub(super) sparse: Option<SparseVersion>,
    /// The name of a sparse file; the member's own name is one for programs that know no sparse files.
    pub(super) sparse_name: Option<Vec<u8>>,
    /// The size of a sparse file, holes included.
    pub(super) sparse_size: Option<u64>,
    /// The map of an older version.
    pub(super) map: Map,
    /// Where the next extent of version 0.0 begins.
    extent_begins: Option<u64>,
}

/// Where the map of a sparse file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SparseVersion {
    /// In the records.
    Old,
    /// In front of the content.
    New,
}

impl Extended {
    /// Is there anything?
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the records of a pax header, `LENGTH KEY=VALUE\n` each, the length counted over the whole record. A value
    /// may have any byte in it. Of two with one key the last counts.
    pub(super) fn add(&mut self, mut records: &[u8]) -> Result<(), Cause> {
        // Some programs fill the block up with NUL bytes.
        while let [first, ..] = records
            && *first != 0
        {
            let (record, rest) = split_record(records).ok_or_else(|| damaged("a record of a pax header"))?;
            let equals =
                record.iter().position(|byte| *byte == b'=').ok_or_else(|| damaged("a record of a pax header"))?;
            self.set(&record[..equals], &record[equals + 1..])?;
            records = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Cause> {
        let number = || decimal(value).ok_or_else(|| damaged("a number in a pax header"));
        match key {
            b"path" => self.path = Some(value.to_owned()),
            b"linkpath" => self.link = Some(value.to_owned()),
            b"size" => self.size = Some(number()?),
            b"mtime" => self.modified = Some(seconds(value).ok_or_else(|| damaged("a time in a pax header"))?),
            b"GNU.sparse.major" => {
                self.sparse = Some(if number()? == 0 { SparseVersion::Old } else { SparseVersion::New });
            }
            b"GNU.sparse.name" => self.sparse_name = Some(value.to_owned()),
            b"GNU.sparse.realsize" => self.sparse_size = Some(number()?),
            b"GNU.sparse.size" => {
                self.sparse_size = Some(number()?);
                self.sparse.get_or_insert(SparseVersion::Old);
            }
            b"GNU.sparse.offset" => self.extent_begins = Some(number()?),
            b"GNU.sparse.numbytes" => {
                let offset = self.extent_begins.take().ok_or_else(|| damaged("the map of a sparse file"))?;
                self.map.push(Extent { offset, length: number()? })?;
            }
            b"GNU.sparse.map" => {
                let numbers = value.split(|byte| *byte == b',').filter(|number| !number.is_empty()).map(decimal);
                let numbers: Vec<u64> =
                    numbers.collect::<Option<_>>().ok_or_else(|| damaged("the map of a sparse file"))?;
                let (pairs, []) = numbers.as_chunks() else { return Err(damaged("the map of a sparse file")) };
                for &[offset, length] in pairs {
                    self.map.push(Extent { offset, length })?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The content of a record, from behind its length to before its line end, and what comes after it.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&records[..space])?).ok()?;
    let record = records.get(space + 1..length)?;
    let record = record.strip_suffix(b"\n")?;
    Some((record, &records[length..]))
}

/// The whole seconds of a time, `1700000000.123456789` or `-1.5`.
fn seconds(time: &[u8]) -> Option<i64> {
    let whole = time.split(|byte| *byte == b'.').next()?;
    str::from_utf8(whole).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &[u8]) -> Vec<u8> {
        let rest = [b" ".as_slice(), key.as_bytes(), b"=", value, b"\n"].concat();
        let digits = (1..9).find(|digits| (digits + rest.len()).to_string().len() == *digits).unwrap();
        [(digits + rest.len()).to_string().as_bytes(), &rest].concat()
    }

    #[test]
    fn records_count_by_their_length_so_that_a_value_may_have_a_line_end() {
        let mut extended = Extended::default();
        let mut records = record("path", b"a\nb=\xff");
        records.extend(record("path", b"second\n"));
        records.extend(record("size", b"12"));
        records.extend(record("mtime", b"-3.25"));
        records.extend(record("comment", b"x"));
        records.extend([0; 20]);
        extended.add(&records).unwrap();
        assert_eq!(extended.path.as_deref(), Some(&b"second\n"[..]));
        assert_eq!((extended.size, extended.modified, extended.is_empty()), (Some(12), Some(-3), false));
    }

    #[test]
    fn a_record_that_makes_no_sense_is_damage_and_never_a_panic() {
        for records in [
            "x",
            "5",
            "5 ",
            "0 a=b\n",
            "3 a=b\n",
            "99 a=b\n",
            "6 a=b\r",
            "18446744073709551616 a=b\n",
            "5 ab\n",
            "-6 a=b\n",
            "10 size=x\n",
            "11 mtime=x\n",
            "23 GNU.sparse.map=1,2,3\n",
            "26 GNU.sparse.numbytes=1\n",
        ] {
            assert!(Extended::default().add(records.as_bytes()).is_err(), "{records:?}");
        }
    }

    #[test]
    fn the_older_sparse_maps_are_read_from_the_records() {
        let expected = [Extent { offset: 0, length: 1 }, Extent { offset: 9, length: 2 }];
        let mut first = Extended::default();
        for (key, value) in [
            ("GNU.sparse.size", "20"),
            ("GNU.sparse.offset", "0"),
            ("GNU.sparse.numbytes", "1"),
            ("GNU.sparse.offset", "9"),
            ("GNU.sparse.numbytes", "2"),
        ] {
            first.add(&record(key, value.as_bytes())).unwrap();
        }
        let mut second = Extended::default();
        second.add(&record("GNU.sparse.size", b"20")).unwrap();
        second.add(&record("GNU.sparse.map", b"0,1,9,2")).unwrap();
        for extended in [first, second] {
            assert_eq!((extended.sparse, extended.sparse_size), (Some(SparseVersion::Old), Some(20)));
            assert_eq!(extended.map.extents(), expected);
        }
    }

    #[test]
    fn a_checksum_of_signed_bytes_counts_too() {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[0] = 0xff;
        header.set_cksum();
        assert!(has_checksum(&header));
        let unsigned = header.cksum().unwrap();
        header.as_mut_bytes()[148..156].copy_from_slice(format!("{:06o}\0 ", unsigned - 256).as_bytes());
        assert!(has_checksum(&header));
        header.as_mut_bytes()[0] = 0xfe;
        assert!(!has_checksum(&header));
    }
}
