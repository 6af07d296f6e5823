//! The members of a zip archive, as `zip -y` writes them: the directory at its end counts, and its order.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use flate2::bufread::DeflateDecoder;
use rawzip::time::ZipDateTimeKind;
use rawzip::{CompressionMethod, ErrorKind, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipFileHeaderRecord};

use super::decompress::BLOCK;
use super::fault::{Cause, Fault, cut_short, damaged};
use super::member::{Kind, Member, Reading, Receive};
use super::name::{checked, checked_symlink};
use crate::deployment::limits::Meter;

/// The part of a mode that says what a member is (`S_IFMT`), and the answers that an app has.
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;

/// No target of a link is longer (`PATH_MAX`).
const LONGEST_LINK: u64 = 4096;

/// Reads the archive.
///
/// # Errors
///
/// It is damaged, cut short or refused, or `to` cannot take it.
pub(super) fn read(file: File, reading: Reading<'_>, meter: &mut Meter, to: &mut dyn Receive) -> Result<(), Fault> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(|error| cause(&error))?;
    let mut entries = archive.entries(&mut buffer);
    let mut block = vec![0; BLOCK];
    while let Some(record) = entries.next_entry().map_err(|error| cause(&error))? {
        meter.member()?;
        let name = record.file_path();
        let name = Path::new(OsStr::from_bytes(name.as_bytes())).to_owned();
        let mut one = Reader { archive: &archive, reading, meter, block: &mut block, to };
        one.member(&record).map_err(|cause| Fault::at(cause, &name))?;
    }
    Ok(())
}

/// Takes a piece of a member, and where it begins.
type TakePiece<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Cause> + 'a;

struct Reader<'a, 'r> {
    archive: &'a ZipArchive<FileReader>,
    reading: Reading<'r>,
    meter: &'a mut Meter,
    block: &'a mut [u8],
    to: &'a mut dyn Receive,
}

impl Reader<'_, '_> {
    fn member(&mut self, record: &ZipFileHeaderRecord<'_>) -> Result<(), Cause> {
        let path = checked(record.file_path().as_bytes())?;
        let mode = record.mode();
        let modified = match record.last_modified() {
            ZipDateTimeKind::Utc(time) => time.to_unix(),
            // The clock of the machine that packed it; nobody knows its zone.
            ZipDateTimeKind::Local(_) => 0,
        };
        let member = Member { path: &path, kind: Kind::Folder, mode: mode.permissions(), modified };
        if mode.is_symlink() {
            let mut target = Vec::new();
            self.content(record, &mut |_, piece| {
                if target.len() as u64 + piece.len() as u64 > LONGEST_LINK {
                    return Err(Cause::Refused("it is a symbolic link to nothing that could be".into()));
                }
                target.extend_from_slice(piece);
                Ok(())
            })?;
            return self.to.member(&Member { kind: Kind::Symlink(checked_symlink(&target)?), ..member });
        }
        match mode.value() & TYPE {
            FOLDER => return self.to.member(&member),
            _ if record.is_dir() => return self.to.member(&member),
            REGULAR | 0 => {}
            _ => return Err(Cause::Refused("it is a device, a pipe or a socket, which no app consists of".into())),
        }
        if path.as_os_str().is_empty() {
            return Err(Cause::Refused("it is a file in the place of the folder itself".into()));
        }
        self.to.member(&Member { kind: Kind::File(record.uncompressed_size_hint()), ..member })?;
        if !self.to.wants_content() {
            return Ok(());
        }
        self.pieces(record)?;
        self.to.complete()
    }

    fn pieces(&mut self, record: &ZipFileHeaderRecord<'_>) -> Result<(), Cause> {
        let Self { archive, reading, meter, block, to } = self;
        each_piece(archive, *reading, meter, block, record, &mut |offset, piece| to.piece(offset, piece))
    }

    fn content(&mut self, record: &ZipFileHeaderRecord<'_>, take: &mut TakePiece<'_>) -> Result<(), Cause> {
        each_piece(self.archive, self.reading, self.meter, self.block, record, take)
    }
}

/// Decompresses a member; its checksum and its size are checked at the end.
fn each_piece(
    archive: &ZipArchive<FileReader>,
    reading: Reading<'_>,
    meter: &mut Meter,
    block: &mut [u8],
    record: &ZipFileHeaderRecord<'_>,
    take: &mut TakePiece<'_>,
) -> Result<(), Cause> {
    if record.flags().is_encrypted() {
        return Err(Cause::Refused("it is encrypted".into()));
    }
    let entry = archive.get_entry(record.wayfinder()).map_err(|error| cause(&error))?;
    let packed = BufReader::with_capacity(BLOCK, entry.reader());
    let mut content: Box<dyn Read> = match record.compression_method() {
        CompressionMethod::STORE => Box::new(entry.verifying_reader(packed)),
        CompressionMethod::DEFLATE => Box::new(entry.verifying_reader(DeflateDecoder::new(packed))),
        other => return Err(Cause::Damaged(format!("it is packed with {other}, which is not supported: use deflate"))),
    };
    let mut offset = 0;
    loop {
        if let Some(signal) = (reading.stop)() {
            return Err(Cause::Stopped(signal));
        }
        let count = match content.read(block) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        meter.bytes(count)?;
        take(offset, &block[..count])?;
        offset += count as u64;
    }
}

fn cause(error: &rawzip::Error) -> Cause {
    match error.kind() {
        ErrorKind::Eof | ErrorKind::MissingEndOfCentralDirectory => cut_short(),
        _ => damaged(&error.to_string()),
    }
}
