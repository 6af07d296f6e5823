//! The disk as it will be once archives are unpacked: what is in them is seen at the folders they belong to, without a
//! byte being written. One pass over an archive is enough; what nobody was expected to ask for costs another.

mod index;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, c_int};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::{Access, Disk, Files, Folder, Kind, Read, Sorter};
use crate::deployment::archive::{self, Fault, Reading};
use crate::deployment::limits::Limits;
use index::{Index, Node, One, Whole};

/// As many links as the kernel follows (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// The disk, with the content of archives in the place of the folders that they will be unpacked to.
pub struct Archived {
    disk: Disk,
    mounts: Vec<Mount>,
    fetched: RefCell<BTreeMap<PathBuf, Rc<[u8]>>>,
    reads: RefCell<Vec<Read>>,
}

/// An archive at its folder.
struct Mount {
    folder: PathBuf,
    archive: PathBuf,
    index: Index,
    limits: Limits,
}

/// Where a path leads, links followed.
enum Place<'a> {
    /// To the disk.
    Disk(PathBuf),
    /// Into an archive.
    Archive(&'a Mount, PathBuf, &'a Node),
}

impl Archived {
    /// The disk as it is; no archive yet.
    #[must_use]
    pub fn new(disk: Disk) -> Self {
        Self { disk, mounts: Vec::new(), fetched: RefCell::default(), reads: RefCell::default() }
    }

    /// Adds the content of the archive at `archive`, to be seen at `folder`.
    ///
    /// # Errors
    ///
    /// What unpacking it would fail with: it is read to its end.
    pub fn mount(&mut self, archive: &Path, folder: &Path, limits: Limits) -> Result<(), Fault> {
        let mut index = Index::new();
        archive::read(self.open(archive)?, reading(limits), &mut index)?;
        self.mounts.push(Mount { folder: folder.to_owned(), archive: archive.to_owned(), index, limits });
        Ok(())
    }

    /// An archive as a file: in memory, if it is in another one.
    fn open(&self, archive: &Path) -> Result<File, Fault> {
        match self.place(archive, true)? {
            Place::Disk(path) => Ok(File::open(path)?),
            Place::Archive(mount, at, _) => {
                let mut whole = Whole::new(&at)?;
                archive::read(self.open(&mount.archive)?, reading(mount.limits), &mut whole)?;
                Ok(whole.into_file())
            }
        }
    }

    /// Every file that was read so far, in order.
    #[must_use]
    pub fn reads(&self) -> Vec<Read> {
        self.reads.borrow().clone()
    }

    fn mount_of<'p>(&self, path: &'p Path) -> Option<(&Mount, &'p Path)> {
        self.mounts.iter().find_map(|mount| Some((mount, path.strip_prefix(&mount.folder).ok()?)))
    }

    /// Follows a path to its end; a link in last place only if `follows` says so.
    fn place(&self, path: &Path, follows: bool) -> io::Result<Place<'_>> {
        let mut path = path.to_owned();
        'followed: for _ in 0..MOST_LINKS {
            let Some((mount, below)) = self.mount_of(&path) else { return Ok(Place::Disk(path)) };
            let mut at = PathBuf::new();
            let mut parts = below.components();
            while let Some(part) = parts.next() {
                match part {
                    Component::CurDir => continue,
                    Component::ParentDir if at.pop() => continue,
                    Component::ParentDir => {
                        // Out of the folder of the archive.
                        path = mount.folder.parent().unwrap_or(Path::new("/")).join(parts.as_path());
                        continue 'followed;
                    }
                    part => at.push(part),
                }
                match mount.index.get(&at) {
                    Some(Node::Symlink(target)) if follows || !parts.as_path().as_os_str().is_empty() => {
                        at.pop();
                        let mut leads_to = mount.folder.join(&at).join(target);
                        // Part by part: a slash at the end would make a folder of it.
                        leads_to.extend(parts);
                        path = leads_to;
                        continue 'followed;
                    }
                    Some(Node::File { .. }) if !parts.as_path().as_os_str().is_empty() => {
                        return Err(ErrorKind::NotADirectory.into());
                    }
                    Some(_) => {}
                    None => return Err(ErrorKind::NotFound.into()),
                }
            }
            let node = mount.index.get(&at).ok_or(ErrorKind::NotFound)?;
            return Ok(Place::Archive(mount, at, node));
        }
        Err(nix::errno::Errno::ELOOP.into())
    }

    /// What a name in a folder is for a search: a link only if it stays in the app root and leads to no folder that
    /// it is in.
    fn searched(&self, folder: &Path, name: &OsStr) -> Option<Kind> {
        let path = folder.join(name);
        let Ok(Place::Archive(mount, at, node)) = self.place(&path, false) else { return None };
        if !matches!(node, Node::Symlink(_)) {
            return self.kind(&path).ok();
        }
        let Ok(Place::Archive(target, leads_to, _)) = self.place(&path, true) else { return None };
        let is_loop = at.parent().is_some_and(|here| here.starts_with(&leads_to));
        (target.folder == mount.folder && !is_loop).then(|| self.kind(&path).ok()).flatten()
    }

    /// The content of a file that was not kept.
    fn fetch(&self, mount: &Mount, at: &Path) -> io::Result<Rc<[u8]>> {
        let whole = mount.folder.join(at);
        if let Some(known) = self.fetched.borrow().get(&whole) {
            return Ok(Rc::clone(known));
        }
        let mut one = One::new(at);
        let fault = |fault: Fault| io::Error::new(ErrorKind::InvalidData, fault.cause.to_string());
        let archive = self.open(&mount.archive).map_err(fault)?;
        archive::read(archive, reading(mount.limits), &mut one).map_err(fault)?;
        let content = one.into_content();
        self.fetched.borrow_mut().insert(whole, Rc::clone(&content));
        Ok(content)
    }
}

fn reading(limits: Limits) -> Reading<'static> {
    const NOTHING_STOPS_IT: &dyn Fn() -> Option<c_int> = &|| None;
    Reading { limits, stop: NOTHING_STOPS_IT }
}

impl Files for Archived {
    fn folder(&self, path: &Path) -> io::Result<Rc<Folder>> {
        match self.place(path, true)? {
            Place::Disk(path) => self.disk.folder(&path),
            Place::Archive(mount, at, Node::Folder { names, .. }) => {
                let real = mount.folder.join(at);
                let mut sorter = Sorter::default();
                for name in names {
                    match self.searched(&real, name) {
                        Some(Kind::File) => sorter.file(name.as_encoded_bytes()),
                        Some(Kind::Folder) => sorter.folder(name.as_encoded_bytes()),
                        _ => {}
                    }
                }
                Ok(Rc::new(sorter.finish()))
            }
            Place::Archive(..) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn folders_with(&self, path: &Path, file: &str) -> io::Result<Vec<String>> {
        if let Place::Disk(path) = self.place(path, true)? {
            return self.disk.folders_with(&path, file);
        }
        let folder = self.folder(path)?;
        let has = |name: &&str| self.is_file(&path.join(name).join(file));
        Ok(folder.folders.sorted().into_iter().filter(has).map(str::to_owned).collect())
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        match self.place(path, true)? {
            Place::Disk(path) => self.disk.kind(&path),
            Place::Archive(_, _, Node::Folder { .. }) => Ok(Kind::Folder),
            Place::Archive(_, _, Node::File { .. }) => Ok(Kind::File),
            Place::Archive(_, _, Node::Symlink(_)) => Ok(Kind::Other),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Rc<[u8]>> {
        let content = match self.place(path, true)? {
            Place::Disk(path) => self.disk.read(&path)?,
            Place::Archive(_, _, Node::File { content: Some(content), .. }) => Rc::clone(content),
            Place::Archive(mount, at, Node::File { content: None, .. }) => self.fetch(mount, &at)?,
            Place::Archive(..) => return Err(ErrorKind::IsADirectory.into()),
        };
        let mut reads = self.reads.borrow_mut();
        if reads.iter().all(|read| read.path != path) {
            reads.push(Read { path: path.to_owned(), bytes: content.len() });
        }
        Ok(content)
    }

    fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        match self.place(path, true)? {
            Place::Disk(path) => self.disk.names(&path),
            Place::Archive(_, _, Node::Folder { names, .. }) => {
                Ok(names.iter().filter_map(|name| name.to_str().map(str::to_owned)).collect())
            }
            Place::Archive(..) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        match self.place(path, false).ok()? {
            Place::Disk(path) => self.disk.link(&path),
            Place::Archive(_, _, Node::Symlink(target)) => Some(target.clone()),
            Place::Archive(..) => None,
        }
    }

    fn forbidden(&self) -> Vec<PathBuf> {
        self.disk.forbidden()
    }

    fn root(&self) -> &Path {
        self.disk.root()
    }

    fn may(&self, path: &Path, access: Access) -> bool {
        let mode = match self.place(path, true) {
            Ok(Place::Disk(path)) => return self.disk.may(&path, access),
            Ok(Place::Archive(_, _, Node::Folder { mode, .. } | Node::File { mode, .. })) => *mode,
            _ => return false,
        };
        // It will be ours.
        mode & if access == Access::Execute { 0o100 } else { 0o200 } != 0
    }
}
