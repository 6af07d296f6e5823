//! For build.rs: a section `.dep-v0` with the name and version of everything that the program is made from, as
//! `cargo auditable` makes it. <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>
//!
//! Made here, because that tool would have to be compiled first wherever a release is. No process loads the section.

#![expect(clippy::expect_used, reason = "a build that cannot say what it is made of has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Name and version.
type Package = (String, String);

/// Lets the linker put the section into the program for this target.
pub(crate) fn embed(folder: &str, target: &str) {
    for file in ["Cargo.toml", "Cargo.lock", "packaging/auditable.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let list = list(folder, target);
    let mut bytes = String::new();
    for byte in miniz_oxide::deflate::compress_to_vec_zlib(list.as_bytes(), 10) {
        let _ = write!(bytes, " BYTE({byte})");
    }
    let script = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("auditable.ld");
    // Behind the section in which each compiler says what it is: not loaded either, and kept by `strip`.
    let text = format!("SECTIONS {{ .dep-v0 0 (INFO) : {{{bytes} }} }} INSERT AFTER .comment;\n");
    fs::write(&script, text).expect("OUT_DIR can be written to");
    println!("cargo::rustc-link-arg-bins=-T{}", script.display());
}

/// As JSON: the packages by name; each one's dependencies are their places in the list.
fn list(folder: &str, target: &str) -> String {
    let is_compiled_in: BTreeSet<Package> =
        tree(folder, target, "normal,no-proc-macro").into_iter().map(|(_, package)| package).collect();
    let all = tree(folder, target, "normal,build");
    let root = all[0].1.clone();
    let mut packages: BTreeMap<Package, BTreeSet<Package>> = BTreeMap::new();
    let mut parents: Vec<Package> = Vec::new();
    for (depth, package) in all {
        parents.truncate(depth);
        if let Some(parent) = parents.last() {
            packages.entry(parent.clone()).or_default().insert(package.clone());
        }
        packages.entry(package.clone()).or_default();
        parents.push(package);
    }
    let places: BTreeMap<&Package, usize> = packages.keys().zip(0..).collect();
    let entries = packages.iter().map(|(package, dependencies)| {
        let (name, version) = package;
        let is_root = *package == root;
        let source = if is_root { r#""local","root":true"# } else { r#""crates.io""# };
        let kind = if is_compiled_in.contains(package) { "runtime" } else { "build" };
        let dependencies: Vec<String> = dependencies.iter().map(|package| places[package].to_string()).collect();
        let dependencies = dependencies.join(",");
        format!(
            r#"{{"name":"{name}","version":"{version}","source":{source},"kind":"{kind}","dependencies":[{dependencies}]}}"#
        )
    });
    // Format 1: what is a procedural macro counts as part of the build.
    format!(r#"{{"packages":[{}],"format":1}}"#, entries.collect::<Vec<_>>().join(","))
}

/// What cargo compiles for the target, as a tree: the depth of each package, the root first.
fn tree(folder: &str, target: &str, edges: &str) -> Vec<(usize, Package)> {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets it"));
    // What is compiled has been loaded; what is only tested with may not be there, and is not asked for.
    cargo.args(["tree", "--locked", "--offline", "--features", "auditable", "--target", target, "--edges", edges]);
    cargo.args(["--prefix", "depth", "--format", " {p}"]).current_dir(folder);
    let output = cargo.output().expect("cargo can be run");
    assert!(output.status.success(), "{cargo:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let depth: usize = words.next()?.parse().ok()?;
        let package = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
        // Behind it stands the folder of the root, and for others what is not from crates.io.
        let is_known = depth == 0 || words.all(|word| ["(proc-macro)", "(*)"].contains(&word));
        is_known.then_some((depth, package))
    };
    text.lines()
        .map(|line| parse(line).unwrap_or_else(|| panic!("neither pystart nor from crates.io: {line}")))
        .collect()
}
