//! What scanners read in the program: everything that it is made from, in a section of its own.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{programs, root, succeed};

/// `SHF_ALLOC` of elf(5): a start maps it.
const IS_LOADED: u64 = 2;

/// Flags and content of the section of this name.
fn section(program: &[u8], name: &str) -> Option<(u64, Vec<u8>)> {
    let number = |at: usize, size: usize| {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&program[at..at + size]);
        u64::from_le_bytes(bytes)
    };
    let place = |at: usize| usize::try_from(number(at, 8)).unwrap();
    let half = |at: usize| usize::try_from(number(at, 2)).unwrap();
    let header = |index: usize| place(40) + index * half(58);
    let names = place(header(half(62)) + 24);
    (0..half(60)).map(header).find_map(|header| {
        let at = names + usize::try_from(number(header, 4)).unwrap();
        let is_it = program[at..].starts_with(format!("{name}\0").as_bytes());
        let (start, size) = (place(header + 24), place(header + 32));
        is_it.then(|| (number(header + 8, 8), program[start..start + size].to_vec()))
    })
}

/// The packages that the program names, inflated and parsed as a scanner does.
fn named(program: &Path) -> Vec<Value> {
    let (flags, packed) = section(&fs::read(program).unwrap(), ".dep-v0").expect("the section is there");
    assert_eq!(flags & IS_LOADED, 0, "no start pays for it");
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&*packed).read_to_string(&mut text).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["format"], 1);
    list["packages"].as_array().unwrap().clone()
}

type Packages = BTreeSet<(String, String)>;

/// Those of a kind, with their versions, pystart left out.
fn of_kind(packages: &[Value], kind: &str) -> Packages {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wanted = packages.iter().filter(|package| package["kind"] == kind && package["source"] == "crates.io");
    wanted.map(|package| (text(&package["name"]), text(&package["version"]))).collect()
}

/// What cargo says that it has compiled: for the target, and for the machine that compiles.
fn compiled(architecture: &str) -> [Packages; 2] {
    let script =
        "set -- \"$1\"; . packaging/settings.sh; cargo build --quiet --bin pystart $options --message-format json";
    let mut build = Command::new("sh");
    build.args(["-euc", script, "packaging/compile", architecture]).current_dir(root());
    let text = succeed(build.env("CARGO_TARGET_DIR", programs::target_folder()));
    let mut packages = [Packages::new(), Packages::new()];
    for artifact in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let id = artifact["package_id"].as_str().unwrap_or_default();
        let Some((name, version)) = id.rsplit_once('#').and_then(|(_, package)| package.split_once('@')) else {
            continue;
        };
        // A build script is part of its package, which is compiled as well.
        let is_script = artifact["target"]["kind"][0] == "custom-build";
        if artifact["reason"] == "compiler-artifact" && !is_script && id.starts_with("registry+") {
            let is_for_the_target = artifact["filenames"][0].as_str().unwrap().contains("-linux-musl/release/");
            packages[usize::from(!is_for_the_target)].insert((name.to_owned(), version.to_owned()));
        }
    }
    packages
}

#[test]
fn the_program_names_what_it_is_made_from() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let locked: Packages = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(&package["name"]), text(&package["version"])))
        .collect();
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let only_for_tests = |name: &str| {
        let has = |table: &str| manifest[table].as_table().unwrap().contains_key(name);
        has("dev-dependencies") && !has("dependencies")
    };
    for (program, architecture) in [(programs::native(), programs::NATIVE), (programs::foreign(), programs::FOREIGN)] {
        let packages = named(program);
        let roots: Vec<&Value> = packages.iter().filter(|package| package["root"] == true).collect();
        assert_eq!(roots.len(), 1, "{roots:?}");
        assert_eq!(roots[0]["name"], "pystart");
        assert_eq!(roots[0]["version"], env!("CARGO_PKG_VERSION"));

        let [for_the_target, for_this_machine] = compiled(architecture);
        assert!(for_the_target.len() > 20, "{for_the_target:?}");
        let (runtime, build) = (of_kind(&packages, "runtime"), of_kind(&packages, "build"));
        assert_eq!(runtime, for_the_target, "{architecture}");
        // What is in both is in the program.
        assert_eq!(build, for_this_machine.difference(&for_the_target).cloned().collect(), "{architecture}");
        for package in runtime.iter().chain(&build) {
            assert!(locked.contains(package), "{package:?} is not what Cargo.lock has");
            assert!(!only_for_tests(&package.0), "{package:?}");
        }

        // Each but the root is needed by another one.
        let needed: BTreeSet<u64> = packages
            .iter()
            .flat_map(|package| package["dependencies"].as_array().unwrap())
            .map(|place| place.as_u64().unwrap())
            .collect();
        let root_place = packages.iter().position(|package| package["root"] == true).unwrap() as u64;
        let expected: BTreeSet<u64> = (0..packages.len() as u64).filter(|place| *place != root_place).collect();
        assert_eq!(needed, expected);
    }
}

#[test]
fn the_names_outlive_strip() {
    let stripped = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stripped-{}", std::process::id()));
    succeed(Command::new("strip").arg("--strip-all").arg("-o").arg(&stripped).arg(programs::native()));
    let packages = named(&stripped);
    fs::remove_file(stripped).unwrap();
    assert_eq!(packages, named(programs::native()));
}
