use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::files::Memory;

static THING: Embedded = Embedded {
    what: "the thing",
    prefix: "pystart-thing-",
    files: &[("code.py", "print('x')\n"), ("style.css", "a {}\n"), ("page.html", "<p>page</p>\n")],
    remedy: "make room",
};

/// A place for temporary files that is gone at the end of the test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pystart-test-site-{}-{count}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn materialise(&self) -> io::Result<PathBuf> {
        let folder = self.0.join(THING.name());
        THING.write(&folder).map(|()| folder)
    }

    fn names(&self) -> Vec<OsString> {
        fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_copy_is_private_complete_and_alone() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    for (name, content) in THING.files {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), *content, "{name}");
    }
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    assert_eq!(place.names(), [folder.file_name().unwrap()]);
}

#[test]
fn a_restart_uses_the_copy_of_the_last_time() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    // As Python leaves it there.
    let cache = folder.join("__pycache__");
    fs::create_dir(&cache).unwrap();
    assert_eq!(place.materialise().unwrap(), folder);
    assert!(cache.is_dir());
    assert_eq!(place.names().len(), 1);
}

#[test]
fn a_damaged_copy_is_made_anew() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    let file = folder.join("page.html");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "x".repeat(THING.files[2].1.len())).unwrap();
    fs::remove_file(folder.join("style.css")).unwrap();
    assert_eq!(place.materialise().unwrap(), folder);
    assert!(THING.is_intact(&folder).unwrap());
}

#[test]
fn a_leftover_of_a_start_that_was_cut_short_is_cleared_away() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let draft = folder.with_extension(std::process::id().to_string());
    DirBuilder::new().mode(0o700).create(&draft).unwrap();
    fs::write(draft.join("style.css"), "half").unwrap();
    assert_eq!(place.materialise().unwrap(), folder);
    assert_eq!(place.names().len(), 1);
}

#[test]
fn a_planted_link_is_neither_followed_nor_replaced() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    let elsewhere = place.0.join("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    let error = place.materialise().unwrap_err().to_string();
    assert!(error.contains("is no folder"), "{error}");
    assert!(fs::symlink_metadata(&folder).unwrap().is_symlink());
}

#[test]
fn a_file_that_is_a_link_does_not_count_as_intact() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    fs::rename(folder.join("style.css"), place.0.join("style.css")).unwrap();
    symlink(place.0.join("style.css"), folder.join("style.css")).unwrap();
    assert!(!THING.is_intact(&folder).unwrap());
}

#[test]
fn a_folder_that_others_can_write_to_is_left_alone() {
    let place = Place::new();
    let folder = place.materialise().unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(place.materialise().is_err());
}

#[test]
fn the_first_place_that_can_be_written_is_taken() {
    let files = Memory::default().empty("/mine").empty("/tmp").empty("/dev/shm");
    let environ: Environ = [("TMPDIR", "/mine")].into_iter().collect();
    let parent = |files: &Memory| Some(THING.place(files, &environ)?.parent()?.to_owned());
    assert_eq!(parent(&files.clone().writable("/dev/shm")), Some("/dev/shm".into()));
    assert_eq!(parent(&files.clone().writable("/dev/shm").writable("/tmp")), Some("/tmp".into()));
    assert_eq!(parent(&files.clone().writable("/tmp").writable("/mine")), Some("/mine".into()));
    assert_eq!(parent(&files), None);
}

#[test]
fn where_nothing_can_be_written_the_message_says_what_and_where_and_what_to_do() {
    for nowhere in ["/nonexistent/a", "/proc/b"] {
        let failure = EmbeddedCopy { files: &THING, folder: nowhere.into() }.write().unwrap_err();
        assert!(failure.message.starts_with(&format!("the thing cannot be written to `{nowhere}`: ")), "{failure:?}");
        assert_eq!(failure.hint.as_deref(), Some("make room"));
    }
}

#[test]
fn a_relative_or_empty_tmpdir_is_no_place() {
    let usual = [PathBuf::from("/tmp"), PathBuf::from("/dev/shm")];
    for tmpdir in [None, Some(""), Some("tmp")] {
        assert_eq!(places(tmpdir.map(OsString::from)), usual, "{tmpdir:?}");
    }
    assert_eq!(places(Some("/var/tmp".into()))[0], Path::new("/var/tmp"));
}
