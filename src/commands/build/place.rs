//! Where a built environment lives, how it gets there, and how it is found again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, Flock, FlockArg, fcntl};
use nix::unistd::{AccessFlags, access, geteuid};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::digest::Digest;
use crate::environ::Environ;
use crate::files::private_folder;

/// The name that the platform gives to the environment of an app.
pub(super) const NAME: &str = "antenv";

/// The name while it is built. Hidden, so that nobody takes it for an environment before it is one.
const BUILDING: &str = ".antenv.building";

/// The folder that holds, or will hold, the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    folder: PathBuf,
}

impl Place {
    /// The app root where it can be written, else the app's folder in the cache.
    ///
    /// # Errors
    ///
    /// The cache's folder cannot be made, or belongs to somebody else.
    pub(super) fn choose(app_root: &Path, environ: &Environ) -> io::Result<Self> {
        if is_writable(app_root) {
            return Ok(Self { folder: app_root.to_owned() });
        }
        let cache = cache(environ);
        let folder = cache.join(key(app_root));
        if let Some(parent) = cache.parent() {
            fs::create_dir_all(parent)?;
        }
        private_folder::create(&cache)?;
        private_folder::create(&folder)?;
        Ok(Self { folder })
    }

    /// The finished environment.
    #[must_use]
    pub(super) fn environment(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// The one in the making.
    #[must_use]
    pub(super) fn building(&self) -> PathBuf {
        self.folder.join(BUILDING)
    }

    /// Keeps other builds out until dropped, and until every process of this build has ended: a killed pystart
    /// leaves its pip running for a while. `wait` is called before waiting for another build.
    ///
    /// `None` where the file system has no locks: then there is nothing to wait for either.
    ///
    /// # Errors
    ///
    /// Those of opening the folder.
    pub(super) fn lock(&self, wait: impl FnOnce()) -> io::Result<Option<Flock<File>>> {
        let file = File::open(&self.folder)?;
        fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(lock)),
            Err((file, Errno::EWOULDBLOCK)) => {
                wait();
                Ok(Flock::lock(file, FlockArg::LockExclusive).ok())
            }
            Err(_) => Ok(None),
        }
    }

    /// Removes what an interrupted build left.
    ///
    /// # Errors
    ///
    /// Those of removing it.
    pub(super) fn clear(&self) -> io::Result<()> {
        remove(&self.building())
    }

    /// Puts the finished environment in its place. The previous one is there until this one is: the two change
    /// places in one step where the file system can do that.
    ///
    /// # Errors
    ///
    /// Those of renaming.
    pub(super) fn install(&self) -> io::Result<()> {
        let (building, environment) = (self.building(), self.environment());
        if fs::symlink_metadata(&environment).is_err() {
            return fs::rename(&building, &environment);
        }
        match renameat_with(CWD, &building, CWD, &environment, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => self.install_in_two_steps()?,
            Err(errno) => return Err(errno.into()),
        }
        // The new one is in place; a remnant of the old is removed by the next build.
        let _ = self.clear();
        Ok(())
    }

    fn install_in_two_steps(&self) -> io::Result<()> {
        let previous = self.folder.join(".antenv.previous");
        remove(&previous)?;
        fs::rename(self.environment(), &previous)?;
        if let Err(error) = fs::rename(self.building(), self.environment()) {
            fs::rename(&previous, self.environment())?;
            return Err(error);
        }
        let _ = remove(&previous);
        Ok(())
    }
}

/// The environment that a build put in the cache because the app root could not be written.
///
/// Costs a handful of `stat` calls; asked only when a build was asked for.
#[must_use]
pub fn cached_environment(app_root: &Path, environ: &Environ) -> Option<PathBuf> {
    if is_writable(app_root) {
        return None;
    }
    let cache = cache(environ);
    let folder = cache.join(key(app_root));
    let environment = folder.join(NAME);
    let is_private = |folder: &Path| private_folder::require(folder).is_ok();
    (is_private(&cache) && is_private(&folder) && environment.join("pyvenv.cfg").is_file()).then_some(environment)
}

fn is_writable(folder: &Path) -> bool {
    access(folder, AccessFlags::W_OK).is_ok()
}

/// `XDG_CACHE_HOME` if it is an absolute path (the specification ignores others), else a folder of this user in `/tmp`.
fn cache(environ: &Environ) -> PathBuf {
    match environ.filled("XDG_CACHE_HOME").map(Path::new).filter(|path| path.is_absolute()) {
        Some(home) => home.join("pystart"),
        None => PathBuf::from(format!("/tmp/pystart-{}", geteuid())),
    }
}

/// One folder for each app root.
fn key(app_root: &Path) -> String {
    Digest::of([app_root.as_os_str().as_encoded_bytes()]).to_string()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
