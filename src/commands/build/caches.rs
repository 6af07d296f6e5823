//! Where builds keep what the next one can use: packages, build tools, environments of apps that cannot be written.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

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

/// The folder of this user's builds, below one that may be everybody's: `PYSTART_CACHE_DIR`, else `XDG_CACHE_HOME`,
/// both if absolute (the specification ignores others), else `/tmp`.
fn folder(environ: &Environ) -> PathBuf {
    let named = |name| environ.filled(name).map(Path::new).filter(|path| path.is_absolute());
    match (named(VARIABLE), named("XDG_CACHE_HOME")) {
        (Some(folder), _) => folder.join(format!("pystart-{}", geteuid())),
        (None, Some(home)) => home.join("pystart"),
        (None, None) => PathBuf::from(format!("/tmp/pystart-{}", geteuid())),
    }
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

/// The folder of this name in the cache, if it is there and this user's alone.
#[must_use]
pub(super) fn private_folder(environ: &Environ, name: &str) -> Option<PathBuf> {
    let cache = folder(environ);
    let folder = cache.join(name);
    [&cache, &folder].iter().all(|path| private_folder::require(path).is_ok()).then_some(folder)
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
