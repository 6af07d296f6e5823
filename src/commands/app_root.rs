//! What was asked for, as it stands here and now: the settings, and a folder of the app that is there.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::environ::Environ;
use crate::error::Failure;
use crate::settings::{Flags, Settings, table};

/// The settings of a call.
///
/// # Errors
///
/// A value that is not valid, or an app root that somebody named and that is not there.
pub(crate) fn settings(flags: Flags, environ: &Environ) -> Result<Settings, Failure> {
    let named = table::APP_ROOT.read(&flags, environ)?;
    let directory = match (std::env::current_dir(), named) {
        (Ok(directory), _) => directory,
        (Err(error), Some(named)) if named.is_relative() => {
            let message = format!(
                "the app root `{}` starts from the current folder, and that one is gone: {error}",
                named.display()
            );
            return Err(
                Failure::usage(message).with_hint("give its absolute path, or change to a folder that is there")
            );
        }
        (Err(_), _) => "/".into(),
    };
    let settings = Settings::new(flags, environ, &directory)?;
    require_folder(&settings)?;
    Ok(Settings { program: program(&directory), ..settings })
}

/// The path that this program was called by. A name without a slash was found on `PATH`, whose own environment is looked
/// for there.
fn program(directory: &Path) -> Option<PathBuf> {
    let word = std::env::args_os().next()?;
    word.as_bytes().contains(&b'/').then(|| directory.join(word))
}

/// A folder that somebody named must be there. The platform's own place may be missing: then nothing is deployed yet.
fn require_folder(settings: &Settings) -> Result<(), Failure> {
    let Some(source @ ("--app-root" | "PYSTART_APP_ROOT")) = settings.app_root_from.as_deref() else { return Ok(()) };
    if settings.app_root.is_dir() {
        return Ok(());
    }
    let root = settings.app_root.display();
    Err(Failure::usage(format!("the app root `{root}` is not a folder"))
        .with_hint(format!("mount or deploy the app there, or correct `{source}`")))
}
