//! The members of a tar archive, as GNU tar writes them, and POSIX.
//!
//! The loop is our own and not that of the `tar` crate, which reads the fields of a header for us: that one keeps a
//! long name of any length in memory, takes an archive without its end mark, knows only GNU's own sparse files, copies
//! every byte once more, and splits pax records at line ends, which names may have.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tar::{EntryType, Header};

use super::block::BLOCK;
use super::fault::{Cause, Fault, cut_short, damaged};
use super::header::{Extended, SparseVersion, has_checksum};
use super::member::{Kind, Member, Receive};
use super::name::{checked, checked_symlink, checked_target};
use super::sparse::{Extent, Map};
use super::stream::Stream;

/// The longest name, and the longest pax header, that is read: more than any path, and maps of sparse files are long.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// Reads the archive from its beginning to its end.
///
/// # Errors
///
/// It is damaged, cut short or refused, or `to` cannot take it.
pub(super) fn read(stream: &mut Stream<'_>, to: &mut dyn Receive) -> Result<(), Fault> {
    let mut header = Header::new_old();
    let mut extended = Extended::default();
    loop {
        let is_there = stream.fill_or_end(header.as_mut_bytes())?;
        // The end mark is missing: what came after has been cut off.
        if !is_there {
            return Err(cut_short().into());
        }
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return if extended.is_empty() { Ok(stream.finish()?) } else { Err(cut_short().into()) };
        }
        if !has_checksum(&header) {
            return Err(damaged("a header does not fit its checksum").into());
        }
        stream.count_member()?;
        if !add_extension(stream, &header, &mut extended)? {
            let extended = std::mem::take(&mut extended);
            let name = name(&header, &extended);
            member(stream, &header, extended, &name, to)
                .map_err(|cause| Fault::at(cause, Path::new(OsStr::from_bytes(&name))))?;
        }
    }
}

/// Reads what only says something about the member behind it; false if the header is that of a member.
fn add_extension(stream: &mut Stream<'_>, header: &Header, extended: &mut Extended) -> Result<bool, Cause> {
    let kind = header.entry_type();
    match kind {
        EntryType::GNULongName => extended.path = Some(until_nul(extension(stream, header)?)),
        EntryType::GNULongLink => extended.link = Some(until_nul(extension(stream, header)?)),
        EntryType::XHeader => extended.add(&extension(stream, header)?)?,
        EntryType::XGlobalHeader => {
            // Says something about all members behind it: comments of `git archive` and the like.
            let mut global = Extended::default();
            global.add(&extension(stream, header)?)?;
            global.modified = None;
            if !global.is_empty() {
                return Err(Cause::Refused("it gives all its members one name or size".into()));
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn extension(stream: &mut Stream<'_>, header: &Header) -> Result<Vec<u8>, Cause> {
    let size = header.entry_size().map_err(|_| damaged("a size"))?;
    if size > LONGEST_EXTENSION {
        return Err(Cause::Refused(format!("a name or a pax header of {size} bytes is in it")));
    }
    let mut content = vec![0; usize::try_from(size).unwrap_or_default()];
    stream.fill(&mut content)?;
    stream.skip(padding(size))?;
    Ok(content)
}

fn until_nul(mut name: Vec<u8>) -> Vec<u8> {
    name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
    name
}

/// From the end of a content to the next block.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn name(header: &Header, extended: &Extended) -> Vec<u8> {
    let own = || header.path_bytes().into_owned();
    extended.sparse_name.clone().or_else(|| extended.path.clone()).unwrap_or_else(own)
}

fn member(
    stream: &mut Stream<'_>,
    header: &Header,
    extended: Extended,
    name: &[u8],
    to: &mut dyn Receive,
) -> Result<(), Cause> {
    let path = checked(name)?;
    let size = extended.size.map_or_else(|| header.entry_size().map_err(|_| damaged("a size")), Ok)?;
    let mode = header.mode().map_err(|_| damaged("permissions"))? & 0o777;
    let in_header = || header.mtime().ok().and_then(|time| i64::try_from(time).ok()).unwrap_or_default();
    let modified = extended.modified.unwrap_or_else(in_header);
    let link = extended.link.clone().or_else(|| header.link_name_bytes().map(Cow::into_owned));
    let link = link.unwrap_or_default();
    let member = Member { path: &path, kind: Kind::Folder, mode, modified };
    let mut begin = |kind| to.member(&Member { kind, ..member });
    let refuse = |what: &str| Err(Cause::Refused(format!("it is {what}, which no app consists of")));
    match header.entry_type() {
        EntryType::Directory => begin(Kind::Folder)?,
        // Before POSIX a folder was a file with a slash behind its name.
        EntryType::Regular if name.ends_with(b"/") => begin(Kind::Folder)?,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            if path.as_os_str().is_empty() {
                return Err(Cause::Refused("it is a file in the place of the folder itself".into()));
            }
            return file(stream, header, extended, size, member, to);
        }
        EntryType::Symlink => begin(Kind::Symlink(checked_symlink(&link)?))?,
        // Its size is that of the file it is another name of, and there is no content (as GNU tar reads it).
        EntryType::Link => return begin(Kind::HardLink(&checked_target(&link)?)),
        EntryType::Char | EntryType::Block => return refuse("a device"),
        EntryType::Fifo => return refuse("a named pipe"),
        other => return refuse(&format!("of the type `{}`", char::from(other.as_byte()).escape_default())),
    }
    stream.skip(size)?;
    stream.skip(padding(size))
}

/// A file with `stored` bytes of content in the archive; `member` is all but its size.
fn file(
    stream: &mut Stream<'_>,
    header: &Header,
    extended: Extended,
    stored: u64,
    member: Member<'_>,
    to: &mut dyn Receive,
) -> Result<(), Cause> {
    let whole = |size| -> Result<Map, Cause> {
        let mut map = Map::default();
        map.push(Extent { offset: 0, length: size })?;
        Ok(map)
    };
    let mut content = stored;
    let (map, size) = if header.entry_type() == EntryType::GNUSparse {
        let gnu = header.as_gnu().ok_or_else(|| damaged("a sparse file"))?;
        (Map::of_gnu(gnu, stream)?, gnu.real_size().map_err(|_| damaged("the size of a sparse file"))?)
    } else {
        let real_size = || extended.sparse_size.ok_or_else(|| damaged("a sparse file without a size"));
        match extended.sparse {
            None => (whole(stored)?, stored),
            Some(SparseVersion::Old) => {
                let size = real_size()?;
                (extended.map, size)
            }
            Some(SparseVersion::New) => {
                let (map, taken) = Map::of_content(stream, stored)?;
                content -= taken;
                (map, real_size()?)
            }
        }
    };
    if !map.fits(content, size) {
        return Err(damaged("the map of a sparse file"));
    }
    to.member(&Member { kind: Kind::File(size), ..member })?;
    if to.wants_content() {
        for extent in map.extents() {
            let mut at = extent.offset;
            stream.pieces(extent.length, &mut |piece| {
                to.piece(at, piece)?;
                at += piece.len() as u64;
                Ok(())
            })?;
        }
        to.complete()?;
    } else {
        stream.skip(content)?;
    }
    stream.skip(padding(stored))
}
