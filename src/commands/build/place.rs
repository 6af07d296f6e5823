//! Where a built environment lives, how it gets there, and how it is found again.

use std::fs::{self, DirBuilder, File};
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, Flock, FlockArg, fcntl};
use nix::unistd::{AccessFlags, access, geteuid};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use siphasher::sip::SipHasher13;

use crate::environ::Environ;

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
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        for made in [&cache, &folder] {
            if !is_ours(made) {
                let message = format!("`{}` belongs to another user or can be written by one", made.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
        }
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
    (is_ours(&cache) && is_ours(&folder) && environment.join("pyvenv.cfg").is_file()).then_some(environment)
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
    let mut hasher = SipHasher13::new();
    hasher.write(app_root.as_os_str().as_encoded_bytes());
    format!("{:016x}", hasher.finish())
}

/// A real folder of this user that nobody else can write: `/tmp` is everybody's.
fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder)
        .is_ok_and(|facts| facts.is_dir() && facts.uid() == geteuid().as_raw() && facts.mode() & 0o022 == 0)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
