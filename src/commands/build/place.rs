//! Where an environment is built, how it gets to its place, and how it is found again.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::geteuid;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::caches;
use crate::deployment;
use crate::digest::Digest;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::lock::{self, Attempt};
use crate::files::private_folder;
use crate::process::signals;

/// The name that the platform gives to the environment of an app.
const NAME: &str = "antenv";

/// How often a lock that another build holds is tried.
const RETRY: Duration = Duration::from_millis(50);

/// The place of one environment, in a folder that this user can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    folder: PathBuf,
    name: OsString,
}

/// Keeps other builds of one environment out until it is dropped, and until every process of this build has ended: a
/// killed pystart leaves its pip running for a while.
#[expect(dead_code, reason = "what counts is when it is dropped")]
pub(super) struct Lock(Option<lock::Lock>);

impl Place {
    /// That of the app's environment: the app root where it can be written and run from, else the app's folder in the cache.
    ///
    /// # Errors
    ///
    /// The cache's folder cannot be made, is not this user's alone, or no program can be run from it.
    pub(super) fn of_app(app_root: &Path, environ: &Environ) -> Result<Self, Failure> {
        if is_usable(app_root) {
            return Ok(Self { folder: app_root.to_owned(), name: NAME.into() });
        }
        let cannot = |fault: &dyn std::fmt::Display| failure(&format!("no folder for the environment: {fault}"));
        if let Some(fault) = caches::fault_of_environments(environ) {
            let hint = if fault.contains("noexec") {
                "mount one of them without `noexec` (Docker: `--tmpfs /tmp:exec`), or name another folder for caches in"
            } else {
                "make the app root writable, or name a folder for caches in"
            };
            return Err(cannot(&fault).with_hint(format!("{hint} `{}`", caches::VARIABLE)));
        }
        let cannot = |error: io::Error| {
            cannot(&error)
                .with_hint(format!("make the app root writable, or name a folder for caches in `{}`", caches::VARIABLE))
        };
        let folder = caches::make_folder(environ, &key(app_root)).map_err(cannot)?;
        Ok(Self { folder, name: NAME.into() })
    }

    /// A place of this name in a folder that is private.
    pub(super) fn new(folder: PathBuf, name: impl Into<OsString>) -> Self {
        Self { folder, name: name.into() }
    }

    /// The finished environment.
    #[must_use]
    pub(super) fn environment(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The one in the making. Hidden, so that nobody takes it for an environment before it is one.
    #[must_use]
    pub(super) fn building(&self) -> PathBuf {
        self.hidden("building")
    }

    fn hidden(&self, what: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(".");
        name.push(what);
        self.folder.join(name)
    }

    /// Waits for other builds and makes an empty folder to build in, which is the lock as well: nobody else can open
    /// it, so nobody else can hold it. `waiting` is called before waiting.
    ///
    /// Where the file system has no locks there is nothing to wait for either.
    ///
    /// # Errors
    ///
    /// What stands in that place is not ours, nothing can be made there, or a signal asked us to end (128+N).
    pub(super) fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, Failure> {
        let mut waiting = Some(waiting);
        let building = self.building();
        self.require_own_environment()?;
        loop {
            private_folder::create(&building).map_err(|error| self.not_ours(&error))?;
            let file = match open_folder(&building) {
                // Another build has just finished and taken it away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(|error| self.not_ours(&error))?,
            };
            let lock = match lock::Lock::attempt(file) {
                Attempt::Held(lock) if is_at(lock.file(), &building) => Lock(Some(lock)),
                Attempt::Held(_) => continue,
                Attempt::Taken(_) => {
                    if let Some(tell) = waiting.take() {
                        tell();
                    }
                    wait_a_moment()?;
                    continue;
                }
                Attempt::Unavailable => Lock(None),
            };
            let _ = remove(&self.hidden("previous"));
            return match empty(&building) {
                Ok(()) => Ok(lock),
                Err(error) => Err(failure(&format!("cannot empty `{}`: {error}", building.display()))),
            };
        }
    }

    /// An environment of another user cannot be replaced: better said before the work than after it.
    fn require_own_environment(&self) -> Result<(), Failure> {
        let environment = self.environment();
        let owner = fs::symlink_metadata(&environment).ok().map(|facts| facts.uid());
        match owner.filter(|owner| !geteuid().is_root() && *owner != geteuid().as_raw()) {
            Some(owner) => Err(failure(&format!(
                "`{}` belongs to user {owner}, and this is user {}",
                environment.display(),
                geteuid()
            ))
            .with_hint("build as that user, or remove it")),
            None => Ok(()),
        }
    }

    fn not_ours(&self, error: &io::Error) -> Failure {
        let building = self.building();
        let shown = building.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied if fs::symlink_metadata(&building).is_ok() => failure(&format!(
                "cannot build in `{shown}`: {error}"
            ))
            .with_hint("another user's build is running there or was killed: wait for it, or remove that folder"),
            _ => failure(&format!("cannot make `{shown}`: {error}")),
        }
    }

    /// Removes what was built, after a failure.
    pub(super) fn clear(&self) {
        let _ = remove(&self.building());
    }

    /// Puts the finished environment in its place, readable for all. The previous one is there until this one is: the
    /// two change places in one step where the file system can do that.
    ///
    /// # Errors
    ///
    /// Those of renaming.
    pub(super) fn install(&self) -> io::Result<()> {
        let (building, environment) = (self.building(), self.environment());
        fs::set_permissions(&building, Permissions::from_mode(0o755))?;
        if fs::symlink_metadata(&environment).is_err() {
            return fs::rename(&building, &environment);
        }
        // While the previous one stands where builds are made, the next build must take it for one that is going on.
        let _held = open_folder(&environment).ok().map(lock::Lock::attempt);
        match renameat_with(CWD, &building, CWD, &environment, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => return self.install_in_two_steps(),
            Err(errno) => return Err(errno.into()),
        }
        // The new one is in place; a remnant of the old is removed by the next build.
        let previous = self.hidden("previous");
        let _ = remove(&previous);
        let _ = fs::rename(&building, &previous).and_then(|()| remove(&previous));
        Ok(())
    }

    fn install_in_two_steps(&self) -> io::Result<()> {
        let previous = self.hidden("previous");
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
    if is_usable(app_root) {
        return None;
    }
    let environment = caches::private_folder(environ, &key(app_root))?.join(NAME);
    environment.join("pyvenv.cfg").is_file().then_some(environment)
}

fn failure(message: &str) -> Failure {
    Failure::usage(message).with_status(status::NO)
}

/// Can an environment be made in it, and be run from it?
fn is_usable(folder: &Path) -> bool {
    deployment::fault(folder).is_none()
}

/// One folder for each app root.
fn key(app_root: &Path) -> String {
    Digest::of([app_root.as_os_str().as_encoded_bytes()]).to_string()
}

/// A folder itself, no link to one; the descriptor goes on to the processes of the build.
fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(file)
}

/// Is this still the folder of that name?
fn is_at(file: &File, path: &Path) -> bool {
    let here = |facts: &fs::Metadata| (facts.dev(), facts.ino());
    matches!((file.metadata(), fs::symlink_metadata(path)), (Ok(held), Ok(named)) if here(&held) == here(&named))
}

/// Waits, and hears a signal that asks us to end.
fn wait_a_moment() -> Result<(), Failure> {
    match signals::wait(Some(RETRY)).filter(signals::Received::asks_to_end) {
        Some(received) => Err(interrupted("waiting for another build", received.number())),
        None => Ok(()),
    }
}

/// The failure of a build that a signal has ended.
pub(super) fn interrupted(what: &str, signal: i32) -> Failure {
    let status = u8::try_from(128 + signal).unwrap_or(status::NO);
    failure(&format!("{what} was interrupted by signal {signal}")).with_status(status)
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        remove(&entry?.path())?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
