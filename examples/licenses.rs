//! Writes packaging/licenses.txt: the licence of everything that is compiled into the program, with its text:
//! `cargo run --example licenses`. A test compares the file with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// From the repository's root.
pub(crate) const FILE: &str = "packaging/licenses.txt";

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::write(root.join(FILE), text(&compiled_in()?)?)
}

/// A package that is compiled in.
pub(crate) struct Package {
    /// Name and version.
    pub(crate) name: String,
    /// Its licence, as an SPDX expression.
    pub(crate) license: String,
    folder: std::path::PathBuf,
}

/// What cargo compiles into the program for a release, sorted; tests, build scripts and pystart itself left out.
pub(crate) fn compiled_in() -> io::Result<Vec<Package>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-musl"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();

    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (id(&node["id"]), node)).collect();
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![id(&metadata["resolve"]["root"])]);
    while let Some(package) = waiting.pop() {
        for dependency in nodes.get(&package).map(|node| list(&node["deps"])).unwrap_or_default() {
            let is_normal = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let package = id(&dependency["pkg"]);
            if is_normal && seen.insert(package.clone()) {
                waiting.push(package);
            }
        }
    }
    let mut packages: Vec<Package> = list(&metadata["packages"])
        .iter()
        .filter(|package| seen.contains(&id(&package["id"])))
        .map(|package| Package {
            name: format!("{} {}", id(&package["name"]), id(&package["version"])),
            license: id(&package["license"]).replace('/', " OR "),
            folder: Path::new(&id(&package["manifest_path"])).parent().unwrap_or(Path::new("/")).to_owned(),
        })
        .collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(packages)
}

/// The file: what is compiled in, then each text once with those that it holds for.
pub(crate) fn text(packages: &[Package]) -> io::Result<String> {
    let mut out =
        "What is compiled into pystart, under which licence. Made by `cargo run --example licenses`.\n\n".to_owned();
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let _ = writeln!(out, "{}: {}", package.name, package.license);
        let mut files: Vec<_> =
            fs::read_dir(&package.folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            let is_text =
                ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"].iter().any(|word| name.starts_with(word));
            if is_text && file.is_file() {
                let lines = fs::read_to_string(&file)?.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
                texts.entry(lines.trim().to_owned()).or_default().push(&package.name);
            }
        }
    }
    for (text, names) in texts {
        let _ = write!(out, "\n{}\n{}\n\n{text}\n", "=".repeat(100), names.join(", "));
    }
    Ok(out)
}
