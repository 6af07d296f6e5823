//! Where the app is: in the app root itself, or in archives that are there. Decided from names and the manifest alone.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::manifest::{self, Manifest};
use crate::error::{Failure, status};
use crate::files::{Files, Folder};

/// The names of an archive that the app is in; the first that is there counts, as on the platform.
const APP_ARCHIVES: [&str; 2] = ["output.tar.zst", "output.tar.gz"];

/// The usual names of an archive that the app's environment is in.
const ENVIRONMENT_ARCHIVES: [&str; 3] = ["antenv.tar.zst", "antenv.tar.gz", "antenv.zip"];

/// How many folders of the root are looked into for sources.
const MOST_FOLDERS: usize = 64;

/// What was deployed into an app root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// What the build said about it.
    pub manifest: Manifest,
    /// The archive that the app is in; `None` if its files lie in the app root.
    pub app: Option<PathBuf>,
    /// The archive that the app's environment is in.
    pub environment: Option<PathBuf>,
}

/// Looks at what was deployed into `root`.
///
/// # Errors
///
/// The manifest names an archive that is not there: the deployment is broken, and nothing of it can be started.
pub fn source(root: &Path, files: &dyn Files) -> Result<Source, Failure> {
    let Ok(listing) = files.folder(root) else { return Ok(Source::default()) };
    let has = |name: &str| listing.notable.contains(&name);
    let manifest = if has(manifest::FILE) {
        files.read(&root.join(manifest::FILE)).map(|text| Manifest::parse(&text)).unwrap_or_default()
    } else {
        Manifest::default()
    };
    let app = app_archive(root, files, &listing, &manifest)?;
    // What is in an archive is not seen yet.
    let environment = if app.is_some() { None } else { environment_archive(root, files, &listing, &manifest)? };
    let path = |name: OsString| root.join(name);
    Ok(Source { manifest, app: app.map(OsString::from).map(path), environment: environment.map(path) })
}

/// The archive of the environment in the folder of an app that came in an archive itself: a build may pack the one and
/// then all of it.
///
/// # Errors
///
/// The manifest names one that is not there.
pub(super) fn environment_in_app(
    folder: &Path,
    files: &dyn Files,
    manifest: &Manifest,
) -> Result<Option<PathBuf>, Failure> {
    let Ok(listing) = files.folder(folder) else { return Ok(None) };
    Ok(environment_archive(folder, files, &listing, manifest)?.map(|name| folder.join(name)))
}

fn app_archive(
    root: &Path,
    files: &dyn Files,
    listing: &Folder,
    manifest: &Manifest,
) -> Result<Option<&'static str>, Failure> {
    let found = APP_ARCHIVES.into_iter().find(|name| listing.notable.contains(name));
    match found {
        Some(_) if manifest.is_packed => Ok(found),
        // An archive beside sources is one of the user's own files.
        Some(_) => Ok(found.filter(|_| !holds_sources(root, files, listing))),
        None if manifest.is_packed => {
            Err(missing(root, "the app", &APP_ARCHIVES.map(|name| format!("`{name}`")).join(" nor ")))
        }
        None => Ok(None),
    }
}

/// Is there a Python file, in the root or one or two folders down?
fn holds_sources(root: &Path, files: &dyn Files, listing: &Folder) -> bool {
    let has_python = |folder: &Path, listing: &Folder| {
        listing
            .folders
            .sorted()
            .into_iter()
            .take(MOST_FOLDERS)
            .any(|name| files.folder(&folder.join(name)).is_ok_and(|inner| !inner.python.is_empty()))
    };
    !listing.python.is_empty()
        || has_python(root, listing)
        || listing.folders.sorted().into_iter().take(MOST_FOLDERS).any(|name| {
            let folder = root.join(name);
            files.folder(&folder).is_ok_and(|inner| has_python(&folder, &inner))
        })
}

fn environment_archive(
    root: &Path,
    files: &dyn Files,
    listing: &Folder,
    manifest: &Manifest,
) -> Result<Option<OsString>, Failure> {
    if let Some(name) = &manifest.environment_archive {
        if files.is_file(&root.join(name)) {
            return Ok(Some(name.clone()));
        }
        let folder = manifest.environment.as_deref().unwrap_or(OsStr::new("antenv"));
        // Somebody has unpacked it there and removed it.
        if files.is_folder(&root.join(folder)) {
            return Ok(None);
        }
        return Err(missing(root, "the environment", &format!("`{}`", name.display())));
    }
    let usual = ENVIRONMENT_ARCHIVES.into_iter().find(|name| listing.notable.contains(name));
    Ok(usual.filter(|_| listing.environments.is_empty()).map(OsString::from))
}

fn missing(root: &Path, what: &str, names: &str) -> Failure {
    Failure::usage(format!(
        "`{}` says that {what} is in an archive, but there is no {names} in `{}`",
        manifest::FILE,
        root.display()
    ))
    .with_status(status::NO)
    .with_hint("the deployment is not complete: deploy again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    const ROOT: &str = "/site";

    fn of(files: &Memory) -> Result<Source, Failure> {
        source(Path::new(ROOT), files)
    }

    fn site(names: &[&str], manifest: &str) -> Memory {
        let tree = Memory::default().empty(ROOT);
        let tree = names.iter().fold(tree, |tree, name| tree.file(format!("{ROOT}/{name}"), ""));
        if manifest.is_empty() { tree } else { tree.file(format!("{ROOT}/{}", manifest::FILE), manifest) }
    }

    #[test]
    fn the_app_is_in_the_archive_that_the_manifest_speaks_of() {
        let packed = "CompressDestinationDir=\"true\"";
        let rows: [(&str, &[&str], &str, Option<&str>); 9] = [
            ("zstd before gzip", &["output.tar.gz", "output.tar.zst"], packed, Some("output.tar.zst")),
            ("beside sources too", &["output.tar.gz", "app.py"], packed, Some("output.tar.gz")),
            ("no manifest, no sources", &["output.tar.gz", "hostingstart.html"], "", Some("output.tar.gz")),
            (
                "a manifest that does not say, no sources",
                &["output.tar.zst"],
                "PythonVersion=\"3\"",
                Some("output.tar.zst"),
            ),
            ("sources in the root", &["output.tar.gz", "app.py"], "", None),
            ("sources in a folder", &["output.tar.gz", "src/app.py"], "", None),
            ("sources in a folder's folder", &["output.tar.gz", "src/shop/wsgi.py"], "", None),
            ("other folders", &["output.tar.gz", "logs/x/y.txt"], "", Some("output.tar.gz")),
            ("a plain folder", &["app.py"], "PythonVersion=\"3\"", None),
        ];
        for (row, names, manifest, expected) in rows {
            let app = of(&site(names, manifest)).unwrap().app;
            assert_eq!(app, expected.map(|name| Path::new(ROOT).join(name)), "{row}");
        }
    }

    #[test]
    fn an_archive_that_the_manifest_names_and_that_is_not_there_is_an_error() {
        for (manifest, names) in [
            (
                "CompressDestinationDir=\"true\"",
                "the app is in an archive, but there is no `output.tar.zst` nor `output.tar.gz`",
            ),
            ("compressedVirtualEnvFile=\"env.zip\"", "the environment is in an archive, but there is no `env.zip`"),
        ] {
            let failure = of(&site(&["app.py"], manifest)).unwrap_err();
            assert!(failure.status == 1 && failure.message.contains(names), "{failure}");
        }
        assert_eq!(source(Path::new("/none"), &Memory::default()), Ok(Source::default()));
    }

    #[test]
    fn an_environment_is_in_the_archive_that_is_named_or_in_one_of_the_usual_name() {
        let named = "compressedVirtualEnvFile=\"env.zip\"";
        let rows: [(&str, &[&str], &str, Option<&str>); 7] = [
            ("named", &["app.py", "env.zip", "antenv/pyvenv.cfg"], named, Some("env.zip")),
            ("unpacked already", &["app.py", "antenv/pyvenv.cfg"], named, None),
            ("zstd", &["app.py", "antenv.tar.zst", "antenv.zip"], "", Some("antenv.tar.zst")),
            ("gzip", &["app.py", "antenv.tar.gz"], "", Some("antenv.tar.gz")),
            ("zip", &["app.py", "antenv.zip"], "", Some("antenv.zip")),
            ("beside the folder", &["app.py", "antenv.zip", "antenv/pyvenv.cfg"], "", None),
            ("in an archive of the app", &["antenv.zip", "output.tar.gz"], "", None),
        ];
        for (row, names, manifest, expected) in rows {
            let environment = of(&site(names, manifest)).unwrap().environment;
            assert_eq!(environment, expected.map(|name| Path::new(ROOT).join(name)), "{row}");
        }
    }
}
