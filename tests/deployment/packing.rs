//! Making archives: as the platform does, with the tools that it uses; and block by block, as no tool would.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use tar::Header;

/// Runs GNU tar in `folder`.
pub(crate) fn tar(folder: &Path, words: &[&str], archive: &Path) {
    let status = Command::new("tar").current_dir(folder).args(words).arg(archive).arg(".").status().unwrap();
    assert!(status.success(), "tar {words:?}");
}

/// A member, field by field.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) kind: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) mode: u32,
    /// What the header says, if it is not the truth.
    pub(crate) size: Option<u64>,
}

impl Entry {
    pub(crate) fn new(kind: u8, name: impl AsRef<[u8]>) -> Self {
        Self { kind, name: name.as_ref().into(), link: Vec::new(), content: Vec::new(), mode: 0o644, size: None }
    }

    pub(crate) fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self { content: content.as_ref().into(), ..Self::new(b'0', name) }
    }

    pub(crate) fn folder(name: impl AsRef<[u8]>) -> Self {
        Self { mode: 0o755, ..Self::new(b'5', name) }
    }

    pub(crate) fn symlink(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self { link: target.as_ref().into(), ..Self::new(b'2', name) }
    }

    pub(crate) fn hard_link(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self { link: target.as_ref().into(), ..Self::new(b'1', name) }
    }

    /// The pax header of the next member.
    pub(crate) fn pax(records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (1..9).map(|digits| digits + rest).find(|length| length.to_string().len() + rest == *length);
            content.extend(format!("{} {key}=", length.unwrap()).bytes());
            content.extend_from_slice(value);
            content.push(b'\n');
        }
        Self { content, ..Self::new(b'x', "PaxHeaders/x") }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        let length = self.name.len().min(100);
        fields.name[..length].copy_from_slice(&self.name[..length]);
        let length = self.link.len().min(100);
        fields.linkname[..length].copy_from_slice(&self.link[..length]);
        fields.typeflag = [self.kind];
        header.set_mode(self.mode);
        header.set_mtime(1_700_000_000);
        header.set_size(self.size.unwrap_or(self.content.len() as u64));
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(&self.content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// A tar archive of these members, with its end mark.
pub(crate) fn tar_of(entries: &[Entry]) -> Vec<u8> {
    let mut bytes: Vec<u8> = entries.iter().flat_map(Entry::bytes).collect();
    bytes.extend([0; 1024]);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One frame with a checksum, as the program makes it.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut context = zstd_safe::CCtx::create();
    context.set_parameter(zstd_safe::CParameter::ChecksumFlag(true)).unwrap();
    let mut packed = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    context.compress2(&mut packed, bytes).unwrap();
    packed
}

/// A zip archive; of an entry, `kind`, `name`, `link` or `content`, and `mode` count.
pub(crate) fn zip_of(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let content = if entry.kind == b'2' { &entry.link } else { &entry.content };
        let kind: u32 = match entry.kind {
            b'2' => 0o120_000,
            b'3' => 0o020_000,
            b'4' => 0o060_000,
            b'5' => 0o040_000,
            b'6' => 0o010_000,
            _ => 0o100_000,
        };
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut checksum = flate2::Crc::new();
        checksum.update(content);
        let offset = u32::try_from(bytes.len()).unwrap();
        let mut common = Vec::new();
        // Version, flags, method (deflate), time and date; checksum, both sizes, length of the name, no extra field.
        common.extend([20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x58]);
        common.extend(checksum.sum().to_le_bytes());
        common.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        common.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        common.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(&entry.name);
        bytes.extend(packed);
        // Made by a Unix program; then no comment, the first disk, no attributes but the mode.
        directory.extend(b"PK\x01\x02");
        directory.extend([20, 3]);
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend(((kind | entry.mode) << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let offset = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(entries.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend([size.to_le_bytes(), offset.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

/// The archive `name` in a folder.
pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
}
