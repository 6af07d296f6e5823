//! The release binary as it is shipped: static, for musl.

use std::path::{Path, PathBuf};
use std::process::Command;
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
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--bin", "pystart", "--target", TARGET, "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            // These would ask for another build than the one that is shipped.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status();
        assert!(status.is_ok_and(|status| status.success()), "the release binary cannot be built");
        target.join(TARGET).join("release/pystart")
    })
}
