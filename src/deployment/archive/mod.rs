//! Reading an archive: its format is told by its content, its members are handed out in order, each checked first.
//!
//! Nothing here writes: what becomes of the members is the business of a [`Receive`].

mod ahead;
mod block;
mod decompress;
pub(super) mod fault;
mod header;
mod member;
mod name;
mod sparse;
mod stream;
mod tar;
mod zip;

use std::fs::File;
use std::io::Seek;
use std::os::unix::fs::MetadataExt;

pub use super::limits::Content;
use super::limits::Meter;
use decompress::{Decoder, Input, read_up_to};
pub use fault::{Cause, Fault};
pub use member::{Kind, Member, Reading, Receive};
use stream::Stream;

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Tar,
    GzipTar,
    ZstdTar,
    Zip,
}

/// How many bytes tell the format: the magic number of a tar archive ends here.
const HEAD: usize = 263;

/// The format of a file that begins with these bytes; what is nothing else is taken for a tar archive if it is
/// marked as one.
fn format(head: &[u8]) -> Option<Format> {
    match head {
        [0x1f, 0x8b, ..] => Some(Format::GzipTar),
        // A frame, or one that is to be skipped (RFC 8878, section 3.1).
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Format::ZstdTar),
        // The first member, or the end of an archive without any.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Format::Zip),
        _ if head.get(257..262) == Some(b"ustar") => Some(Format::Tar),
        _ => None,
    }
}

/// Reads the archive `file` from its beginning to its end and hands its members to `to`.
///
/// # Errors
///
/// What is wrong with it, or with what became of it, and the member at which that came up.
pub fn read(mut file: File, reading: Reading<'_>, to: &mut dyn Receive) -> Result<Content, Fault> {
    let size = file.metadata()?.size();
    let mut head = [0; HEAD];
    let length = read_up_to(&mut file, &mut head)?;
    file.rewind()?;
    let mut meter = Meter::new(reading.limits, size);
    let Some(format) = format(&head[..length]) else { return Err(unknown_format(length).into()) };
    let decoder = match format {
        Format::Zip => {
            zip::read(file, reading, &mut meter, to)?;
            return Ok(meter.content());
        }
        Format::Tar => Decoder::plain(Input::of(file)?),
        Format::GzipTar => Decoder::gzip(Input::of(file)?),
        Format::ZstdTar => Decoder::zstd(Input::of(file)?)?,
    };
    let mut stream = Stream::new(decoder, reading, meter)?;
    tar::read(&mut stream, to)?;
    Ok(stream.content())
}

fn unknown_format(length: usize) -> Cause {
    Cause::Damaged(match length {
        0 => "it is empty".into(),
        _ => "it is neither a tar archive (plain, gzip or zstd) nor a zip archive".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_the_format() {
        let mut tar = [0; HEAD];
        tar[257..262].copy_from_slice(b"ustar");
        let rows: [(&[u8], Option<Format>); 9] = [
            (b"\x1f\x8b\x08", Some(Format::GzipTar)),
            (b"\x28\xb5\x2f\xfd", Some(Format::ZstdTar)),
            (b"\x5a\x2a\x4d\x18", Some(Format::ZstdTar)),
            (b"PK\x03\x04", Some(Format::Zip)),
            (b"PK\x05\x06", Some(Format::Zip)),
            (&tar, Some(Format::Tar)),
            (b"BZh9", None),
            (b"", None),
            (&[0; HEAD], None),
        ];
        for (head, expected) in rows {
            assert_eq!(format(head), expected, "{head:?}");
        }
    }
}
