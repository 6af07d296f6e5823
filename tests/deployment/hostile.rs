//! Archives that aim at something outside, or at the machine: none of them writes anything but below its own folder,
//! and none leaves half a folder behind.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::hostile_archives::{self, Hostile};
use super::packing::{Entry, gzip, put, tar_of, zip_of, zstd};
use super::scene::Scene;

/// Unpacks the archive. Whatever comes of it, nothing outside was touched, and a failure leaves nothing.
fn attempt(row: &str, name: &str, bytes: &[u8]) -> Result<(), String> {
    let scene = Scene::new();
    if name.starts_with("output") {
        scene.manifest(&["CompressDestinationDir=\"true\""]);
    }
    put(&scene.root, name, bytes);
    let outside = super::scene::snapshot(&scene.outside);
    let result = scene.unpack_at_most(Some(hostile_archives::LIMIT));
    assert_eq!(super::scene::snapshot(&scene.outside), outside, "{row}");
    let own = fs::read_dir(&scene.temporary).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert!(
        own.iter().all(|path| path.file_name().unwrap().to_string_lossy().starts_with("pystart-")),
        "{row}: {own:?}"
    );
    let top = |folder: &std::path::Path| fs::read_dir(folder).unwrap().count();
    assert_eq!(top(&scene.folder), 3, "{row}");
    match result {
        Ok(_) => Ok(()),
        Err(failure) => {
            assert_eq!(failure.status, 1, "{row}: {failure}");
            assert!(failure.hint.is_some() && failure.message.contains(&format!("`{name}`")), "{row}: {failure}");
            let folder = scene.find().unwrap();
            let packed = folder.archives().next().unwrap();
            assert!(!packed.place.is_unpacked && !packed.place.folder.exists(), "{row}: half a folder");
            assert!(!super::scene::snapshot(&scene.temporary).iter().any(|line| line.contains("unpacking/")), "{row}");
            Err(failure.message)
        }
    }
}

/// Every one is refused, with what is wrong named.
fn all_refused(archives: &[Hostile]) {
    for Hostile { row, name, bytes, named } in archives {
        let message = attempt(row, name, bytes).expect_err(row);
        assert!(named.iter().any(|part| message.contains(part)), "{row}: {message}");
    }
}

#[test]
fn names_that_lead_out_are_refused_whatever_the_member_is() {
    let archives = hostile_archives::names();
    assert_eq!(archives.len(), 126);
    all_refused(&archives);
}

#[test]
fn nothing_is_written_through_a_link() {
    all_refused(&hostile_archives::links());
    // What is a file comes in the place of a link, and not to where that points.
    let rows: [(&str, Vec<Entry>); 3] = [
        ("a file over a link", vec![Entry::symlink("f", "../../../../outside/file"), Entry::file("f", "x")]),
        ("a file over a dangling link", vec![Entry::symlink("f", "../../../../outside/new"), Entry::file("f", "x")]),
        (
            "a file over a hard link to a link",
            vec![Entry::symlink("l", "../../../../outside/file"), Entry::hard_link("h", "l"), Entry::file("h", "x")],
        ),
    ];
    for (row, entries) in rows {
        assert_eq!(attempt(row, "output.tar.gz", &tar_of(&entries)), Ok(()), "{row}");
    }
}

#[test]
fn hard_links_out_of_the_folder_are_refused() {
    all_refused(&hostile_archives::hard_links());
}

#[test]
fn what_no_app_consists_of_is_refused_and_named() {
    all_refused(&hostile_archives::odd_members());
}

#[test]
fn what_somebody_else_has_put_in_the_place_is_never_trusted() {
    let scene = Scene::new();
    scene.manifest(&["CompressDestinationDir=\"true\""]);
    put(&scene.root, "output.tar.gz", &gzip(&tar_of(&[Entry::file("app.py", "x")])));
    let folder = scene.unpack().unwrap();
    let found = || {
        let place = scene.find().unwrap().app.unwrap().place;
        (place.folder == folder, place.is_unpacked)
    };
    assert_eq!(found(), (true, true));
    // With the stamp of this very archive in it: the folder, the app's folder around it, the user's around that.
    for path in folder.ancestors().take(3) {
        let moved = scene.outside.join("moved");
        fs::rename(path, &moved).unwrap();
        symlink(&moved, path).unwrap();
        assert_eq!(found(), (false, false), "a link at {}", path.display());
        fs::remove_file(path).unwrap();
        fs::rename(&moved, path).unwrap();
        let mode = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(found(), (false, false), "anybody writes in {}", path.display());
        fs::set_permissions(path, mode).unwrap();
        if nix::unistd::geteuid().is_root() {
            chown(path, Some(65534), None).unwrap();
            assert_eq!(found(), (false, false), "another user's {}", path.display());
            chown(path, Some(0), None).unwrap();
        }
        assert_eq!(found(), (true, true));
    }
}

#[test]
fn an_archive_that_is_cut_off_anywhere_is_refused() {
    let whole = tar_of(&[Entry::folder("./"), Entry::file("./app.py", vec![b'x'; 2000]), Entry::file("./b", "y")]);
    // In a header, at its end, in a content, in the filling, at the boundary between two members, at the end mark.
    for length in [0, 1, 100, 511, 512, 513, 1023, 1024, 1500, 3071, 3072, 3584, 4095, 4096] {
        for (form, bytes) in
            [("plain", whole[..length].to_vec()), ("gzip", gzip(&whole[..length])), ("zstd", zstd(&whole[..length]))]
        {
            let row = format!("{form}, {length} bytes");
            assert!(attempt(&row, "output.tar.gz", &bytes).is_err(), "{row}");
        }
    }
    for (form, packed) in [("gzip", gzip(&whole)), ("zstd", zstd(&whole))] {
        assert_eq!(attempt(form, "output.tar.zst", &packed), Ok(()));
        for length in cuts(packed.len()) {
            let row = format!("{form} cut at {length} of {}", packed.len());
            assert!(attempt(&row, "output.tar.zst", &packed[..length]).is_err(), "{row}");
        }
    }
    let packed = zip_of(&[Entry::file("pyvenv.cfg", vec![b'x'; 2000]), Entry::file("b", "y")]);
    assert_eq!(attempt("zip", "antenv.zip", &packed), Ok(()));
    for length in cuts(packed.len()) {
        assert!(attempt("zip", "antenv.zip", &packed[..length]).is_err(), "zip cut at {length}");
    }
}

/// Where a packed archive is cut: all through the header and the end, with its checksums, and here and there between.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..24).chain((24..length - 24).step_by(7)).chain(length - 24..length)
}

#[test]
fn a_bit_that_flipped_is_noticed() {
    let whole = tar_of(&[Entry::file("app.py", (0..2000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>())]);
    let zip = zip_of(&[Entry::file("app.py", (0..2000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>())]);
    for (form, name, packed) in
        [("gzip", "output.tar.gz", gzip(&whole)), ("zstd", "output.tar.zst", zstd(&whole)), ("zip", "antenv.zip", zip)]
    {
        // Beyond what only says how and when it was packed.
        for at in (40..packed.len() - 100).step_by(packed.len() / 40) {
            let mut flipped = packed.clone();
            flipped[at] ^= 0x10;
            assert!(attempt(form, name, &flipped).is_err(), "{form}, byte {at} of {}", packed.len());
        }
    }
    let header = gzip(&[&whole[..20], b"?", &whole[21..]].concat());
    assert!(attempt("checksum", "output.tar.gz", &header).unwrap_err().contains("checksum"));
}

#[test]
fn a_bomb_ends_early() {
    all_refused(&hostile_archives::bombs());
}
