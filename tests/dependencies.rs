//! What is in the binary of others: permissive licences, one version of each, from the registry.
//!
//! `deny.toml` says what is allowed, and `cargo deny` reads it too; that takes minutes to compile, so the gate asks cargo.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// The packages that are linked into the binary: normal dependencies, build scripts and tests left out.
fn linked() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let packages = metadata["packages"].as_array().unwrap();
    let is_macro =
        |package: &&Value| package["targets"].as_array().unwrap().iter().any(|of| of["kind"][0] == "proc-macro");
    let macros: BTreeSet<&str> =
        packages.iter().filter(is_macro).map(|package| package["id"].as_str().unwrap()).collect();
    let mut wanted = vec![metadata["resolve"]["root"].as_str().unwrap()];
    let mut ids = BTreeSet::new();
    while let Some(id) = wanted.pop() {
        // A procedural macro runs in the compiler, and so does all that it needs.
        if !macros.contains(id) && ids.insert(id) {
            let is_normal = |of: &&Value| of["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
            let below = nodes[id]["deps"].as_array().unwrap().iter().filter(is_normal);
            wanted.extend(below.map(|of| of["pkg"].as_str().unwrap()));
        }
    }
    packages.iter().filter(|package| ids.contains(package["id"].as_str().unwrap())).cloned().collect()
}

fn rules() -> toml::Table {
    fs::read_to_string("deny.toml").unwrap().parse().unwrap()
}

/// Does a licence expression (SPDX, or the slash of older crates) leave a choice that is allowed?
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    // `(A OR B) AND C`: one of each group.
    let is_one =
        |group: &str| group.split(" OR ").any(|licence| allowed.contains(&licence.trim_matches(['(', ')', ' '])));
    expression.split(" AND ").all(is_one)
}

#[test]
fn every_licence_is_permissive() {
    let rules = rules();
    let allowed: Vec<&str> =
        rules["licenses"]["allow"].as_array().unwrap().iter().map(|licence| licence.as_str().unwrap()).collect();
    assert!(!is_allowed("GPL-3.0-only", &allowed) && !is_allowed("MIT AND GPL-2.0", &allowed));
    assert!(is_allowed("MIT/Apache-2.0", &allowed) && is_allowed("(MIT OR GPL-2.0) AND Unicode-3.0", &allowed));
    let packages = linked();
    assert!(packages.len() > 20, "{}", packages.len());
    for package in &packages {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(licence, &allowed), "{} is under `{licence}`", package["name"]);
    }
}

#[test]
fn every_crate_is_there_once_and_comes_from_the_registry() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in linked() {
        let name = package["name"].as_str().unwrap();
        versions.entry(name.to_owned()).or_default().push(package["version"].as_str().unwrap().to_owned());
        let source = package["source"].as_str().unwrap_or("this package");
        let is_known = source == "registry+https://github.com/rust-lang/crates.io-index" || name == "pystart";
        assert!(is_known, "{name} comes from {source}");
    }
    versions.retain(|_, versions| versions.len() > 1);
    assert!(versions.is_empty(), "more than one version: {versions:?}");
}
