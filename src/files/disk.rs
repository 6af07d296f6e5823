//! The real disk.

use std::cell::{OnceCell, RefCell};
use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{self as sys, AtFlags, FileType, Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::by_path::ByPath;
use super::{Access, Files, Folder, Kind, READ_LIMIT, Sorter};

/// The size of the buffer for `getdents64(2)`: what glibc and Go use; larger ones gained nothing when measured.
const LISTING_BUFFER: usize = 32 * 1024;

/// How much of a file is read before a look at what it is.
const PAGE: usize = 4096;

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its path, as it was asked for.
    pub path: PathBuf,
    /// How many bytes of it.
    pub bytes: usize,
}

/// The disk, seen from an app root.
pub struct Disk {
    root: PathBuf,
    real_root: OnceCell<Option<PathBuf>>,
    /// By path.
    folders: RefCell<ByPath<Rc<Folder>>>,
    contents: RefCell<ByPath<Rc<[u8]>>>,
    reads: RefCell<Vec<Read>>,
    forbidden: RefCell<Vec<PathBuf>>,
    /// The folder that was looked into last, still open: it is usually the next one too.
    last: RefCell<Option<(PathBuf, OwnedFd)>>,
}

impl Disk {
    /// The disk, seen from the app root `root`, which need not exist.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            real_root: OnceCell::new(),
            folders: RefCell::default(),
            contents: RefCell::default(),
            reads: RefCell::default(),
            forbidden: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// Every file read so far, in order.
    #[must_use]
    pub fn reads(&self) -> Vec<Read> {
        self.reads.borrow().clone()
    }

    /// Follows a link that stands in `folder`: `None` when it leaves the app root, leads back to a folder that it is
    /// in, or leads nowhere.
    fn follow(&self, folder: &Path, name: &OsStr) -> Option<Kind> {
        let target = fs::canonicalize(folder.join(name)).ok()?;
        let root = self.real_root.get_or_init(|| fs::canonicalize(&self.root).ok()).as_ref()?;
        let is_loop = || fs::canonicalize(folder).map_or(true, |here| here.starts_with(&target));
        if !target.starts_with(root) || is_loop() {
            return None;
        }
        self.kind(&target).ok()
    }

    /// Remembers a folder that may not be looked into.
    fn forbid(&self, path: PathBuf) {
        let mut forbidden = self.forbidden.borrow_mut();
        if !forbidden.contains(&path) {
            forbidden.push(path);
        }
    }

    /// Is there such a file in a folder? A link to one counts where it stays in the app root.
    fn is_file_of(&self, folder: &Path, file: &str) -> bool {
        let Ok(found) = sys::lstat(folder.join(file)) else { return false };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => true,
            FileType::Symlink => self.follow(folder, OsStr::new(file)) == Some(Kind::File),
            _ => false,
        }
    }

    fn list(&self, path: &Path) -> io::Result<Folder> {
        let handle = open_folder(path).inspect_err(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied {
                self.forbid(path.to_owned());
            }
        })?;
        let mut sorter = Sorter::default();
        each_entry(&handle, &mut |name, file_type| {
            let kind = match file_type {
                FileType::RegularFile => Some(Kind::File),
                FileType::Directory => Some(Kind::Folder),
                // Some file systems do not tell (DT_UNKNOWN): a link is then followed like any other.
                FileType::Symlink | FileType::Unknown => self.follow(path, OsStr::from_bytes(name)),
                _ => None,
            };
            match kind {
                Some(Kind::File) => sorter.file(name),
                Some(Kind::Folder) => sorter.folder(name),
                _ => {}
            }
        })?;
        self.last.replace(Some((path.to_owned(), handle)));
        Ok(sorter.finish())
    }

    /// A descriptor of a folder: the one that it was listed through, if it was the last; opening costs a round trip
    /// where the site is on a network share.
    fn handle(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.last.take() {
            Some((last, handle)) if last == path => Ok(handle),
            _ => open_folder(path),
        }
    }
}

impl Files for Disk {
    fn folder(&self, path: &Path) -> io::Result<Rc<Folder>> {
        if let Some(known) = self.folders.borrow().get(path) {
            return Ok(Rc::clone(known));
        }
        let folder = Rc::new(self.list(path)?);
        self.folders.borrow_mut().insert(path.to_owned(), Rc::clone(&folder));
        Ok(folder)
    }

    fn folders_with(&self, path: &Path, file: &str) -> io::Result<Vec<String>> {
        let folder = self.folder(path)?;
        if folder.folders.is_empty() {
            return Ok(Vec::new());
        }
        let handle = self.handle(path)?;
        let tail = CString::new(format!("/{file}"))?;
        let mut relative = Vec::new();
        let mut found = Vec::new();
        for name in folder.folders.iter() {
            relative.clear();
            relative.extend_from_slice(name.as_bytes());
            relative.extend_from_slice(tail.to_bytes_with_nul());
            // With the NUL byte in place the system call is all that is left to do.
            let Ok(candidate) = CStr::from_bytes_with_nul(&relative) else { continue };
            match sys::accessat(&handle, candidate, sys::Access::EXISTS, AtFlags::empty()) {
                Ok(()) if self.is_file_of(&path.join(name), file) => found.push(name.to_owned()),
                Err(Errno::ACCESS) => self.forbid(path.join(name)),
                _ => {}
            }
        }
        self.last.replace(Some((path.to_owned(), handle)));
        found.sort_unstable();
        Ok(found)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let kind = FileType::from_raw_mode(sys::stat(path)?.st_mode);
        Ok(match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        })
    }

    fn read(&self, path: &Path) -> io::Result<Rc<[u8]>> {
        if let Some(known) = self.contents.borrow().get(path) {
            return Ok(Rc::clone(known));
        }
        let bytes = read_regular(path)?;
        self.reads.borrow_mut().push(Read { path: path.to_owned(), bytes: bytes.len() });
        let content: Rc<[u8]> = bytes.into();
        self.contents.borrow_mut().insert(path.to_owned(), Rc::clone(&content));
        Ok(content)
    }

    fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut take = |name: &[u8], _| names.extend(str::from_utf8(name).map(str::to_owned));
        each_entry(&open_folder(path)?, &mut take)?;
        names.sort_unstable();
        Ok(names)
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(path).ok()
    }

    fn forbidden(&self) -> Vec<PathBuf> {
        self.forbidden.borrow().clone()
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn may(&self, path: &Path, access: Access) -> bool {
        let mode = match access {
            Access::Execute => sys::Access::EXEC_OK,
            Access::Write => sys::Access::WRITE_OK,
        };
        sys::accessat(sys::CWD, path, mode, AtFlags::EACCESS).is_ok()
    }
}

/// Passes on the name and the type of everything in a folder. Not by the C library's `readdir`: musl takes memory of its
/// own for it, which costs more than the rest of the listing.
fn each_entry(folder: &OwnedFd, pass: &mut dyn FnMut(&[u8], FileType)) -> io::Result<()> {
    // Not on the stack, where the compiler touches every page of it; here only what is filled is touched.
    let mut buffer = Vec::with_capacity(LISTING_BUFFER);
    let mut entries = RawDir::new(folder.as_fd(), buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            pass(name, entry.file_type());
        }
    }
    Ok(())
}

/// The first bytes of a regular file.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    // Not blocking: a pipe in the place of a file must not hold up the start.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = File::from(sys::open(path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::Error::from_raw_os_error(Errno::ISDIR.raw_os_error()));
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a device, not a file"));
    }
    // The files of `/proc` have no size. With one the end need not be read for.
    let size =
        usize::try_from(found.len()).ok().filter(|size| *size > 0).map_or(READ_LIMIT, |size| size.min(READ_LIMIT));
    let mut bytes = Vec::with_capacity(size.min(2 * PAGE));
    (&mut file).take(size.min(PAGE) as u64).read_to_end(&mut bytes)?;
    if bytes.len() == PAGE && !bytes.starts_with(b"\x7fELF") {
        bytes.reserve_exact(size - PAGE);
        file.take((size - PAGE) as u64).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(sys::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A fresh folder that is removed again.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pystart-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn links_are_followed_inside_the_root_and_never_out_of_it_or_into_a_loop() {
        let scratch = Scratch::new("links");
        let (root, outside) = (scratch.0.join("root"), scratch.0.join("outside"));
        fs::create_dir_all(root.join("real")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("app.py"), "").unwrap();
        fs::write(root.join("real/wsgi.py"), "").unwrap();
        symlink("real", root.join("inside")).unwrap();
        symlink(&outside, root.join("leaves")).unwrap();
        symlink(".", root.join("itself")).unwrap();
        symlink("nowhere", root.join("dangling.py")).unwrap();
        symlink("../outside/app.py", root.join("app.py")).unwrap();
        symlink("real/wsgi.py", root.join("wsgi.py")).unwrap();
        for (folder, target) in [("linked", "../real/wsgi.py"), ("out", "../../outside/app.py"), ("dead", "nothing")] {
            fs::create_dir(root.join(folder)).unwrap();
            symlink(target, root.join(folder).join("wsgi.py")).unwrap();
        }
        let disk = Disk::new(&root);
        let folder = disk.folder(&root).unwrap();
        assert_eq!(folder.folders.sorted(), ["dead", "inside", "linked", "out", "real"]);
        assert_eq!(folder.python, ["wsgi.py"]);
        assert_eq!(disk.folders_with(&root, "wsgi.py").unwrap(), ["inside", "linked", "real"]);
    }

    #[test]
    fn a_file_is_read_once_and_a_pipe_does_not_hold_up() {
        let scratch = Scratch::new("reads");
        let file = scratch.0.join("app.py");
        fs::write(&file, "app = 1\n").unwrap();
        nix::unistd::mkfifo(&scratch.0.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let disk = Disk::new(&scratch.0);
        assert_eq!(&*disk.read(&file).unwrap(), b"app = 1\n");
        fs::write(&file, "changed").unwrap();
        assert_eq!(&*disk.read(&file).unwrap(), b"app = 1\n");
        assert_eq!(disk.reads(), [Read { path: file, bytes: 8 }]);
        assert_eq!(disk.read(&scratch.0.join("pipe")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(disk.read(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(!disk.read(Path::new("/proc/self/stat")).unwrap().is_empty(), "a file whose size nobody knows");
        assert_eq!(disk.read(&scratch.0).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_no_file() {
        let scratch = Scratch::new("kinds");
        fs::create_dir_all(scratch.0.join("site/wsgi.py")).unwrap();
        fs::create_dir_all(scratch.0.join("app.py")).unwrap();
        let disk = Disk::new(&scratch.0);
        assert!(disk.folders_with(&scratch.0, "wsgi.py").unwrap().is_empty());
        assert!(disk.folder(&scratch.0).unwrap().python.is_empty());
        assert_eq!(disk.folder(&scratch.0.join("no")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
