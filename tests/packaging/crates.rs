//! What crates.io would get.

use std::path::Path;
use std::process::Command;

use crate::{root, succeed};

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root());
    cargo
}

#[test]
fn the_crate_holds_what_it_is_made_from_and_no_test() {
    let list = succeed(cargo().args(["package", "--list", "--allow-dirty"]));
    let has = |name: &str| list.lines().any(|line| line == name);
    for name in ["Cargo.toml", "Cargo.lock", "build.rs", "src/main.rs", ".cargo/config.toml", "README.md", "LICENSE"] {
        assert!(has(name), "no {name} in\n{list}");
    }
    let foreign: Vec<_> = ["tests", "benches", "examples", "docs", ".github"]
        .into_iter()
        .filter(|folder| list.lines().any(|line| Path::new(line).starts_with(folder)))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(list.lines().count() < 300);
}

#[test]
fn the_oldest_toolchain_is_the_one_that_the_image_compiles_with() {
    let dockerfile = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let image = format!("ARG RUST_IMAGE=rust:{}-slim\n", env!("CARGO_PKG_RUST_VERSION"));
    assert!(dockerfile.contains(&image), "{image}");
    assert!(dockerfile.contains(concat!("ARG VERSION=", env!("CARGO_PKG_VERSION"), "\n")));
}
