//! Reading a file to its end, where a digest or a tool needs all of it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// The content of the regular file at `path`, at most `limit` bytes. Never waits: a pipe, which might have no writer,
/// and a device, which might have no end, are refused.
///
/// # Errors
///
/// Those of `open(2)` and `read(2)`; `InvalidInput` for what is no regular file, `FileTooLarge` past the limit.
pub(crate) fn read_whole(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        let kind = if found.is_dir() { "is a folder" } else { "is a pipe or a device" };
        return Err(io::Error::new(ErrorKind::InvalidInput, format!("it {kind}, not a file")));
    }
    read_at_most(file, found.len(), limit)
}

fn read_at_most(file: File, expected: u64, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(usize::try_from(expected.min(limit)).unwrap_or_default());
    // Not trusting the size: files of /proc have none, and a file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_regular_files_up_to_the_limit_are_read() {
        let root = std::env::temp_dir().join(format!("pystart-whole-{}", std::process::id()));
        fs::create_dir(&root).unwrap();
        let (file, pipe) = (root.join("file"), root.join("pipe"));
        fs::write(&file, "four").unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_whole(&file, 4).unwrap(), b"four");
        assert_eq!(read_whole(&file, 3).unwrap_err().to_string(), "it is larger than 3 bytes");
        assert_eq!(read_whole(&pipe, 4).unwrap_err().to_string(), "it is a pipe or a device, not a file");
        assert_eq!(read_whole(Path::new("/dev/zero"), 4).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(read_whole(&root, 4).unwrap_err().to_string(), "it is a folder, not a file");
        assert_eq!(read_whole(&root.join("none"), 4).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!read_whole(Path::new("/proc/self/stat"), 4096).unwrap().is_empty(), "a file without a size");
        fs::remove_dir_all(&root).unwrap();
    }
}
