//! A tree that exists only in memory: for tests of everything that decides.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Access, Files, Folder, Kind, Sorter};

/// Files by absolute path. Folders are there as soon as something is in them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    links: BTreeMap<PathBuf, PathBuf>,
    executable: BTreeSet<PathBuf>,
    writable: BTreeSet<PathBuf>,
    unreadable: BTreeSet<PathBuf>,
}

impl Memory {
    /// A tree with these files.
    pub fn new<P: AsRef<Path>, C: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        files.into_iter().fold(Self::default(), |tree, (path, content)| tree.file(path, content))
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Self {
        let path = path.as_ref();
        self.files.insert(path.to_owned(), content.as_ref().to_owned());
        self.parents(path)
    }

    /// Adds an executable file.
    #[must_use]
    pub fn program(mut self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Self {
        self.executable.insert(path.as_ref().to_owned());
        self.file(path, content)
    }

    /// Adds an empty folder.
    #[must_use]
    pub fn empty(mut self, path: impl AsRef<Path>) -> Self {
        self.folders.insert(path.as_ref().to_owned());
        self.parents(path.as_ref())
    }

    /// Adds a symbolic link that leads nowhere.
    #[must_use]
    pub fn dead_link(mut self, path: impl AsRef<Path>, target: impl AsRef<Path>) -> Self {
        self.links.insert(path.as_ref().to_owned(), target.as_ref().to_owned());
        self.parents(path.as_ref())
    }

    /// Makes a path writable; nothing is at first.
    #[must_use]
    pub fn writable(mut self, path: impl AsRef<Path>) -> Self {
        self.writable.insert(path.as_ref().to_owned());
        self
    }

    /// Makes a path that is there unreadable.
    #[must_use]
    pub fn unreadable(mut self, path: impl AsRef<Path>) -> Self {
        self.unreadable.insert(path.as_ref().to_owned());
        self
    }

    fn parents(mut self, path: &Path) -> Self {
        self.folders.extend(path.ancestors().skip(1).map(Path::to_owned));
        self
    }

    fn children<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = (&'a str, Kind)> {
        let files = self.files.keys().map(|path| (path, Kind::File));
        let folders = self.folders.iter().map(|path| (path, Kind::Folder));
        files
            .chain(folders)
            .filter(move |(path, _)| path.parent() == Some(folder))
            .filter_map(|(path, kind)| Some((path.file_name()?.to_str()?, kind)))
    }

    fn readable_folder(&self, path: &Path) -> io::Result<()> {
        match self.kind(path)? {
            Kind::Folder if self.unreadable.contains(path) => Err(io::ErrorKind::PermissionDenied.into()),
            Kind::Folder => Ok(()),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }
}

impl Files for Memory {
    fn folder(&self, path: &Path) -> io::Result<Rc<Folder>> {
        self.readable_folder(path)?;
        let mut sorter = Sorter::default();
        for (name, kind) in self.children(path) {
            match kind {
                Kind::File => sorter.file(name.as_bytes()),
                _ => sorter.folder(name.as_bytes()),
            }
        }
        Ok(Rc::new(sorter.finish()))
    }

    fn folders_with(&self, path: &Path, file: &str) -> io::Result<Vec<String>> {
        let folder = self.folder(path)?;
        let has = |name: &&str| self.is_file(&path.join(name).join(file));
        Ok(folder.folders.sorted().into_iter().filter(has).map(str::to_owned).collect())
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        if self.files.contains_key(path) {
            Ok(Kind::File)
        } else if self.folders.contains(path) {
            Ok(Kind::Folder)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn read(&self, path: &Path) -> io::Result<Rc<[u8]>> {
        if self.unreadable.contains(path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        match self.files.get(path) {
            Some(content) => Ok(content.as_slice().into()),
            None if self.folders.contains(path) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        self.readable_folder(path)?;
        let mut names: Vec<_> = self.children(path).map(|(name, _)| name.to_owned()).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        self.links.get(path).cloned()
    }

    /// Those that there are, whether they were come upon or not.
    fn forbidden(&self) -> Vec<PathBuf> {
        self.unreadable.intersection(&self.folders).cloned().collect()
    }

    fn root(&self) -> &Path {
        Path::new("/")
    }

    fn may(&self, path: &Path, access: Access) -> bool {
        match access {
            Access::Execute if self.folders.contains(path) => !self.unreadable.contains(path),
            Access::Execute => self.executable.contains(path),
            Access::Write => self.writable.contains(path),
        }
    }
}
