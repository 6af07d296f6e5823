//! Custom commands that are no gunicorn apps: what can be checked without running them.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{AccessFlags, access};

use super::problem::{Cause, Problem};
use crate::process::{answer, refusal, signals};

/// A program must be there and executable.
pub(super) fn examine_program(name: &OsStr, path: &Path) -> Option<Problem> {
    let why = match access(path, AccessFlags::X_OK) {
        Ok(()) if path.is_dir() => "it is a folder",
        Ok(()) => return None,
        Err(errno) => errno.desc(),
    };
    let message = format!("`{}` cannot be executed as `{}`: {why}", name.display(), path.display());
    Some(Problem::new(Cause::Program, message))
}

/// A script must pass its shell's own reading of it; nothing in it is run.
pub(super) fn examine_script(shell: &Path, script: &[u8]) -> Option<Problem> {
    match complaint(shell, script) {
        Ok(None) => None,
        Ok(Some(complaint)) => Some(
            Problem::new(Cause::Script, format!("`{}` refuses the script: {complaint}", shell.display()))
                .with_hint("look for an unbalanced quote, `if` without `fi`, or Windows line ends"),
        ),
        Err(error) => {
            let reason = refusal::reason_of_error(&error);
            Some(Problem::new(Cause::Program, format!("`{}` cannot be started: {reason}", shell.display())))
        }
    }
}

fn complaint(shell: &Path, script: &[u8]) -> io::Result<Option<String>> {
    let mut command = Command::new(shell);
    command.arg("-n").env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = signals::released(&mut command).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A shell that gives up early closes its input; its words say why.
        let _ = io::Write::write_all(&mut stdin, script);
    }
    let pipe = child.stderr.take();
    let (printed, status) = answer::read_and_wait(child, pipe)?;
    let words = String::from_utf8_lossy(&printed);
    Ok((!status.success()).then(|| words.lines().next().unwrap_or("no reason given").to_owned()))
}

/// The folders and Python files of the app root and of its folders, as paths from there, sorted; for messages.
pub(super) fn modules(app_root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(app_root)
        .min_depth(1)
        .max_depth(2)
        .into_iter()
        .filter_entry(|entry| !entry.file_name().to_str().is_none_or(is_foreign))
        .flatten()
        .filter(|entry| entry.file_type().is_dir() || entry.path().extension().is_some_and(|end| end == "py"))
        .filter_map(|entry| Some(entry.path().strip_prefix(app_root).ok()?.to_owned()))
        .collect();
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    found
}

fn is_foreign(name: &str) -> bool {
    name.starts_with('.')
        || crate::files::is_environment_name(name)
        || matches!(name, "node_modules" | "__pycache__" | "tests" | "docs")
}
