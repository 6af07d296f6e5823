//! Files that the program brings along and a server reads: written to a private folder before the start that needs them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use crate::digest::Digest;
use crate::environ::Environ;
use crate::error::Failure;
use crate::files::{Access, Files, private_folder};

/// Files inside the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Embedded {
    /// What they are, for messages.
    pub what: &'static str,
    /// What the name of a copy's folder begins with.
    pub prefix: &'static str,
    /// Their names and contents.
    pub files: &'static [(&'static str, &'static str)],
    /// What to do where they cannot be written.
    pub remedy: &'static str,
}

/// A copy that a start needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedCopy {
    /// What is copied.
    pub files: &'static Embedded,
    /// The folder that the files have to be in, as [`Embedded::place`] names it.
    pub folder: PathBuf,
}

impl Embedded {
    /// The folder of the copy, in the first place for temporary files that can be written; `None` where none can.
    /// Touches nothing.
    #[must_use]
    pub fn place(&self, files: &dyn Files, environ: &Environ) -> Option<PathBuf> {
        let places = places(environ.filled("TMPDIR").map(OsStr::to_owned));
        places.iter().find(|place| files.may(place, Access::Write)).map(|place| place.join(self.name()))
    }

    /// The folder of the copy where no place can be written: what the message about it names.
    #[must_use]
    pub fn usual_place(&self) -> PathBuf {
        places(None)[0].join(self.name())
    }

    /// Is this the folder of a copy, of whatever version and user?
    #[must_use]
    pub fn is_its_folder(&self, folder: &Path) -> bool {
        folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(self.prefix.as_bytes()))
    }

    /// The name of the copy's folder: one for each user and each version. No defence: what is there is compared byte for
    /// byte before it is used.
    fn name(&self) -> String {
        let version = Digest::of(self.files.iter().flat_map(|(name, content)| [name, content]));
        format!("{}{}-{version}", self.prefix, geteuid())
    }

    /// Writes the files into a private folder.
    ///
    /// The folder's name depends on the user and the content alone, so a restart finds the copy of the last time.
    /// A folder of that name is used only if it belongs to this user, nobody else can write to it and every file in it
    /// is what it should be; what is ours and damaged is made anew, what is somebody else's is left alone.
    fn write(&self, folder: &Path) -> io::Result<()> {
        match self.is_intact(folder) {
            Ok(true) => return Ok(()),
            Ok(false) => fs::remove_dir_all(folder)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Written beside its place and moved there whole, so that nobody ever sees half of it. The process id keeps two
        // that start at once apart; a leftover of that name is from a process that is gone.
        let draft = folder.with_extension(format!("{}", std::process::id()));
        private_folder::create(&draft)?;
        fs::remove_dir_all(&draft)?;
        private_folder::create(&draft)?;
        let moved = self.write_files(&draft).and_then(|()| fs::rename(&draft, folder));
        if let Err(error) = moved {
            // The first error is the one to tell.
            let _ = fs::remove_dir_all(&draft);
            // Another process was faster: its copy is as good as ours, if it is one.
            return if self.is_intact(folder).unwrap_or(false) { Ok(()) } else { Err(error) };
        }
        Ok(())
    }

    fn write_files(&self, folder: &Path) -> io::Result<()> {
        for (name, content) in self.files {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(folder.join(name))?;
            file.write_all(content.as_bytes())?;
        }
        Ok(())
    }

    /// Whether `folder` is ours and holds exactly these files; an error if it is missing or not ours.
    fn is_intact(&self, folder: &Path) -> io::Result<bool> {
        private_folder::require(folder)?;
        Ok(self.files.iter().all(|(name, content)| holds(&folder.join(name), content)))
    }
}

impl EmbeddedCopy {
    /// Makes sure that it is there.
    ///
    /// # Errors
    ///
    /// It cannot be written there, or something is there that is not ours.
    pub fn write(&self) -> Result<(), Failure> {
        let Self { files, folder } = self;
        files.write(folder).map_err(|error| {
            Failure::usage(format!("{} cannot be written to `{}`: {error}", files.what, folder.display()))
                .with_hint(files.remedy)
        })
    }
}

/// The places for temporary files, in order. A relative or empty `TMPDIR` is no place.
fn places(tmpdir: Option<OsString>) -> Vec<PathBuf> {
    let tmpdir = tmpdir.map(PathBuf::from).filter(|place| place.is_absolute());
    tmpdir.into_iter().chain(["/tmp".into(), "/dev/shm".into()]).collect()
}

/// Whether `path` is a regular file with this content. Never follows a link, never waits for a pipe's writer.
fn holds(path: &Path, content: &str) -> bool {
    let open = || -> io::Result<bool> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
        is_exactly(file, content)
    };
    open().unwrap_or(false)
}

fn is_exactly(mut file: File, content: &str) -> io::Result<bool> {
    let found = file.metadata()?;
    if !found.is_file() || found.len() != content.len() as u64 {
        return Ok(false);
    }
    let mut bytes = Vec::with_capacity(content.len());
    file.read_to_end(&mut bytes)?;
    Ok(bytes == content.as_bytes())
}

#[cfg(test)]
mod tests;
