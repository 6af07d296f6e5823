//! Tells the program what it is made from: `MADE_FROM` is the version, the commit where it is known, and the target.
//! Not named as a setting is: cargo hands it to whatever it runs, too. And tells the linker what a start runs, for releases.
//!
//! The commit is that of `PYSTART_COMMIT`, else the one that a published crate names, else that of the checkout: for
//! releases only, since a development build would be made anew at every commit.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

#[cfg(feature = "auditable")]
#[path = "packaging/auditable.rs"]
mod auditable;

/// Commits are shown with as many digits; git itself shows from 7 on.
const DIGITS: usize = 9;

/// Behind the commit when a file was changed since.
const MODIFIED: &str = "-modified";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PYSTART_COMMIT");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let folder = variable("CARGO_MANIFEST_DIR");
    let commit = if variable("PROFILE") == "release" {
        given_commit().or_else(|| published_commit(&folder)).or_else(|| checked_out_commit(&folder))
    } else {
        Some("development".to_owned())
    };
    let made_from = [commit.unwrap_or_default(), variable("TARGET")].join(" ");
    println!("cargo::rustc-env=MADE_FROM={} ({})", variable("CARGO_PKG_VERSION"), made_from.trim());
    // For musl alone, whose linker is GNU's or LLVM's: another one may know no linker scripts.
    if variable("PROFILE") == "release" && variable("CARGO_CFG_TARGET_ENV") == "musl" {
        let script = Path::new(&folder).join("packaging/startup.ld");
        println!("cargo::rerun-if-changed={}", script.display());
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    }
    #[cfg(feature = "auditable")]
    auditable::embed(&folder, &variable("TARGET"));
}

/// Whole, or as another build has shown it.
fn given_commit() -> Option<String> {
    let given = env::var("PYSTART_COMMIT").ok().filter(|given| !given.is_empty())?;
    digits(&given).map(|digits| if given.ends_with(MODIFIED) { digits + MODIFIED } else { digits })
}

/// cargo writes this file into a crate that is packaged.
fn published_commit(folder: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new(folder).join(".cargo_vcs_info.json")).ok()?;
    digits(text.split("\"sha1\": \"").nth(1)?)
}

/// The commit of the folder's own repository, marked when a file of it was changed since.
fn checked_out_commit(folder: &str) -> Option<String> {
    let git = |words: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(words).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // An unpacked archive may lie in somebody else's repository.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(folder).canonicalize().ok()? {
        return None;
    }
    for path in ["src", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    // Every commit and checkout adds a line to it.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={}", Path::new(folder).join(log).display());
    let commit = digits(&git(&["rev-parse", "HEAD"])?)?;
    let is_changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if is_changed { commit + MODIFIED } else { commit })
}

fn digits(commit: &str) -> Option<String> {
    let commit = commit.get(..DIGITS)?;
    commit.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| commit.to_owned())
}
