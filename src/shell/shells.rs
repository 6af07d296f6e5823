//! Which programs are shells.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The shell for shell syntax and for scripts that name none.
pub(crate) const SHELL: &str = "/bin/sh";

/// The shells that read POSIX shell scripts, as Debian and Alpine name their programs, sorted.
const SHELLS: [&str; 11] = ["ash", "bash", "dash", "ksh", "ksh93", "lksh", "mksh", "oksh", "sh", "yash", "zsh"];

/// Is a program of this name, without its folder, such a shell?
#[must_use]
pub(crate) fn is_shell(name: &OsStr) -> bool {
    SHELLS.binary_search_by(|shell| shell.as_bytes().cmp(name.as_bytes())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_known_by_their_whole_name() {
        for name in ["ash", "bash", "dash", "ksh", "ksh93", "lksh", "mksh", "oksh", "sh", "yash", "zsh"] {
            assert!(is_shell(OsStr::new(name)), "{name}");
        }
        for name in ["", "fish", "bash2", "/bin/sh", "python3", "-sh", "SH"] {
            assert!(!is_shell(OsStr::new(name)), "{name}");
        }
    }
}
