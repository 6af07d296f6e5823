//! The licences of what is compiled in: all of them permissive, and the file that says so is up to date.

use std::fs;

use crate::root;

#[path = "../../examples/licenses.rs"]
#[allow(dead_code, reason = "its main writes the file, which is the one thing a test must not do")]
mod made;

/// Those that ask for nothing but to be named.
const PERMISSIVE: [&str; 8] =
    ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0", "BSL-1.0"];

#[test]
fn the_file_of_licenses_is_up_to_date() {
    let made = made::text(&made::compiled_in().unwrap()).unwrap();
    let found = fs::read_to_string(root().join(made::FILE)).unwrap_or_default();
    assert!(found == made, "{} is out of date: run `cargo run --example licenses`", made::FILE);
}

#[test]
fn everything_that_is_compiled_in_is_permissive() {
    let packages = made::compiled_in().unwrap();
    assert!(packages.len() > 20, "{}", packages.len());
    for package in packages {
        // Of `A OR B` one is chosen; of `A AND B` each has to be.
        let is_permissive = package
            .license
            .split(" OR ")
            .any(|choice| choice.split(" AND ").all(|one| PERMISSIVE.contains(&one.trim_matches(['(', ')', ' ']))));
        assert!(is_permissive, "{}: {}", package.name, package.license);
    }
}
