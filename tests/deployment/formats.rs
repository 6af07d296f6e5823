//! Every form in which an archive comes keeps everything that an app can hold.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::packing::{Entry, gzip, put, tar, tar_of, zip_of, zstd};
use super::scene::{Scene, app_with_everything, snapshot};

/// What is expected of the app: its permissions without setuid, and the mark.
fn expected(app: &Path, unpacked: &Path) -> (Vec<String>, Vec<String>) {
    let plain = |line: String| line.replace(" 4755 ", " 755 ");
    let is_mark = |line: &String| line.starts_with(".pystart-unpacked ");
    let found = snapshot(unpacked);
    assert_eq!(found.iter().filter(|line| is_mark(line)).count(), 1, "{found:#?}");
    (snapshot(app).into_iter().map(plain).collect(), found.into_iter().filter(|line| !is_mark(line)).collect())
}

#[test]
fn what_gnu_tar_packs_comes_out_as_it_was() {
    let scene = Scene::new();
    let app = scene.folder.join("app");
    app_with_everything(&app);
    scene.manifest(&["CompressDestinationDir=\"true\""]);
    let archive = scene.root.join("output.tar.gz");
    // What the platform does, then every other form that GNU tar knows; the name does not tell the compression.
    let forms: [&[&str]; 10] = [
        &["-I", "zstd", "-cf"],
        &["-zcf"],
        &["-cf"],
        &["-S", "-cf"],
        &["--format=pax", "-I", "zstd", "-cf"],
        &["--format=pax", "-S", "-cf"],
        &["--format=pax", "--sparse-version=0.1", "-S", "-cf"],
        &["--format=pax", "--sparse-version=0.0", "-S", "-cf"],
        &["--format=gnu", "-S", "-zcf"],
        &["--format=oldgnu", "-cf"],
    ];
    for form in forms {
        tar(&app, form, &archive);
        let unpacked = scene.unpack().unwrap_or_else(|failure| panic!("{form:?}: {failure}"));
        let (wanted, found) = expected(&app, &unpacked);
        assert_eq!(found, wanted, "{form:?}");
        assert_eq!(fs::read(unpacked.join("sparse")).unwrap(), fs::read(app.join("sparse")).unwrap(), "{form:?}");
        let modified = |folder: &Path| fs::metadata(folder.join("app.py")).unwrap().mtime();
        assert_eq!(modified(&unpacked), modified(&app), "{form:?}");
        if form.contains(&"-S") {
            let blocks = fs::metadata(unpacked.join("sparse")).unwrap().blocks();
            assert!(blocks * 512 < 4 << 20, "{form:?}: holes stay holes, not {blocks} blocks");
        }
    }
}

#[test]
fn several_frames_or_members_are_one_archive() {
    let scene = Scene::new();
    scene.manifest(&["CompressDestinationDir=\"true\""]);
    let bytes = tar_of(&[Entry::file("a", vec![1; 300_000]), Entry::file("b", "second")]);
    let (first, second) = bytes.split_at(1000);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let forms = [
        ("zstd frames", [zstd(first), skippable.clone(), zstd(second)].concat()),
        ("a frame to be skipped first", [skippable, zstd(&bytes), zstd(b"")].concat()),
        ("gzip members", [gzip(first), gzip(b""), gzip(second)].concat()),
    ];
    for (form, packed) in forms {
        put(&scene.root, "output.tar.zst", &packed);
        let folder = scene.unpack().unwrap_or_else(|failure| panic!("{form}: {failure}"));
        assert_eq!(fs::read(folder.join("b")).unwrap(), b"second", "{form}");
        assert_eq!(fs::read(folder.join("a")).unwrap(), vec![1; 300_000], "{form}");
    }
}

#[test]
fn what_zip_packs_comes_out_as_it_was() {
    let scene = Scene::new();
    let environment = scene.folder.join("antenv");
    app_with_everything(&environment);
    // Zip knows neither holes nor hard links.
    fs::remove_file(environment.join("other-name.py")).unwrap();
    fs::write(scene.root.join("app.py"), "").unwrap();
    let mut zip = Command::new("zip");
    zip.current_dir(&environment).args(["-y", "-q", "-r"]).arg(scene.root.join("antenv.zip")).arg(".");
    assert!(zip.status().expect("`zip` is installed").success());
    let unpacked = scene.unpack().unwrap();
    assert!(unpacked.ends_with("antenv"));
    let (wanted, found) = expected(&environment, &unpacked);
    assert_eq!(found, wanted);
    let modified = |folder: &Path| fs::metadata(folder.join("app.py")).unwrap().mtime();
    assert_eq!(modified(&unpacked), modified(&environment));
    put(&scene.root, "antenv.zip", &zip_of(&[Entry::file("pyvenv.cfg", "x"), Entry::symlink("bin", "/opt")]));
    let unpacked = scene.unpack().unwrap();
    assert_eq!(fs::read_link(unpacked.join("bin")).unwrap(), Path::new("/opt"));
}

#[test]
fn an_app_of_very_many_folders_inside_each_other_comes_out() {
    let scene = Scene::new();
    scene.manifest(&["CompressDestinationDir=\"true\""]);
    let folder = "d/".repeat(300);
    let long = |name: &str| {
        let name = format!("{folder}{name}");
        [
            Entry { content: name.clone().into_bytes(), ..Entry::new(b'L', "././@LongLink") },
            Entry::file(&name[..99], name.as_bytes()),
        ]
    };
    let entries: Vec<Entry> = [long("first"), long("second")].concat();
    put(&scene.root, "output.tar.gz", &gzip(&tar_of(&entries)));
    let unpacked = scene.unpack().unwrap();
    for name in ["first", "second"] {
        assert_eq!(fs::read_to_string(unpacked.join(&folder).join(name)).unwrap(), format!("{folder}{name}"));
    }
}
