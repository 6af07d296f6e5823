//! Unpacking an archive: beside its place, then into it in one step, so that a folder is there whole or not at all.

use std::ffi::c_int;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::archive::{self, Cause, Fault, Reading};
use super::limits::{BYTES_OF_A_MEMBER, Limits};
use super::packed::Packed;
use super::stamp;
use super::tree::Tree;
use crate::error::{Failure, status};
use crate::files::lock::{Attempt, Lock};
use crate::files::private_folder;
use crate::printable::byte_size;

/// How often a start that waits for another one looks whether it is its turn.
const TURN: Duration = Duration::from_millis(20);

/// Everybody may pass through the folders that lead to an app: a server may change its user.
const PASSABLE: u32 = 0o711;

/// How unpacking is to be done.
#[derive(Clone, Copy)]
pub struct Unpacking<'a> {
    /// When it is too much.
    pub limits: Limits,
    /// The signal that asks to stop, if one has come.
    pub stop: &'a dyn Fn() -> Option<c_int>,
}

/// Unpacks an archive to its place, unless it is there.
///
/// # Errors
///
/// It cannot be unpacked: status 1; or a signal asked to stop: 128 and its number. Nothing is at its place then.
pub fn unpack(packed: &Packed, how: Unpacking<'_>) -> Result<(), Failure> {
    let workshop = Workshop::open(packed).map_err(|fault| failure(packed, &fault))?;
    let _turn = workshop.wait_for_turn(how.stop).map_err(|fault| failure(packed, &fault))?;
    // Another start may have done it meanwhile.
    if packed.stamp.is_on(&packed.place.folder) {
        return Ok(());
    }
    let (name, folder) = (packed.name(), packed.place.folder.display());
    tracing::info!("unpacking `{name}` ({}) to `{folder}`", byte_size(packed.size));
    let started = Instant::now();
    let done = workshop.clear().and_then(|()| workshop.unpack(how)).map_err(|fault| {
        if !matches!(fault.cause, Cause::Stopped(_)) {
            // Its place may be needed. What cannot be removed now is removed by the next start.
            let _ = remove(&workshop.building());
        }
        failure(packed, &fault)
    })?;
    let seconds = started.elapsed().as_secs_f64();
    tracing::info!("unpacked {} files, {}, in {seconds:.1} s", done.files, byte_size(done.bytes));
    Ok(())
}

struct Workshop<'a> {
    packed: &'a Packed,
    folder: &'a Path,
}

struct Done {
    files: u64,
    bytes: u64,
}

impl<'a> Workshop<'a> {
    fn open(packed: &'a Packed) -> Result<Self, Fault> {
        let folder = packed.place.workshop.as_path();
        for made in [folder.parent().unwrap_or(folder), folder] {
            private_folder::create(made).map_err(Cause::Unwritable)?;
            fs::set_permissions(made, Permissions::from_mode(PASSABLE)).map_err(Cause::Unwritable)?;
        }
        Ok(Self { packed, folder })
    }

    fn building(&self) -> PathBuf {
        self.folder.with_extension("unpacking")
    }

    /// A link to the folder that was unpacked last, wherever that is.
    fn record(&self) -> PathBuf {
        self.folder.with_extension("last")
    }

    /// Keeps other starts out until dropped. A file system without locks has nobody waiting either.
    fn wait_for_turn(&self, stop: &dyn Fn() -> Option<c_int>) -> Result<Option<Lock>, Fault> {
        let mut file = File::open(self.folder).map_err(Cause::Unwritable)?;
        let mut is_told = false;
        loop {
            match Lock::attempt(file) {
                Attempt::Held(lock) => return Ok(Some(lock)),
                Attempt::Taken(same) => file = same,
                Attempt::Unavailable => return Ok(None),
            }
            if !is_told {
                tracing::info!("another start unpacks `{}`: waiting for it", self.packed.name());
                is_told = true;
            }
            if let Some(signal) = stop() {
                return Err(Cause::Stopped(signal).into());
            }
            thread::sleep(TURN);
        }
    }

    /// Removes what an interrupted start has left, and what was unpacked from an earlier archive: both take space.
    fn clear(&self) -> Result<(), Fault> {
        let last = fs::read_link(self.record()).ok();
        remove(&self.building()).map_err(Cause::Unwritable)?;
        for earlier in last.iter().chain([&self.packed.place.folder]) {
            if stamp::is_of(&self.packed.owner, earlier) {
                tracing::debug!("removing `{}`, from an earlier deployment", earlier.display());
                // Without its stamp it is not a whole folder any more, wherever removing it stops.
                stamp::remove(earlier).and_then(|()| remove(earlier)).map_err(Cause::Unwritable)?;
            }
        }
        Ok(())
    }

    fn unpack(&self, how: Unpacking<'_>) -> Result<Done, Fault> {
        let building = self.building();
        let file = File::open(&self.packed.archive).map_err(Cause::Unreadable)?;
        let mut tree = Tree::create(&building).map_err(Cause::Unwritable)?;
        let reading = Reading { limits: how.limits, stop: how.stop };
        archive::read(file, reading, &mut tree)?;
        let done = Done { files: tree.files, bytes: tree.bytes };
        tree.finish()?;
        self.packed.stamp.write(&building).map_err(Cause::Unwritable)?;
        // From here on another start finds it, whatever becomes of this one.
        rename(&building, &self.packed.place.folder).map_err(Cause::Unwritable)?;
        let _ = fs::remove_file(self.record());
        let _ = symlink(&self.packed.place.folder, self.record());
        Ok(done)
    }
}

/// Never over anything: what appeared there meanwhile is not ours.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Neither the kernel nor the file system has to know that flag; an empty folder is then the most that is lost.
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(from, to),
        renamed => Ok(renamed?),
    }
}

/// Removes a folder, if it is there. One that its own permissions protect is opened first.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // From the outside to the inside: `walkdir` looks into a folder after it was handed out.
            for entry in walkdir::WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_dir()) {
                fs::set_permissions(entry.path(), Permissions::from_mode(0o700))?;
            }
            fs::remove_dir_all(path)
        }
        removed => removed,
    }
}

/// Removes what was unpacked for one process alone.
pub(super) fn remove_private(packed: &Packed) {
    let workshop = Workshop { packed, folder: &packed.place.workshop };
    // Nothing depends on it; what is left is a temporary file.
    let _ = remove(&workshop.building());
    let _ = remove(workshop.folder);
    let _ = fs::remove_file(workshop.record());
}

/// The failure for what is wrong with an archive: also for reading it without unpacking.
pub(crate) fn failure(packed: &Packed, fault: &Fault) -> Failure {
    let name = packed.name();
    let folder = packed.place.folder.display();
    let cause = &fault.cause;
    if let Cause::Stopped(signal) = cause {
        let status = 128 + u8::try_from(*signal).unwrap_or_default();
        return Failure::usage(format!("stopped by signal {signal} while `{name}` was unpacked")).with_status(status);
    }
    let member = fault.member.as_ref().map(|member| format!(" at its member `{}`", member.display()));
    let member = member.unwrap_or_default();
    let message = format!("`{name}` cannot be unpacked to `{folder}`{member}: {cause}");
    let hint = match cause {
        Cause::Unreadable(_) => "make it readable for the user that the container runs as".to_owned(),
        Cause::Damaged(_) => "it was not transferred whole, or was changed: deploy again".to_owned(),
        Cause::Refused(_) => {
            "no build leaves such an archive: find out where it comes from, then deploy again".to_owned()
        }
        Cause::TooMuch(_) => format!(
            "if the app really is that large, allow it: `PYSTART_UNPACK_LIMIT`, in bytes, of which each \
             {BYTES_OF_A_MEMBER} allow a member, too"
        ),
        Cause::Unwritable(error) if is_full(error) => {
            "give that file system more space (Docker: `--tmpfs /tmp:exec,size=2g`), or name another folder with \
             `PYSTART_UNPACK_DIR`"
                .to_owned()
        }
        Cause::Unwritable(_) | Cause::Stopped(_) => "name another folder with `PYSTART_UNPACK_DIR`".to_owned(),
    };
    Failure::usage(message).with_status(status::NO).with_hint(hint)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
