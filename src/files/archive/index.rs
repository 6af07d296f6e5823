//! What is in an archive, as a tree of paths: names and kinds of all members, and the content of those that a decision
//! is likely to read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{MemfdFlags, memfd_create};

use super::super::READ_LIMIT;
use crate::deployment::archive::{Cause, Kind, Member, Receive};

/// How much content is kept in all; what is asked for beyond that is read from the archive once more.
const MOST_CONTENT: usize = 16 * 1024 * 1024;

/// A file that is no Python is kept up to this size: requirements, a Procfile, a script.
const LARGEST_OTHER: u64 = 64 * 1024;

/// How many bytes of a program are kept: its first line tells the interpreter.
const PROGRAM_HEAD: usize = 4096;

/// A member.
#[derive(Debug)]
pub(super) enum Node {
    Folder {
        names: BTreeSet<OsString>,
        mode: u32,
    },
    File {
        mode: u32,
        /// Its first bytes, as far as a decision reads a file; `None` if it was not kept.
        content: Option<Rc<[u8]>>,
    },
    Symlink(PathBuf),
}

/// The members of an archive, by their paths below its folder. Every folder that leads to one is there, too.
#[derive(Debug)]
pub(super) struct Index {
    /// By [`key`]. Not hashed: without random bytes from the kernel the standard library's maps panic.
    nodes: BTreeMap<Vec<u8>, Node>,
    kept: usize,
    /// The file that is being read, and how many bytes of it are wanted.
    open: Option<(PathBuf, usize, Vec<u8>)>,
}

impl Index {
    pub(super) fn new() -> Self {
        let root = Node::Folder { names: BTreeSet::new(), mode: 0o755 };
        Self { nodes: BTreeMap::from([(Vec::new(), root)]), kept: 0, open: None }
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Node> {
        self.nodes.get(&key(path))
    }

    /// Puts a member to its place; one that has children stays a folder.
    fn put(&mut self, path: &Path, node: Node) {
        self.make_parents(path);
        match (self.nodes.get_mut(&key(path)), node) {
            (Some(Node::Folder { mode, .. }), Node::Folder { mode: new, .. }) => *mode = new,
            (_, node) => {
                self.nodes.insert(key(path), node);
            }
        }
    }

    fn make_parents(&mut self, path: &Path) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        if let Some(Node::Folder { names, .. }) = self.nodes.get_mut(&key(parent)) {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
            return;
        }
        self.make_parents(parent);
        let names = BTreeSet::from([name.to_owned()]);
        self.nodes.insert(key(parent), Node::Folder { names, mode: 0o755 });
    }
}

/// A path by its bytes, with one slash between its parts: comparing these takes a fraction of comparing paths.
fn key(path: &Path) -> Vec<u8> {
    let mut key = Vec::with_capacity(path.as_os_str().len());
    for part in path.components() {
        if !key.is_empty() {
            key.push(b'/');
        }
        key.extend_from_slice(part.as_os_str().as_bytes());
    }
    key
}

/// How many bytes of a file are kept.
fn wanted(path: &Path, size: u64) -> usize {
    let is = |name: &str| path.components().any(|part| part == Component::Normal(OsStr::new(name)));
    // Its version is asked for.
    if path.ends_with("gunicorn/__init__.py") {
        return READ_LIMIT;
    }
    if ["site-packages", "node_modules", "__pycache__", "__oryx_packages__", ".git"].into_iter().any(is) {
        return 0;
    }
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("py")) {
        return READ_LIMIT;
    }
    if is("bin") {
        return PROGRAM_HEAD;
    }
    if size <= LARGEST_OTHER { READ_LIMIT } else { 0 }
}

impl Receive for Index {
    fn member(&mut self, member: &Member<'_>) -> Result<(), Cause> {
        let Member { path, kind, mode, .. } = *member;
        self.open = None;
        let node = match kind {
            Kind::Folder => Node::Folder { names: BTreeSet::new(), mode },
            Kind::File(size) => {
                let wanted = wanted(path, size).min(MOST_CONTENT.saturating_sub(self.kept));
                // Of what is not kept whole, nothing is kept, unless its beginning is enough.
                if wanted > 0 {
                    self.open = Some((path.to_owned(), wanted, Vec::new()));
                }
                Node::File { mode, content: None }
            }
            Kind::Symlink(target) => Node::Symlink(target.to_owned()),
            Kind::HardLink(target) => match self.nodes.get(&key(target)) {
                Some(Node::File { mode, content }) => Node::File { mode: *mode, content: content.clone() },
                Some(Node::Symlink(target)) => Node::Symlink(target.clone()),
                _ => {
                    return Err(Cause::Refused(
                        "it is a hard link to something that is not in the archive before it".into(),
                    ));
                }
            },
        };
        self.put(path, node);
        Ok(())
    }

    fn wants_content(&self) -> bool {
        self.open.is_some()
    }

    fn piece(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        if let Some((_, wanted, content)) = &mut self.open {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(*wanted);
            // A hole reads as zeroes.
            if offset > content.len() {
                content.resize(offset, 0);
            }
            content.extend_from_slice(&bytes[..bytes.len().min(*wanted - offset)]);
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Cause> {
        let Some((path, _, content)) = self.open.take() else { return Ok(()) };
        self.kept += content.len();
        if let Some(Node::File { content: kept, .. }) = self.nodes.get_mut(&key(&path)) {
            *kept = Some(content.into());
        }
        Ok(())
    }
}

/// Takes the content of one file out of an archive.
pub(super) struct One<'a> {
    path: &'a Path,
    is_open: bool,
    content: Vec<u8>,
}

impl<'a> One<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path, is_open: false, content: Vec::new() }
    }

    pub(super) fn into_content(self) -> Rc<[u8]> {
        self.content.into()
    }
}

impl Receive for One<'_> {
    fn member(&mut self, member: &Member<'_>) -> Result<(), Cause> {
        self.is_open = member.path == self.path;
        if self.is_open {
            // The last one of a name counts.
            self.content.clear();
        }
        Ok(())
    }

    fn wants_content(&self) -> bool {
        self.is_open
    }

    fn piece(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(READ_LIMIT);
        if offset > self.content.len() {
            self.content.resize(offset, 0);
        }
        self.content.extend_from_slice(&bytes[..bytes.len().min(READ_LIMIT - offset)]);
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Cause> {
        Ok(())
    }
}

/// Takes one file out of an archive, whole and unchanged, into memory: an archive in an archive.
pub(super) struct Whole<'a> {
    path: &'a Path,
    is_open: bool,
    file: File,
}

impl<'a> Whole<'a> {
    /// # Errors
    ///
    /// Those of `memfd_create(2)`.
    pub(super) fn new(path: &'a Path) -> io::Result<Self> {
        let file = memfd_create("archive", MemfdFlags::CLOEXEC)?;
        Ok(Self { path, is_open: false, file: file.into() })
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }
}

impl Receive for Whole<'_> {
    fn member(&mut self, member: &Member<'_>) -> Result<(), Cause> {
        self.is_open = member.path == self.path;
        if self.is_open {
            // The last one of a name counts.
            self.file.set_len(0).map_err(Cause::Unreadable)?;
        }
        Ok(())
    }

    fn wants_content(&self) -> bool {
        self.is_open
    }

    fn piece(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        self.file.write_all_at(bytes, offset).map_err(Cause::Unreadable)
    }

    fn complete(&mut self) -> Result<(), Cause> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_decision_reads_is_kept() {
        let rows = [
            ("app.py", 1 << 30, READ_LIMIT),
            ("shop/wsgi.PY", 10, READ_LIMIT),
            ("requirements.txt", 10, READ_LIMIT),
            ("data.csv", 1 << 30, 0),
            ("antenv/bin/gunicorn", 1 << 30, PROGRAM_HEAD),
            ("antenv/lib/python3.12/site-packages/flask/app.py", 10, 0),
            ("antenv/lib/python3.12/site-packages/gunicorn/__init__.py", 10, READ_LIMIT),
            ("node_modules/x/y.py", 10, 0),
            ("a/__pycache__/x", 10, 0),
            ("__oryx_packages__/x.py", 10, 0),
            (".git/config", 10, 0),
        ];
        for (path, size, kept) in rows {
            assert_eq!(wanted(Path::new(path), size), kept, "{path}");
        }
    }
}
