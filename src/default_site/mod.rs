//! The default site: where the image keeps it, and a copy inside the binary for images that lack it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use crate::digest::Digest;
use crate::environ::Environ;
use crate::files::{Access, Files, private_folder};

/// Where the image keeps the default site. Read-only.
pub const FOLDER: &str = "/opt/defaultsite";

/// The variable that tells the site which folder holds no app.
pub(crate) const SEARCHED_FOLDER: &str = "PYSTART_SEARCHED_FOLDER";

/// The files of the site, by name; [`FOLDER`] holds the same ones.
const FILES: [(&str, &str); 4] = [
    ("application.py", include_str!("application.py")),
    ("notice.html", include_str!("notice.html")),
    ("style.css", include_str!("style.css")),
    ("welcome.html", include_str!("welcome.html")),
];

/// The folder of the default site: [`FOLDER`], or where [`write()`] will put the copy. Touches nothing.
#[must_use]
pub fn folder(files: &dyn Files, environ: &Environ) -> PathBuf {
    if files.is_file(&Path::new(FOLDER).join(FILES[0].0)) {
        return FOLDER.into();
    }
    let places = places(environ.filled("TMPDIR").map(OsStr::to_owned));
    let place = places.iter().find(|place| files.may(place, Access::Write)).unwrap_or(&places[0]);
    place.join(name())
}

/// Is this the folder of a default site, of whatever version and user?
#[must_use]
pub fn is_its_folder(folder: &Path) -> bool {
    let is_copy = |name: &OsStr| name.as_encoded_bytes().starts_with(COPY.as_bytes());
    folder == Path::new(FOLDER) || folder.file_name().is_some_and(is_copy)
}

/// What the name of a copy's folder begins with.
const COPY: &str = "pystart-defaultsite-";

/// Writes the site into the private folder that [`folder`] has named: the stand-in for [`FOLDER`] where the image has
/// no such folder.
///
/// The folder's name depends on the user and the content alone, so a restart finds the copy of the last time.
/// A folder of that name is used only if it belongs to this user, nobody else can write to it and every file in it
/// is what it should be; what is ours and damaged is made anew, what is somebody else's is left alone.
///
/// # Errors
///
/// It cannot be written there, or something is there that is not ours.
pub fn write(folder: &Path) -> io::Result<()> {
    match is_intact(folder) {
        Ok(true) => return Ok(()),
        Ok(false) => fs::remove_dir_all(folder)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Written beside its place and moved there whole, so that nobody ever sees half a site. The process id keeps two
    // that start at once apart; a leftover of that name is from a process that is gone.
    let draft = folder.with_extension(format!("{}", std::process::id()));
    private_folder::create(&draft)?;
    fs::remove_dir_all(&draft)?;
    private_folder::create(&draft)?;
    let moved = write_files(&draft).and_then(|()| fs::rename(&draft, folder));
    if let Err(error) = moved {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&draft);
        // Another process was faster: its copy is as good as ours, if it is one.
        return if is_intact(folder).unwrap_or(false) { Ok(()) } else { Err(error) };
    }
    Ok(())
}

/// The places for temporary files, in order. A relative or empty `TMPDIR` is no place.
fn places(tmpdir: Option<OsString>) -> Vec<PathBuf> {
    let tmpdir = tmpdir.map(PathBuf::from).filter(|place| place.is_absolute());
    tmpdir.into_iter().chain(["/tmp".into(), "/dev/shm".into()]).collect()
}

/// The name of the copy's folder: one for each user and each version. No defence: what is there is compared byte for
/// byte before it is used.
fn name() -> String {
    let version = Digest::of(FILES.iter().flat_map(|(name, content)| [name, content]));
    format!("{COPY}{}-{version}", geteuid())
}

fn write_files(folder: &Path) -> io::Result<()> {
    for (name, content) in FILES {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(folder.join(name))?;
        file.write_all(content.as_bytes())?;
    }
    Ok(())
}

/// Whether `folder` is ours and holds exactly what [`FILES`] says; an error if it is missing or not ours.
fn is_intact(folder: &Path) -> io::Result<bool> {
    private_folder::require(folder)?;
    Ok(FILES.iter().all(|(name, content)| holds(&folder.join(name), content)))
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
