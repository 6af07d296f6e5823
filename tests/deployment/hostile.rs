//! Archives that aim at something outside, or at the machine: none of them writes anything but below its own folder,
//! and none leaves half a folder behind.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

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
    let result = scene.unpack_at_most(Some(64 << 20));
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

/// Names that lead out of the folder, or nowhere.
const BAD_NAMES: [&[u8]; 14] = [
    b"/etc/pystart-test",
    b"//etc/pystart-test",
    b"../outside/new",
    b"../../outside/new",
    b"./../outside/new",
    b"a/../../outside/new",
    b"a/b/../../../outside/new",
    b"a/..",
    b"..",
    b"../",
    b".././outside/new",
    b"a//../../outside/new",
    b"./a/./../../outside/new",
    b"../outside/file",
];

#[test]
fn names_that_lead_out_are_refused_whatever_the_member_is() {
    let kinds: [fn(&[u8]) -> Entry; 5] = [
        |name| Entry::file(name, "x"),
        |name| Entry::folder(name),
        |name| Entry::symlink(name, "/etc"),
        |name| Entry::hard_link(name, "ok"),
        |name| Entry { kind: b'7', ..Entry::file(name, "x") },
    ];
    let mut count = 0;
    for name in BAD_NAMES {
        let shown = name.escape_ascii().to_string();
        for kind in kinds {
            let entry = kind(name);
            let row = format!("{shown} as {}", char::from(entry.kind));
            let message = attempt(&row, "output.tar.gz", &tar_of(&[Entry::file("ok", "x"), entry])).unwrap_err();
            assert!(message.contains(&format!("`{shown}`")), "{row}: {message}");
            count += 1;
        }
        // The same name from where it does not fit into the header: GNU's long name, pax, a sparse file's own name.
        let long = Entry { content: [name, b"\0"].concat(), ..Entry::new(b'L', "././@LongLink") };
        let pax = Entry::pax(&[("path", name)]);
        let sparse = Entry::pax(&[
            ("GNU.sparse.major", b"0"),
            ("GNU.sparse.size", b"1"),
            ("GNU.sparse.map", b"0,1"),
            ("GNU.sparse.name", name),
        ]);
        for (way, extension) in [("long", long), ("pax", pax), ("sparse", sparse)] {
            let row = format!("{shown} as {way}");
            let archive = zstd(&tar_of(&[extension, Entry::file("innocent", "x")]));
            let message = attempt(&row, "output.tar.zst", &archive).unwrap_err();
            assert!(message.contains(&format!("`{shown}`")), "{row}: {message}");
            count += 1;
        }
        let message = attempt(&shown, "antenv.zip", &zip_of(&[Entry::file("ok", "x"), Entry::file(name, "x")]));
        assert!(message.unwrap_err().contains(&format!("`{shown}`")), "{shown} in a zip archive");
        count += 1;
    }
    assert_eq!(count, 126);
}

#[test]
fn nothing_is_written_through_a_link() {
    let out = b"../../../../outside";
    let rows: [(&str, Vec<Entry>); 14] = [
        ("a file below a link", vec![Entry::symlink("d", out), Entry::file("d/new", "x")]),
        ("a file over one outside", vec![Entry::symlink("d", out), Entry::file("d/file", "x")]),
        ("a folder below a link", vec![Entry::symlink("d", out), Entry::folder("d/new")]),
        ("a link below a link", vec![Entry::symlink("d", out), Entry::symlink("d/new", "x")]),
        ("a chain of links", vec![Entry::symlink("a", out), Entry::symlink("b", "a"), Entry::file("b/new", "x")]),
        ("a link in the middle", vec![Entry::folder("p"), Entry::symlink("p/d", out), Entry::file("p/d/q/new", "x")]),
        ("an absolute link", vec![Entry::symlink("d", "/tmp"), Entry::file("d/pystart-hostile", "x")]),
        ("a folder over a link", vec![Entry::symlink("d", out), Entry::folder("d"), Entry::file("d/new", "x")]),
        (
            "a folder with a mode over a link",
            vec![Entry::symlink("d", out), Entry { mode: 0o777, ..Entry::folder("d/") }],
        ),
        (
            "a link over a full folder",
            vec![Entry::file("d/x", "x"), Entry::symlink("d", out), Entry::file("d/new", "x")],
        ),
        ("a link over an empty folder", vec![Entry::folder("d"), Entry::symlink("d", out), Entry::file("d/new", "x")]),
        (
            "a hard link below a link",
            vec![Entry::file("f", "x"), Entry::symlink("d", out), Entry::hard_link("d/new", "f")],
        ),
        (
            "a hard link through a link",
            vec![Entry::symlink("d", out), Entry::hard_link("h", "d/file"), Entry::file("h", "x")],
        ),
        ("a link in the place of the folder", vec![Entry::symlink("./", out), Entry::file("new", "x")]),
    ];
    for (row, entries) in rows {
        assert!(attempt(row, "output.tar.gz", &gzip(&tar_of(&entries))).is_err(), "{row}");
        // Zip knows no hard links, and takes what ends with a slash for a folder.
        let is_for_zip = entries.iter().all(|entry| entry.kind != b'1' && entry.name != b"./");
        if is_for_zip {
            assert!(attempt(row, "antenv.zip", &zip_of(&entries)).is_err(), "{row} in a zip archive");
        }
    }
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
    for target in ["/etc/passwd", "../../../../outside/file", "a/../../../../../outside/file", "later", "", "d"] {
        let entries = [Entry::folder("d"), Entry::hard_link("h", target), Entry::file("later", "x")];
        let message = attempt(target, "output.tar.gz", &tar_of(&entries)).unwrap_err();
        assert!(message.contains("`h`"), "{target}: {message}");
    }
    let long = Entry { content: b"../../../../outside/file\0".to_vec(), ..Entry::new(b'K', "././@LongLink") };
    let pax = Entry::pax(&[("linkpath", b"../../../../outside/file")]);
    for (row, extension) in [("long", long), ("pax", pax)] {
        let entries = [Entry::file("f", "x"), extension, Entry::hard_link("h", "f")];
        assert!(attempt(row, "output.tar.gz", &tar_of(&entries)).unwrap_err().contains("`h`"), "{row}");
    }
}

#[test]
fn what_no_app_consists_of_is_refused_and_named() {
    let many = Entry::pax(&[("path", b"a\0b")]);
    let rows: [(&str, Vec<Entry>); 12] = [
        ("a device of characters", vec![Entry::new(b'3', "odd")]),
        ("a device of blocks", vec![Entry::new(b'4', "odd")]),
        ("a named pipe", vec![Entry::new(b'6', "odd")]),
        ("a volume header", vec![Entry::new(b'V', "odd")]),
        ("a continued file", vec![Entry::new(b'M', "odd")]),
        ("an incremental folder", vec![Entry::new(b'D', "odd")]),
        ("an unknown type", vec![Entry::new(b'Z', "odd")]),
        ("a symbolic link to nothing", vec![Entry::symlink("odd", "")]),
        ("a NUL byte in a name", vec![many, Entry::file("odd", "x")]),
        ("a file in the place of the folder", vec![Entry::file(".", "odd")]),
        ("a file below a file", vec![Entry::file("odd", ""), Entry::file("odd/x", "x")]),
        ("a global name", vec![Entry { kind: b'g', ..Entry::pax(&[("path", b"odd")]) }, Entry::file("x", "x")]),
    ];
    for (row, entries) in rows {
        let message = attempt(row, "output.tar.gz", &tar_of(&entries)).unwrap_err();
        let is_named = message.contains("odd")
            || message.contains("member `.`")
            || message.contains("a\\")
            || row == "a global name"
            || message.contains("NUL");
        assert!(is_named, "{row}: {message}");
    }
    for kind in [b'3', b'4', b'6'] {
        assert!(attempt("zip", "antenv.zip", &zip_of(&[Entry::new(kind, "odd")])).unwrap_err().contains("`odd`"));
    }
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
    let zeroes = vec![0; 65 << 20];
    let bomb = |kind: u8| tar_of(&[Entry { kind, ..Entry::file("bomb", &zeroes) }]);
    for (row, name, bytes) in [
        ("a large file", "output.tar.gz", gzip(&bomb(b'0'))),
        ("a large file by zstd", "output.tar.zst", zstd(&bomb(b'0'))),
        ("zeroes behind the end mark", "output.tar.zst", zstd(&[tar_of(&[]), zeroes.clone()].concat())),
        ("a large zip member", "antenv.zip", zip_of(&[Entry::file("bomb", &zeroes)])),
    ] {
        let message = attempt(row, name, &bytes).unwrap_err();
        assert!(message.contains("more than 67108864 bytes"), "{row}: {message}");
    }
    // Not one of these is read into memory.
    for kind in [b'L', b'K', b'x', b'g'] {
        let message = attempt("a large name", "output.tar.gz", &gzip(&bomb(kind))).unwrap_err();
        assert!(message.contains("68157440 bytes"), "{message}");
    }
    for size in [u64::MAX, 1 << 62, 1 << 40] {
        let entry = Entry { size: Some(size), ..Entry::file("f", "x") };
        assert!(attempt("a size that is a lie", "output.tar.gz", &tar_of(&[entry])).is_err(), "{size}");
    }
    let sparse = [
        Entry::pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.realsize", b"9"), ("GNU.sparse.name", b"s")]),
        Entry::file("s", [b"999999999\n".as_slice(), &[b'0'; 502]].concat()),
    ];
    assert!(attempt("a sparse map that is a lie", "output.tar.gz", &tar_of(&sparse)).is_err());
}
