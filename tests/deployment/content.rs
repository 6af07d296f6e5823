//! An archive that is read and not written shows what will be there once it is unpacked.

use std::fs;
use std::path::{Path, PathBuf};

use pystart::deployment::limits::Limits;
use pystart::files::{Access, Archived, Disk, Files, Folder, Kind};

use super::packing::{Entry, gzip, put, tar, tar_of};
use super::scene::{Scene, app_with_everything};

/// Everything that the interface tells of a tree, but for what depends on who asks.
fn told(files: &dyn Files, folder: &Path, lines: &mut Vec<String>) {
    let listing = files.folder(folder).unwrap();
    lines.push(format!("{}: {:?} {:?}", folder.display(), listing.python, listing.folders.sorted()));
    let Folder { environments, others, sample, notable, .. } = &*listing;
    lines.push(format!("{environments:?} {others} {sample:?} {notable:?}"));
    for name in files.names(folder).unwrap_or_default() {
        let path = folder.join(name);
        let kind = files.kind(&path).map_err(|error| error.kind());
        lines.push(format!("{}: {kind:?} {:?}", path.display(), files.link(&path)));
        match kind {
            Ok(Kind::Folder) if files.link(&path).is_none() => told(files, &path, lines),
            Ok(Kind::File) => {
                let content = files.read(&path).unwrap();
                lines.push(format!("{} bytes, {:?}", content.len(), &content[..content.len().min(50)]));
                lines.push(format!("{}", files.may(&path, Access::Execute)));
            }
            _ => {}
        }
    }
}

#[test]
fn the_content_of_an_archive_is_seen_as_if_it_were_unpacked() {
    let scene = Scene::new();
    let app = scene.folder.join("app");
    app_with_everything(&app);
    for (name, target) in [
        ("inside", "deep"),
        ("itself", "."),
        ("leaves", "/usr"),
        ("program", "second-link"),
        ("second-link", "/bin/sh"),
        ("dangling.py", "nowhere"),
        ("linked.py", "app.py"),
        ("loop", "loop"),
    ] {
        std::os::unix::fs::symlink(target, app.join(name)).unwrap();
    }
    fs::create_dir_all(app.join("shop")).unwrap();
    fs::write(app.join("shop/wsgi.py"), "x = 1\n").unwrap();
    scene.manifest(&["CompressDestinationDir=\"true\""]);
    tar(&app, &["-I", "zstd", "-cf"], &scene.root.join("output.tar.zst"));

    let deployment = scene.find().unwrap();
    let packed = deployment.app.as_ref().unwrap();
    let folder = packed.place.folder.clone();
    let mut archived = Archived::new(Disk::new(&folder));
    archived.mount(&packed.archive, &folder, Limits::default()).unwrap();
    let mut before = Vec::new();
    told(&archived, &folder, &mut before);
    let shops = archived.folders_with(&folder, "wsgi.py").unwrap();
    assert!(!folder.exists() && fs::read_dir(&scene.temporary).unwrap().next().is_none(), "nothing was written");

    scene.unpack().unwrap();
    fs::remove_file(folder.join(".pystart-unpacked")).unwrap();
    let unpacked = Disk::new(&folder);
    let mut after = Vec::new();
    told(&unpacked, &folder, &mut after);
    let differing: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert!(before.len() == after.len() && differing.is_empty(), "{differing:#?}");
    assert_eq!(shops, unpacked.folders_with(&folder, "wsgi.py").unwrap());
    assert_eq!(shops, ["shop"]);
    assert_eq!(archived.read(&folder.join("usr/x")).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert!(archived.is_file(Path::new("/proc/self/stat")), "the rest of the disk is there");
    assert!(archived.may(&folder.join("program"), Access::Execute) && archived.is_file(&folder.join("program")));
}

#[test]
fn a_file_that_nobody_was_expected_to_ask_for_is_read_all_the_same() {
    let scene = Scene::new();
    scene.manifest(&["CompressDestinationDir=\"true\""]);
    let start = "a".repeat(100_000);
    let entries = [Entry::file("site-packages/x.py", "x = 1"), Entry::file("start.txt", &start), Entry::folder("e")];
    put(&scene.root, "output.tar.gz", &gzip(&tar_of(&entries)));
    let deployment = scene.find().unwrap();
    let packed = deployment.app.as_ref().unwrap();
    let folder = PathBuf::from("/seen/here");
    let mut archived = Archived::new(Disk::new(&folder));
    archived.mount(&packed.archive, &folder, Limits::default()).unwrap();
    assert_eq!(&*archived.read(&folder.join("site-packages/x.py")).unwrap(), b"x = 1");
    assert_eq!(&*archived.read(&folder.join("start.txt")).unwrap(), start.as_bytes());
    assert!(archived.folder(&folder.join("e")).unwrap().python.is_empty());
    assert_eq!(archived.read(&folder.join("e")).unwrap_err().kind(), std::io::ErrorKind::IsADirectory);
    assert_eq!(archived.folder(&folder.join("start.txt")).unwrap_err().kind(), std::io::ErrorKind::NotADirectory);
    assert_eq!(archived.kind(&folder.join("start.txt/x")).unwrap_err().kind(), std::io::ErrorKind::NotADirectory);
}
