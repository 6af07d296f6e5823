//! Archives that aim at something outside, or hold what no app consists of: every one must be refused.

use super::packing::{Entry, gzip, tar_of, zip_of, zstd};

/// An archive, and what the message about it must name.
pub(crate) struct Hostile {
    /// What is wrong with it.
    pub(crate) row: String,
    /// The name that it is deployed under.
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// One of these stands in the message.
    pub(crate) named: Vec<String>,
}

impl Hostile {
    fn new(row: impl Into<String>, name: &'static str, bytes: Vec<u8>, named: &[&str]) -> Self {
        Self { row: row.into(), name, bytes, named: named.iter().map(|&part| part.to_owned()).collect() }
    }
}

/// All of them.
#[allow(dead_code, reason = "only the tests in containers take them together")]
pub(crate) fn all() -> Vec<Hostile> {
    [names(), links(), hard_links(), odd_members(), bombs()].into_iter().flatten().collect()
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

/// Members with such a name, of every kind and with the name in every place.
pub(crate) fn names() -> Vec<Hostile> {
    let kinds: [fn(&[u8]) -> Entry; 5] = [
        |name| Entry::file(name, "x"),
        |name| Entry::folder(name),
        |name| Entry::symlink(name, "/etc"),
        |name| Entry::hard_link(name, "ok"),
        |name| Entry { kind: b'7', ..Entry::file(name, "x") },
    ];
    let mut found = Vec::new();
    for name in BAD_NAMES {
        let shown = name.escape_ascii().to_string();
        let named = format!("`{shown}`");
        for kind in kinds {
            let entry = kind(name);
            let row = format!("{shown} as {}", char::from(entry.kind));
            found.push(Hostile::new(row, "output.tar.gz", tar_of(&[Entry::file("ok", "x"), entry]), &[&named]));
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
            let archive = zstd(&tar_of(&[extension, Entry::file("innocent", "x")]));
            found.push(Hostile::new(format!("{shown} as {way}"), "output.tar.zst", archive, &[&named]));
        }
        let zip = zip_of(&[Entry::file("ok", "x"), Entry::file(name, "x")]);
        found.push(Hostile::new(format!("{shown} in a zip archive"), "antenv.zip", zip, &[&named]));
    }
    found
}

/// Members that would be written through a link.
pub(crate) fn links() -> Vec<Hostile> {
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
    let mut found = Vec::new();
    for (row, entries) in rows {
        found.push(Hostile::new(row, "output.tar.gz", gzip(&tar_of(&entries)), &[""]));
        // Zip knows no hard links, and takes what ends with a slash for a folder.
        if entries.iter().all(|entry| entry.kind != b'1' && entry.name != b"./") {
            found.push(Hostile::new(format!("{row} in a zip archive"), "antenv.zip", zip_of(&entries), &[""]));
        }
    }
    found
}

/// Hard links out of the folder, or to nothing.
pub(crate) fn hard_links() -> Vec<Hostile> {
    let mut found = Vec::new();
    for target in ["/etc/passwd", "../../../../outside/file", "a/../../../../../outside/file", "later", "", "d"] {
        let entries = [Entry::folder("d"), Entry::hard_link("h", target), Entry::file("later", "x")];
        found.push(Hostile::new(format!("a hard link to {target}"), "output.tar.gz", tar_of(&entries), &["`h`"]));
    }
    let long = Entry { content: b"../../../../outside/file\0".to_vec(), ..Entry::new(b'K', "././@LongLink") };
    let pax = Entry::pax(&[("linkpath", b"../../../../outside/file")]);
    for (row, extension) in [("a long hard link", long), ("a hard link by pax", pax)] {
        let entries = [Entry::file("f", "x"), extension, Entry::hard_link("h", "f")];
        found.push(Hostile::new(row, "output.tar.gz", tar_of(&entries), &["`h`"]));
    }
    found
}

/// What no app consists of.
pub(crate) fn odd_members() -> Vec<Hostile> {
    let nul = Entry::pax(&[("path", b"a\0b")]);
    let rows: [(&str, Vec<Entry>, &[&str]); 12] = [
        ("a device of characters", vec![Entry::new(b'3', "odd")], &["`odd`"]),
        ("a device of blocks", vec![Entry::new(b'4', "odd")], &["`odd`"]),
        ("a named pipe", vec![Entry::new(b'6', "odd")], &["`odd`"]),
        ("a volume header", vec![Entry::new(b'V', "odd")], &["`odd`"]),
        ("a continued file", vec![Entry::new(b'M', "odd")], &["`odd`"]),
        ("an incremental folder", vec![Entry::new(b'D', "odd")], &["`odd`"]),
        ("an unknown type", vec![Entry::new(b'Z', "odd")], &["`odd`"]),
        ("a symbolic link to nothing", vec![Entry::symlink("odd", "")], &["`odd`"]),
        ("a NUL byte in a name", vec![nul, Entry::file("odd", "x")], &["a\\", "NUL"]),
        ("a file in the place of the folder", vec![Entry::file(".", "odd")], &["member `.`"]),
        ("a file below a file", vec![Entry::file("odd", ""), Entry::file("odd/x", "x")], &["`odd"]),
        (
            "a global name",
            vec![Entry { kind: b'g', ..Entry::pax(&[("path", b"odd")]) }, Entry::file("x", "x")],
            &["one name or size"],
        ),
    ];
    let tar = |(row, entries, named): (&str, Vec<Entry>, &[&str])| {
        Hostile::new(row, "output.tar.gz", tar_of(&entries), named)
    };
    let zip = |kind: u8| {
        let row = format!("`{}` in a zip archive", char::from(kind));
        Hostile::new(row, "antenv.zip", zip_of(&[Entry::new(kind, "odd")]), &["`odd`"])
    };
    rows.into_iter().map(tar).chain([b'3', b'4', b'6'].map(zip)).collect()
}

/// More than [`LIMIT`] bytes in little, and sizes that are lies.
pub(crate) fn bombs() -> Vec<Hostile> {
    let zeroes = vec![0; usize::try_from(LIMIT).unwrap() + (1 << 20)];
    let bomb = |kind: u8| tar_of(&[Entry { kind, ..Entry::file("bomb", &zeroes) }]);
    let behind = zstd(&[tar_of(&[]), zeroes.clone()].concat());
    let zip = zip_of(&[Entry::file("bomb", &zeroes)]);
    let too_many = "more than 67108864 bytes";
    let mut found = vec![
        Hostile::new("a large file", "output.tar.gz", gzip(&bomb(b'0')), &[too_many]),
        Hostile::new("a large file by zstd", "output.tar.zst", zstd(&bomb(b'0')), &[too_many]),
        Hostile::new("zeroes behind the end mark", "output.tar.zst", behind, &[too_many]),
        Hostile::new("a large zip member", "antenv.zip", zip, &[too_many]),
    ];
    // Not one of these is read into memory.
    for kind in [b'L', b'K', b'x', b'g'] {
        let row = format!("a large name, `{}`", char::from(kind));
        found.push(Hostile::new(row, "output.tar.gz", gzip(&bomb(kind)), &["68157440 bytes"]));
    }
    for size in [u64::MAX, 1 << 62, 1 << 40] {
        let entry = Entry { size: Some(size), ..Entry::file("f", "x") };
        found.push(Hostile::new(format!("{size} bytes, it says"), "output.tar.gz", tar_of(&[entry]), &[""]));
    }
    let sparse = [
        Entry::pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.realsize", b"9"), ("GNU.sparse.name", b"s")]),
        Entry::file("s", [b"999999999\n".as_slice(), &[b'0'; 502]].concat()),
    ];
    found.push(Hostile::new("a sparse map that is a lie", "output.tar.gz", tar_of(&sparse), &["`s`"]));
    found
}

/// `PYSTART_UNPACK_LIMIT` for [`bombs`].
pub(crate) const LIMIT: u64 = 64 << 20;
