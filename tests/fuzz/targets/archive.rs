//! Any bytes as an archive: no member leaves its folder, and no more is handed out than is allowed.

use std::io::{Seek, Write};
use std::path::{Component, Path};

use pystart::deployment::archive::{self, Kind, Member, Reading, Receive};
use pystart::deployment::limits::Limits;

#[derive(Default)]
struct Checked {
    bytes: u64,
}

fn assert_inside(path: &Path) {
    assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{}", path.display());
}

impl Receive for Checked {
    fn member(&mut self, member: &Member<'_>) -> Result<(), archive::Cause> {
        assert_inside(member.path);
        if let Kind::HardLink(target) = member.kind {
            assert_inside(target);
        }
        assert!(member.mode <= 0o777);
        Ok(())
    }

    fn piece(&mut self, _: u64, bytes: &[u8]) -> Result<(), archive::Cause> {
        self.bytes += bytes.len() as u64;
        assert!(self.bytes <= 1 << 21, "{}", self.bytes);
        Ok(())
    }

    fn complete(&mut self) -> Result<(), archive::Cause> {
        Ok(())
    }
}

pub fn run(data: &[u8]) {
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC;
    let mut file = std::fs::File::from(nix::sys::memfd::memfd_create("archive", flags).unwrap());
    file.write_all(data).unwrap();
    file.rewind().unwrap();
    let reading = Reading { limits: Limits { bytes: Some(1 << 20) }, stop: &|| None };
    let _ = archive::read(file, reading, &mut Checked::default());
}
