//! Where an archive is unpacked: a temporary folder that we may write and that programs may be run from.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access, geteuid};

use super::stamp::{self, Stamp};
use crate::digest::Digest;
use crate::environ::Environ;
use crate::error::{Failure, status};
use crate::files::private_folder;

/// Folders that are everybody's and local, the usual one first.
const TEMPORARY: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Where an archive belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder that it is unpacked to.
    pub folder: PathBuf,
    /// A folder of this user alone on the same file system, where it is made.
    pub(super) workshop: PathBuf,
    /// It has been unpacked, whole.
    pub is_unpacked: bool,
}

impl Place {
    /// A place of this process alone, beside this one; nothing there is taken for unpacked by others.
    pub(super) fn made_private(&self, owner: &str) -> Self {
        let workshop = self.workshop.with_file_name(format!("{owner}-{}", std::process::id()));
        let folder = workshop.join(self.folder.file_name().unwrap_or_default());
        Self { folder, workshop, is_unpacked: false }
    }
}

/// What is to be placed.
pub(super) struct Wanted<'a> {
    /// The temporary folder that somebody named (`PYSTART_UNPACK_DIR`).
    pub(super) named: Option<&'a Path>,
    /// The path that the content believes to be at.
    pub(super) built_in: Option<&'a Path>,
    /// Whose it is; see [`owner`].
    pub(super) owner: &'a str,
    /// The name of the folder, where there is no path that it should have.
    pub(super) name: &'a OsStr,
    /// The mark of the folder once it is unpacked.
    pub(super) stamp: &'a Stamp,
}

/// The app of one app root, or its environment.
pub(super) fn owner(app_root: &Path, part: &str) -> String {
    Digest::of([app_root.as_os_str().as_encoded_bytes(), part.as_bytes()]).to_string()
}

impl Wanted<'_> {
    /// The place where it is, else the first where it can be.
    ///
    /// # Errors
    ///
    /// There is none; the message says of each why.
    pub(super) fn choose(&self, environ: &Environ) -> Result<Place, Failure> {
        let folders = temporary_folders(self.named, environ);
        let places = folders.iter().flat_map(|folder| self.places_in(folder));
        if let Some(place) = places.clone().find(|place| self.stamp.is_on(&place.folder) && is_reached_safely(place)) {
            return Ok(Place { is_unpacked: true, ..place });
        }
        let mut faults = Vec::new();
        for folder in &folders {
            match fault(folder) {
                None => match self.places_in(folder).find(|place| self.is_free(place)) {
                    Some(place) => return Ok(place),
                    None => faults.push(format!("what is in `{}` is not ours", own_folder(folder).display())),
                },
                Some(fault) => faults.push(format!("`{}` {fault}", folder.display())),
            }
        }
        let hint = if faults.iter().any(|fault| fault.contains("noexec")) {
            "mount the folder without `noexec` (Docker: `--tmpfs /tmp:exec`), or name another with `PYSTART_UNPACK_DIR`"
        } else {
            "mount a writable folder on `/tmp`, or name one with `PYSTART_UNPACK_DIR`"
        };
        Err(Failure::usage(format!("there is no folder to unpack the deployment into: {}", faults.join("; ")))
            .with_status(status::NO)
            .with_hint(hint))
    }

    /// The path that the content believes to be at, if it is directly in this folder; then a folder of our own.
    fn places_in(&self, folder: &Path) -> impl Iterator<Item = Place> + Clone {
        let workshop = own_folder(folder).join(self.owner);
        let built_in = self.built_in.filter(|path| path.parent() == Some(folder) && self.named.is_none());
        let private = workshop.join(self.name);
        let folders = built_in.map(Path::to_owned).into_iter().chain([private]);
        folders.map(move |folder| Place { folder, workshop: workshop.clone(), is_unpacked: false })
    }

    /// Is there nothing, or something that we may replace?
    fn is_free(&self, place: &Place) -> bool {
        let is_nothing =
            |path: &Path| fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let is_ours = |path: &Path| is_nothing(path) || private_folder::require(path).is_ok();
        let own = place.workshop.parent().unwrap_or(&place.workshop);
        is_ours(own)
            && is_ours(&place.workshop)
            && (is_nothing(&place.folder) || stamp::is_of(self.owner, &place.folder))
    }
}

/// Can nobody else put another folder into its place? One directly in a temporary folder is protected by that one
/// (`S_ISVTX`); on the way to one of our own, every folder must be ours.
fn is_reached_safely(place: &Place) -> bool {
    let is_private = |path: &Path| private_folder::require(path).is_ok();
    place.folder.parent() != Some(&place.workshop)
        || (is_private(&place.workshop) && place.workshop.parent().is_some_and(is_private))
}

/// This user's folder in a temporary folder.
fn own_folder(temporary: &Path) -> PathBuf {
    temporary.join(format!("pystart-{}", geteuid()))
}

/// Folders that something may be unpacked into, the best first: the one that somebody named, then those that are
/// usual, then the user's cache.
fn temporary_folders(named: Option<&Path>, environ: &Environ) -> Vec<PathBuf> {
    let absolute = |name| environ.filled(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let mut folders: Vec<PathBuf> = named.map(Path::to_owned).into_iter().collect();
    folders.extend(TEMPORARY.map(PathBuf::from));
    folders.extend(absolute("TMPDIR"));
    folders.extend(absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache"))));
    let mut seen = Vec::new();
    folders.retain(|folder| {
        let is_new = !seen.contains(folder);
        seen.push(folder.clone());
        is_new
    });
    folders
}

/// Why nothing can be unpacked into a folder. Programs must be loadable from it: compiled packages are libraries.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    match access(folder, AccessFlags::W_OK | AccessFlags::X_OK) {
        Err(nix::errno::Errno::ENOENT) => return Some("is not there".into()),
        Err(nix::errno::Errno::EROFS) => return Some("is on a read-only file system".into()),
        Err(error) => return Some(format!("cannot be written ({})", error.desc())),
        Ok(()) => {}
    }
    is_noexec(folder).then(|| "is mounted `noexec`, so that no compiled package could be loaded from it".into())
}

/// Does the kernel run no programs from there?
pub(crate) fn is_noexec(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|found| found.flags().contains(FsFlags::ST_NOEXEC))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("pystart-place-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn stamp(root: &Path, owner: &str) -> Stamp {
        let archive = root.join("archive");
        fs::write(&archive, "x").unwrap();
        Stamp::of(owner, &archive, None).unwrap()
    }

    #[test]
    fn the_path_that_the_content_believes_to_be_at_is_taken_unless_it_is_somebody_elses() {
        let root = scratch("built-in");
        let environ: Environ = [("TMPDIR", root.as_os_str())].into_iter().collect();
        let built_in = Path::new("/tmp").join(format!("pystart-place-8dc1-{}", std::process::id()));
        let stamp = stamp(&root, "me");
        let wanted = |built_in, named| Wanted { named, built_in, owner: "me", name: OsStr::new("app"), stamp: &stamp };
        let choose = |built_in, named| wanted(Some(built_in), named).choose(&environ).unwrap();
        assert_eq!(choose(&built_in, None).folder, built_in);
        let private = own_folder(Path::new("/tmp")).join("me/app");
        fs::create_dir(&built_in).unwrap();
        assert_eq!(choose(&built_in, None).folder, private, "an empty folder of somebody else");
        stamp.write(&built_in).unwrap();
        let found = choose(&built_in, None);
        assert_eq!((found.folder, found.is_unpacked), (built_in.clone(), true));
        let named = choose(&built_in, Some(&root));
        assert_eq!((named.folder, named.is_unpacked), (own_folder(&root).join("me/app"), false), "the user's word");
        fs::remove_dir_all(&built_in).unwrap();
        for elsewhere in ["/home/8dc1", "/tmp/a/b", "/"] {
            assert_eq!(choose(Path::new(elsewhere), None).folder, private, "{elsewhere}");
        }
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_passed_over_and_told_of() {
        assert_eq!(fault(Path::new("/no/such")).as_deref(), Some("is not there"));
        assert_eq!(fault(&std::env::temp_dir()), None);
    }

    #[test]
    fn folders_are_tried_from_the_named_one_to_the_cache_each_once() {
        let environ: Environ = [("TMPDIR", "/tmp"), ("HOME", "/home/me")].into_iter().collect();
        let folders = temporary_folders(Some(Path::new("/big")), &environ);
        assert_eq!(folders, ["/big", "/tmp", "/var/tmp", "/dev/shm", "/home/me/.cache"].map(PathBuf::from));
        let environ: Environ = [("TMPDIR", "relative"), ("XDG_CACHE_HOME", "/c"), ("HOME", "/h")].into_iter().collect();
        assert_eq!(temporary_folders(None, &environ), ["/tmp", "/var/tmp", "/dev/shm", "/c"].map(PathBuf::from));
    }
}
