//! Members of an archive as files and folders on the disk, below one folder and nowhere else.
//!
//! The folder is held open, and every step below it is made from the descriptor of a folder, never through a symbolic
//! link (`O_NOFOLLOW`); a file is made, never opened. So whatever names and links an archive has, nothing outside the
//! folder is written.
//!
//! Permissions are those of the archive, whatever the mask of the process: where it takes some away they are given back.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{self as sys, AtFlags, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::archive::{Cause, Kind, Member, Receive};

/// How many folders are held open: deeper ones are opened anew for each of their members.
const HELD: usize = 32;

/// What a folder gets that no member describes.
const FOLDER_MODE: u32 = 0o755;

/// Writes members below a folder.
pub(super) struct Tree {
    root: OwnedFd,
    /// Permissions that are missing from what is made, and have to be given afterwards.
    mask: Mode,
    /// The folders from the root to where the last member was, open.
    held: Vec<(Vec<u8>, OwnedFd)>,
    /// Folders that get their permissions at the end: nothing could be made in them before.
    closed: Vec<(PathBuf, Mode)>,
    file: Option<Open>,
    /// So many files are complete.
    pub(super) files: u64,
    /// So many bytes were written.
    pub(super) bytes: u64,
}

/// The file that is being written.
struct Open {
    handle: OwnedFd,
    /// Where the last piece ended.
    end: u64,
    size: u64,
    modified: i64,
}

impl Tree {
    /// Makes the folder `root` and begins below it.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is there already.
    pub(super) fn create(root: &Path) -> io::Result<Self> {
        sys::mkdir(root, Mode::RWXU)?;
        let root = sys::open(root, FOLDER, Mode::empty())?;
        let mask = mask_in(&root)?;
        sys::fchmod(&root, Mode::from_raw_mode(FOLDER_MODE))?;
        Ok(Self { root, mask, held: Vec::new(), closed: Vec::new(), file: None, files: 0, bytes: 0 })
    }

    /// All members are there: folders that nobody may write in get their permissions.
    ///
    /// # Errors
    ///
    /// Those of setting them.
    pub(super) fn finish(mut self) -> Result<(), Cause> {
        // The inner ones first: an outer one may not be passed any more.
        self.held.clear();
        while let Some((path, mode)) = self.closed.pop() {
            let folder = self.folder(&path, false)?;
            sys::fchmod(&folder, mode).map_err(unwritable)?;
        }
        Ok(())
    }

    /// The folder at `path`, below the root; made where it is missing if `makes` says so.
    fn folder(&mut self, path: &Path, makes: bool) -> Result<Handle<'_>, Cause> {
        let parts: Vec<&[u8]> = path.components().map(|part| part.as_os_str().as_bytes()).collect();
        let common = self.held.iter().zip(&parts).take_while(|((held, _), part)| held == *part).count();
        self.held.truncate(common);
        let mut below: Option<OwnedFd> = None;
        for part in &parts[common..] {
            let at = below.as_ref().or(self.held.last().map(|(_, handle)| handle)).unwrap_or(&self.root);
            let handle = step(at.as_fd(), part, makes)?;
            if self.held.len() < HELD && below.is_none() {
                self.held.push((part.to_vec(), handle));
            } else {
                below = Some(handle);
            }
        }
        Ok(match below {
            Some(handle) => Handle::Own(handle),
            None => Handle::Held(self.held.last().map_or(&self.root, |(_, handle)| handle).as_fd()),
        })
    }

    /// The folder that a member is in, and its name in there.
    fn place<'p>(&mut self, path: &'p Path) -> Result<(Handle<'_>, &'p OsStr), Cause> {
        let name =
            path.file_name().ok_or_else(|| Cause::Refused("it stands in the place of the folder itself".into()))?;
        Ok((self.folder(path.parent().unwrap_or(Path::new("")), true)?, name))
    }

    fn make_folder(&mut self, path: &Path, mode: u32) -> Result<(), Cause> {
        if path.as_os_str().is_empty() {
            // Others may not write in it, whatever the archive says: it is known again by that.
            return sys::fchmod(&self.root, Mode::from_raw_mode(mode & 0o755 | 0o700)).map_err(unwritable);
        }
        let wanted = Mode::from_raw_mode(mode);
        let usable = wanted | Mode::RWXU;
        let (folder, name) = self.place(path)?;
        let is_made = match sys::mkdirat(&folder, name, usable) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(unwritable(error)),
        };
        if !is_made {
            // What is there must be a folder. It was made without a member of its own, or has two.
            step(folder.as_fd(), name.as_bytes(), false)?;
        }
        if usable.intersects(self.mask) || !is_made || usable != wanted {
            self.closed.push((path.to_owned(), wanted));
        }
        Ok(())
    }

    fn make_file(&mut self, member: &Member<'_>, size: u64) -> Result<(), Cause> {
        let (folder, name) = self.place(member.path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(member.mode);
        let handle = replacing(&folder, name, || sys::openat(&folder, name, flags, mode))?;
        if mode.intersects(self.mask) {
            sys::fchmod(&handle, mode).map_err(unwritable)?;
        }
        self.file = Some(Open { handle, end: 0, size, modified: member.modified });
        Ok(())
    }

    fn make_hard_link(&mut self, path: &Path, target: &Path) -> Result<(), Cause> {
        let gone = |cause| match cause {
            Cause::Unwritable(error) if error.kind() == io::ErrorKind::NotFound => not_there(),
            other => other,
        };
        let (from, old) = self.existing(target).map_err(gone)?;
        let (folder, name) = self.place(path)?;
        if path == target {
            return Ok(());
        }
        // A link is linked itself, not what it points to.
        replacing(&folder, name, || sys::linkat(&from, old, &folder, name, AtFlags::empty())).map_err(gone)
    }

    /// The folder of something that is there already, and its name in there.
    fn existing<'p>(&mut self, path: &'p Path) -> Result<(OwnedFd, &'p OsStr), Cause> {
        let name = path.file_name().ok_or_else(not_there)?;
        let folder = self.folder(path.parent().unwrap_or(Path::new("")), false)?;
        Ok((folder.as_fd().try_clone_to_owned().map_err(Cause::Unwritable)?, name))
    }
}

/// The mask for permissions of this process (and of the file system): asked by making something, since the call that
/// tells it would change it for every thread.
fn mask_in(folder: &OwnedFd) -> io::Result<Mode> {
    const NAME: &str = "mask";
    let all = Mode::RWXU | Mode::RWXG | Mode::RWXO;
    sys::mkdirat(folder, NAME, all)?;
    let made = Mode::from_raw_mode(sys::statat(folder, NAME, AtFlags::SYMLINK_NOFOLLOW)?.st_mode);
    sys::unlinkat(folder, NAME, AtFlags::REMOVEDIR)?;
    Ok(all.difference(made))
}

fn not_there() -> Cause {
    Cause::Refused("it is a hard link to something that is not in the archive before it".into())
}

/// How a folder is opened.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder that is open, for us alone or for later members too.
enum Handle<'a> {
    Held(BorrowedFd<'a>),
    Own(OwnedFd),
}

impl AsFd for Handle<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Held(handle) => *handle,
            Self::Own(handle) => handle.as_fd(),
        }
    }
}

/// One step down. A symbolic link is no folder here, wherever it points.
fn step(at: BorrowedFd<'_>, name: &[u8], makes: bool) -> Result<OwnedFd, Cause> {
    let name = OsStr::from_bytes(name);
    let open = || sys::openat(at, name, FOLDER, Mode::empty());
    let opened = match open() {
        Err(Errno::NOENT) if makes => match sys::mkdirat(at, name, Mode::from_raw_mode(FOLDER_MODE)) {
            Ok(()) | Err(Errno::EXIST) => open(),
            Err(error) => Err(error),
        },
        opened => opened,
    };
    match opened {
        Err(Errno::NOTDIR | Errno::LOOP) => {
            Err(Cause::Refused(format!("`{}` is to be a folder, and is a link or a file already", name.display())))
        }
        opened => opened.map_err(unwritable),
    }
}

/// Makes something new, in the place of what an earlier member of the same name has made, unless that is a folder.
fn replacing<T>(folder: &Handle<'_>, name: &OsStr, make: impl Fn() -> Result<T, Errno>) -> Result<T, Cause> {
    match make() {
        Err(Errno::EXIST) => match sys::unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) => make().map_err(unwritable),
            Err(Errno::ISDIR) => Err(Cause::Refused("a folder of that name is there already".into())),
            Err(error) => Err(unwritable(error)),
        },
        result => result.map_err(unwritable),
    }
}

fn unwritable(error: Errno) -> Cause {
    Cause::Unwritable(error.into())
}

impl Receive for Tree {
    fn member(&mut self, member: &Member<'_>) -> Result<(), Cause> {
        match member.kind {
            Kind::Folder => self.make_folder(member.path, member.mode),
            Kind::File(size) => self.make_file(member, size),
            Kind::Symlink(target) => {
                let (folder, name) = self.place(member.path)?;
                replacing(&folder, name, || sys::symlinkat(target, &folder, name))
            }
            Kind::HardLink(target) => self.make_hard_link(member.path, target),
        }
    }

    fn piece(&mut self, offset: u64, mut bytes: &[u8]) -> Result<(), Cause> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.bytes += bytes.len() as u64;
        file.end = offset;
        while !bytes.is_empty() {
            let count = match rustix::io::pwrite(&file.handle, bytes, file.end) {
                Err(Errno::INTR) => continue,
                written => written.map_err(unwritable)?,
            };
            file.end += count as u64;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Cause> {
        let Some(file) = self.file.take() else { return Ok(()) };
        if file.size > file.end {
            // It ends with a hole.
            sys::ftruncate(&file.handle, file.size).map_err(unwritable)?;
        }
        // Byte code says when the file was modified that it was made from: without this all of it would be stale.
        let modified = Timespec { tv_sec: file.modified, tv_nsec: 0 };
        let times = Timestamps { last_access: modified, last_modification: modified };
        sys::futimens(&file.handle, &times).map_err(unwritable)?;
        self.files += 1;
        Ok(())
    }
}
