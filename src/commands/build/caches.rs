//! Where builds keep what the next one can use: packages, build tools, environments of apps that cannot be written.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

use crate::deployment;
use crate::environ::Environ;
use crate::files::private_folder;

/// Names the folder for everything that is kept, so that one volume is enough.
pub(super) const VARIABLE: &str = "PYSTART_CACHE_DIR";

/// What each tool is told, and the folder it gets.
const OF_TOOLS: [(&str, &str); 5] = [
    ("PDM_CACHE_DIR", "pdm"),
    ("PIPENV_CACHE_DIR", "pipenv"),
    ("PIP_CACHE_DIR", "pip"),
    ("POETRY_CACHE_DIR", "poetry"),
    ("UV_CACHE_DIR", "uv"),
];

/// Folders that are everybody's, where nobody has named one: the usual one first.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The folder of this user's builds: the first that can be written and that programs can be run from, else the first.
/// A temporary folder that containers get is often mounted `noexec` (Docker's `--tmpfs`).
fn folder(environ: &Environ) -> PathBuf {
    let mut all = folders(environ);
    let usable = all.iter().position(|folder| fault(folder).is_none()).unwrap_or_default();
    all.swap_remove(usable)
}

/// Where it may be, below folders that may be everybody's: `PYSTART_CACHE_DIR`, if it is set, and nowhere else; or
/// `XDG_CACHE_HOME`, then the temporary folders. Variables count if absolute (the specification ignores others).
fn folders(environ: &Environ) -> Vec<PathBuf> {
    let named = |name| environ.filled(name).map(Path::new).filter(|path| path.is_absolute());
    let own = format!("pystart-{}", geteuid());
    if let Some(folder) = named(VARIABLE) {
        return vec![folder.join(own)];
    }
    let home = named("XDG_CACHE_HOME").map(|home| home.join("pystart"));
    home.into_iter().chain(TEMPORARY.map(|folder| Path::new(folder).join(&own))).collect()
}

/// Why no environment can be kept at `folder`, which need not be there yet.
fn fault(folder: &Path) -> Option<String> {
    deployment::fault(folder.ancestors().find(|above| above.exists())?)
}

/// Why no environment can be kept in any of the folders, each named; `None` if it can.
#[must_use]
pub(super) fn fault_of_environments(environ: &Environ) -> Option<String> {
    let faults: Option<Vec<String>> = folders(environ)
        .iter()
        .map(|folder| Some(format!("`{}` {}", folder.parent()?.display(), fault(folder)?)))
        .collect();
    faults.map(|faults| faults.join("; "))
}

/// Makes the folder of this user.
///
/// # Errors
///
/// It cannot be made, or is not this user's alone.
pub(super) fn make(environ: &Environ) -> io::Result<PathBuf> {
    let cache = folder(environ);
    if let Some(parent) = cache.parent() {
        fs::create_dir_all(parent)?;
    }
    private_folder::create(&cache)?;
    Ok(cache)
}

/// Makes a folder of this name in the cache.
///
/// # Errors
///
/// It cannot be made, or it or the cache itself is not this user's alone.
pub(super) fn make_folder(environ: &Environ, name: &str) -> io::Result<PathBuf> {
    let folder = make(environ)?.join(name);
    private_folder::create(&folder)?;
    Ok(folder)
}

/// The folder of this name in the cache, if it is there and this user's alone. One from before, in a place that cannot
/// be written any more, is as good.
#[must_use]
pub(super) fn private_folder(environ: &Environ, name: &str) -> Option<PathBuf> {
    let is_private = |path: &Path| private_folder::require(path).is_ok();
    let all = std::iter::once(folder(environ)).chain(folders(environ));
    all.filter(|cache| is_private(cache)).map(|cache| cache.join(name)).find(|folder| is_private(folder))
}

/// What the tools are told about their caches: with a folder named, to use that; otherwise nothing, unless their own
/// place cannot be written (a user without a home).
#[must_use]
pub(super) fn variables(environ: &Environ) -> Vec<(&'static str, OsString)> {
    let is_named = environ.filled(VARIABLE).is_some_and(|folder| Path::new(folder).is_absolute());
    if !is_named && has_home(environ) {
        return Vec::new();
    }
    let cache = folder(environ);
    let unset = OF_TOOLS.iter().filter(|(variable, _)| environ.filled(variable).is_none());
    unset.map(|(variable, name)| (*variable, cache.join(name).into_os_string())).collect()
}

/// A folder that the tool runs programs from (those that packages are built with) although none may be run there, and the
/// variable that names another: temporary files, and for uv its cache.
#[must_use]
pub(super) fn without_programs(environ: &Environ, is_uv: bool) -> Option<(PathBuf, &'static str)> {
    const UV: &str = "UV_CACHE_DIR";
    let temporary = environ.filled("TMPDIR").map_or_else(|| TEMPORARY[0].into(), PathBuf::from);
    let told = variables(environ).into_iter().find(|(variable, _)| *variable == UV);
    let cache = match environ.filled(UV) {
        Some(own) => Some((PathBuf::from(own), UV)),
        None => told.map(|(_, folder)| folder.into()).or_else(|| home(environ)).map(|folder| (folder, VARIABLE)),
    };
    let is_without =
        |(folder, _): &(PathBuf, _)| folder.ancestors().find(|above| above.exists()).is_some_and(deployment::is_noexec);
    std::iter::once((temporary, "TMPDIR")).chain(cache.filter(|_| is_uv)).find(is_without)
}

/// Does uv's cache lie on the file system of `folder`, so that it can link?
#[must_use]
pub(super) fn is_beside(environ: &Environ, folder: &Path) -> bool {
    let device =
        |path: &Path| fs::metadata(path.ancestors().find(|above| above.exists())?).ok().map(|facts| facts.dev());
    let own = environ.filled("UV_CACHE_DIR").map(PathBuf::from).or_else(|| home(environ));
    own.is_some_and(|own| device(&own) == device(folder))
}

/// Where programs keep what they can make again (XDG base directory specification).
fn home(environ: &Environ) -> Option<PathBuf> {
    let own = environ.filled("XDG_CACHE_HOME").map(PathBuf::from);
    own.or_else(|| environ.filled("HOME").map(|home| Path::new(home).join(".cache")))
}

fn has_home(environ: &Environ) -> bool {
    let place = home(environ);
    // The first folder on the way that is there decides whether the rest can be made.
    let there = place.as_ref().and_then(|place| place.ancestors().find(|folder| folder.is_dir()));
    there.is_some_and(|folder| access(folder, AccessFlags::W_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environ(pairs: &[(&str, &str)]) -> Environ {
        pairs.iter().copied().collect()
    }

    #[test]
    fn the_named_folder_comes_first_and_each_user_has_one_in_it() {
        let own = format!("pystart-{}", geteuid());
        assert_eq!(folder(&environ(&[(VARIABLE, "/c"), ("XDG_CACHE_HOME", "/x")])), Path::new("/c").join(&own));
        assert_eq!(folder(&environ(&[(VARIABLE, "c"), ("XDG_CACHE_HOME", "/x")])), Path::new("/x/pystart"));
        assert_eq!(folder(&environ(&[(VARIABLE, ""), ("XDG_CACHE_HOME", "x")])), Path::new("/tmp").join(&own));
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_passed_over_unless_it_was_named() {
        let own = format!("pystart-{}", geteuid());
        // Below what is no folder nobody can write.
        assert_eq!(folder(&environ(&[("XDG_CACHE_HOME", "/dev/null/c")])), Path::new("/tmp").join(&own));
        assert_eq!(folder(&environ(&[(VARIABLE, "/dev/null/c")])), Path::new("/dev/null/c").join(&own));
        assert_eq!(fault_of_environments(&environ(&[("XDG_CACHE_HOME", "/dev/null/c")])), None);
        let told = fault_of_environments(&environ(&[(VARIABLE, "/dev/null/c")])).unwrap();
        assert!(told.starts_with("`/dev/null/c` "), "{told}");
    }

    #[test]
    fn tools_keep_their_own_place_unless_they_are_told_or_have_none() {
        let told = |pairs: &[(&str, &str)]| {
            let all = variables(&environ(pairs));
            all.into_iter().map(|(name, value)| format!("{name}={}", value.display())).collect::<Vec<_>>()
        };
        let own = format!("/c/pystart-{}", geteuid());
        assert_eq!(
            told(&[(VARIABLE, "/c"), ("HOME", "/tmp"), ("PIP_CACHE_DIR", "/p")]),
            [
                ("PDM_CACHE_DIR", "pdm"),
                ("PIPENV_CACHE_DIR", "pipenv"),
                ("POETRY_CACHE_DIR", "poetry"),
                ("UV_CACHE_DIR", "uv")
            ]
            .map(|(name, folder)| format!("{name}={own}/{folder}"))
        );
        assert_eq!(told(&[("HOME", "/tmp")]), [""; 0]);
        assert_eq!(told(&[("XDG_CACHE_HOME", "/tmp/x")]), [""; 0]);
        assert_eq!(told(&[]).len(), OF_TOOLS.len());
    }
}
