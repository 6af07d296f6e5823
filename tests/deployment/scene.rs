//! An app root that holds a deployment, a folder to unpack into, and a place outside that nothing may touch.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pystart::deployment::limits::Limits;
use pystart::deployment::{Deployment, Unpacking, unpack};
use pystart::environ::Environ;
use pystart::error::Failure;
use pystart::files::Disk;
use pystart::settings::{Flags, Settings};

pub(crate) struct Scene {
    pub(crate) folder: PathBuf,
    /// The app root.
    pub(crate) root: PathBuf,
    /// What archives are unpacked in.
    pub(crate) temporary: PathBuf,
    /// What hostile archives aim at.
    pub(crate) outside: PathBuf,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deployment-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let scene = Self {
            root: folder.join("wwwroot"),
            temporary: folder.join("tmp"),
            outside: folder.join("outside"),
            folder,
        };
        for made in [&scene.root, &scene.temporary, &scene.outside] {
            fs::create_dir_all(made).unwrap();
        }
        fs::write(scene.outside.join("file"), "untouched").unwrap();
        scene
    }

    /// A manifest as the platform writes it.
    pub(crate) fn manifest(&self, lines: &[&str]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.root.join("oryx-manifest.toml"), text).unwrap();
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut environ: Environ = [("PATH", "/usr/local/bin:/usr/bin:/bin")].into_iter().collect();
        environ.set("PYSTART_APP_ROOT", &self.root);
        environ.set("PYSTART_UNPACK_DIR", &self.temporary);
        Settings::new(Flags::default(), &environ, Path::new("/")).unwrap()
    }

    pub(crate) fn find(&self) -> Result<Deployment, Failure> {
        Deployment::find(&self.settings(), &Disk::new(&self.root))
    }

    /// Unpacks everything that is packed; the folder of the first archive.
    pub(crate) fn unpack(&self) -> Result<PathBuf, Failure> {
        self.unpack_at_most(None)
    }

    pub(crate) fn unpack_at_most(&self, bytes: Option<u64>) -> Result<PathBuf, Failure> {
        let deployment = self.find()?;
        for packed in deployment.archives() {
            unpack(packed, Unpacking { limits: Limits { bytes }, stop: &|| None })?;
        }
        Ok(deployment.archives().next().expect("there is an archive").place.folder.clone())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Some folders are closed to everybody.
        for entry in walkdir::WalkDir::new(&self.folder).into_iter().flatten() {
            if entry.file_type().is_dir() {
                let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700));
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A tree, line by line: path, kind, permissions, number of links, content.
pub(crate) fn snapshot(folder: &Path) -> Vec<String> {
    let mut lines: Vec<String> = walkdir::WalkDir::new(folder)
        .min_depth(1)
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            let found = fs::symlink_metadata(entry.path()).unwrap();
            let path = entry.path().strip_prefix(folder).unwrap().as_os_str().as_bytes().escape_ascii().to_string();
            let mode = found.mode() & 0o7777;
            if found.is_symlink() {
                let target: OsString = fs::read_link(entry.path()).unwrap().into();
                return format!("{path} -> {}", target.as_bytes().escape_ascii());
            }
            if found.is_dir() {
                return format!("{path}/ {mode:o}");
            }
            let content = fs::read(entry.path()).unwrap();
            let shown = if content.len() > 100 {
                format!("{} bytes", content.len())
            } else {
                content.escape_ascii().to_string()
            };
            format!("{path} {mode:o} {} {shown}", found.nlink())
        })
        .collect();
    lines.sort();
    lines
}

/// A folder of an app with everything that an archive of one can hold.
pub(crate) fn app_with_everything(folder: &Path) {
    let write = |name: &str, content: &[u8], mode: u32| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("app.py", b"app = 1\n", 0o644);
    write("start.sh", b"#!/bin/sh\n", 0o755);
    write("setuid", b"x", 0o4755);
    write("empty", b"", 0o600);
    write("large.bin", &vec![7; 3_000_000], 0o664);
    let long = format!("deep/{}/{}/file.txt", "d".repeat(120), "e".repeat(200));
    write(&long, b"long name", 0o644);
    write("line\nend", b"a name with a line end", 0o644);
    let odd = folder.join(std::ffi::OsStr::from_bytes(b"not-utf8-\xff\xfe"));
    fs::write(odd, "x").unwrap();
    fs::create_dir_all(folder.join("closed")).unwrap();
    write("closed/inside", b"x", 0o444);
    fs::set_permissions(folder.join("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::create_dir_all(folder.join("antenv/bin")).unwrap();
    symlink("/opt/python/3.12.3/bin/python3.12", folder.join("antenv/bin/python3")).unwrap();
    symlink("python3", folder.join("antenv/bin/python")).unwrap();
    symlink(format!("../{}", "t".repeat(150)), folder.join("long-link")).unwrap();
    fs::hard_link(folder.join("app.py"), folder.join("other-name.py")).unwrap();
    let sparse = fs::File::create(folder.join("sparse")).unwrap();
    sparse.set_len(40 << 20).unwrap();
    let write_at =
        |offset: u64, bytes: &[u8]| std::os::unix::fs::FileExt::write_all_at(&sparse, bytes, offset).unwrap();
    (0..40).for_each(|piece| write_at(piece << 20, &[b'a'; 4096]));
}
