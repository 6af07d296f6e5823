//! The release binary as it is shipped: static, for musl.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
const TARGET: &str = "x86_64-unknown-linux-musl";
#[cfg(not(target_arch = "x86_64"))]
const TARGET: &str = "aarch64-unknown-linux-musl";

/// Can it be built here?
pub(crate) fn has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Built by the first caller; the others wait. It goes where every release build goes, and cargo's own lock keeps
/// several processes apart.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // `target/TRIPLE/tmp`: the configuration of this project always names a target.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).ancestors().nth(2).expect("it is in a target folder");
        let output = Command::new("packaging/compile")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", target)
            .stderr(Stdio::inherit())
            .output()
            .expect("the script can be run");
        assert!(output.status.success(), "the release binary cannot be built");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
    })
}
