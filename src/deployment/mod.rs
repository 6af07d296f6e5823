//! What was deployed, and where the app is: in the app root, or in archives that the platform's build has left there.
//!
//! [`mod@source`] decides from names and the manifest. Where there are archives, [`Deployment`] says what each is unpacked
//! to, and [`mod@unpack`] does it: once, whole or not at all. Everything else works on the folder that comes out of this,
//! or, without writing, on what is in the archive (`files::Archived`).

pub mod archive;
pub mod limits;
pub mod manifest;
mod place;
mod platform;
mod source;
mod stamp;
mod tree;
mod unpack;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Failure, status};
use crate::files::Files;
use crate::settings::Settings;
use archive::Fault;
pub use place::Place;
pub(crate) use place::fault;
use place::{Wanted, owner};
use source::environment_in_app;
pub use source::{Source, source};
use stamp::Stamp;
pub use unpack::{Unpacking, unpack};

/// An archive, and where its content belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its path.
    pub archive: PathBuf,
    /// How many bytes it has; 0 while it is in another archive itself.
    pub size: u64,
    /// Where its content belongs.
    pub place: Place,
    owner: String,
    stamp: Stamp,
    /// It is unpacked for one process alone.
    is_private: bool,
}

impl Packed {
    /// The same at a place of this process alone, unless it is unpacked already.
    pub fn make_private(&mut self) {
        if !self.place.is_unpacked {
            self.place = self.place.made_private(&self.owner);
            self.is_private = true;
        }
    }

    /// Its name, for messages.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.archive.file_name().unwrap_or_default().to_string_lossy()
    }

    /// The failure for what is wrong with it.
    #[must_use]
    pub fn failure(&self, fault: &Fault) -> Failure {
        unpack::failure(self, fault)
    }
}

/// What was deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// What there is.
    pub source: Source,
    /// The archive of the app.
    pub app: Option<Packed>,
    /// The archive of the environment.
    pub environment: Option<Packed>,
}

/// What a deployment means for everything that is decided about its app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What there is to tell of the source; nothing before it was looked at.
    pub report: Option<Report>,
    /// The folder of packages that stands in for an environment, relative to the app's folder.
    pub packages: Option<PathBuf>,
    /// The version of Python that the build was for: `3.12.3`.
    pub python: Option<String>,
    /// The folder that the archive was deployed into, where the app is elsewhere.
    pub deployed_into: Option<PathBuf>,
}

/// What `explain --json` tells of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `folder` or `archive`.
    pub kind: &'static str,
    /// The archive of the app, or of its environment.
    #[serde(serialize_with = "crate::path_text::optional_path")]
    pub archive: Option<PathBuf>,
    /// Where the app is, or will be.
    #[serde(serialize_with = "crate::path_text::path")]
    pub folder: PathBuf,
    /// `unpacked`, or `packed` while it is not; null for a folder.
    pub state: Option<&'static str>,
    /// How many bytes the archive has.
    pub size: Option<u64>,
}

impl Facts {
    /// The archive that the app or its environment is in, if there is one.
    #[must_use]
    pub fn archive(&self) -> Option<&Path> {
        self.report.as_ref()?.archive.as_deref()
    }
}

impl Report {
    /// In a few words: `output.tar.zst, 48 MB, unpacked to /tmp/8dc1`; `None` for a folder.
    #[must_use]
    pub fn described(&self) -> Option<String> {
        let (archive, size) = (self.archive.as_ref()?, self.size?);
        let state = if self.state == Some(PACKED) { "to be unpacked" } else { "unpacked" };
        let name = archive.file_name().unwrap_or_default().display();
        Some(format!("{name}, {}, {state} to {}", unpack::size(size), self.folder.display()))
    }
}

/// The states of an archive.
const PACKED: &str = "packed";
const UNPACKED: &str = "unpacked";

impl Deployment {
    /// What was deployed into the app root of these settings, and where each archive belongs.
    ///
    /// # Errors
    ///
    /// The deployment is broken, or there is no folder to unpack it into.
    pub fn find(settings: &Settings, files: &dyn Files) -> Result<Self, Failure> {
        let source = source(&settings.app_root, files)?;
        let operation = source.manifest.operation.as_deref();
        let place = |archive: &Path, name: &OsStr, built_in| {
            let owner = owner(&settings.app_root, &name.to_string_lossy());
            let stamp = Stamp::of(&owner, archive, operation).map_err(|error| unreadable(archive, &error))?;
            packed(settings, archive, name, built_in, (owner, stamp))
        };
        let built_in = source.manifest.built_in.as_deref();
        let app = source.app.as_deref().map(|archive| place(archive, OsStr::new("app"), built_in)).transpose()?;
        let name = environment_name(&source);
        let environment = source.environment.as_deref().map(|archive| place(archive, name, None)).transpose()?;
        Ok(Self { source, app, environment })
    }

    /// Looks for the archive of the environment in an app that came in an archive itself: `files` shows its folder,
    /// unpacked or not.
    ///
    /// # Errors
    ///
    /// As [`Deployment::find`].
    pub fn find_in_app(&mut self, settings: &Settings, files: &dyn Files) -> Result<(), Failure> {
        let Some(app) = &self.app else { return Ok(()) };
        let Some(archive) = environment_in_app(&app.place.folder, files, &self.source.manifest)? else { return Ok(()) };
        let name = environment_name(&self.source);
        let owner = owner(&settings.app_root, &name.to_string_lossy());
        // The archive that it is in tells all, before and after that one is unpacked.
        let stamp = app.stamp.of_inner(&owner, archive.file_name().unwrap_or_default());
        self.environment = Some(packed(settings, &archive, name, None, (owner, stamp))?);
        Ok(())
    }

    /// Everything that is in an archive.
    pub fn archives(&self) -> impl Iterator<Item = &Packed> {
        self.app.iter().chain(&self.environment)
    }

    /// Is there no archive at all?
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.archives().next().is_none()
    }

    /// Is there one that has to be unpacked?
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.archives().any(|packed| !packed.place.is_unpacked)
    }

    /// The folder that the app is in, or will be.
    #[must_use]
    pub fn root<'a>(&'a self, app_root: &'a Path) -> &'a Path {
        self.app.as_ref().map_or(app_root, |app| &app.place.folder)
    }

    /// The settings for the folder that the app is in, with the environment that is there.
    #[must_use]
    pub fn apply(&self, settings: Settings, files: &dyn Files) -> Settings {
        let environment = match &self.environment {
            Some(packed) => Some(environment_in(&packed.place.folder, files)),
            // What a build has put elsewhere is for sources.
            None => settings.environment.clone().filter(|_| self.app.is_none()),
        };
        let facts = Facts {
            report: Some(self.report(&settings.app_root)),
            packages: self.source.manifest.packages.clone(),
            python: self.source.manifest.python.clone(),
            deployed_into: self.app.as_ref().map(|_| settings.app_root.clone()),
        };
        let app_root = self.root(&settings.app_root).to_owned();
        platform::apply(Settings { app_root, environment, deployed: facts, ..settings }, files)
    }

    fn report(&self, app_root: &Path) -> Report {
        let archive = self.archives().next();
        Report {
            kind: if archive.is_some() { "archive" } else { "folder" },
            archive: archive.map(|packed| packed.archive.clone()),
            folder: archive.map_or(app_root, |packed| &packed.place.folder).to_owned(),
            state: archive.map(|packed| if packed.place.is_unpacked { UNPACKED } else { PACKED }),
            size: archive.map(|packed| packed.size),
        }
    }

    /// Removes what was unpacked for this process alone.
    pub fn remove_private(&self) {
        self.archives().filter(|packed| packed.is_private).for_each(unpack::remove_private);
    }
}

/// Where the environment is in what was unpacked: in it, or in the one folder of it, if it was packed with its name.
fn environment_in(folder: &Path, files: &dyn Files) -> PathBuf {
    let is_environment = |folder: &Path| files.is_file(&folder.join("pyvenv.cfg"));
    if is_environment(folder) {
        return folder.to_owned();
    }
    let names = files.names(folder).unwrap_or_default();
    names.into_iter().map(|name| folder.join(name)).find(|inner| is_environment(inner)).unwrap_or(folder.to_owned())
}

/// The name of the environment where the manifest gives it none.
const ENVIRONMENT: &str = "antenv";

fn environment_name(source: &Source) -> &OsStr {
    source.manifest.environment.as_deref().unwrap_or(OsStr::new(ENVIRONMENT))
}

fn unreadable(archive: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("`{}` cannot be read: {error}", archive.display()))
        .with_status(status::NO)
        .with_hint("make it readable for the user that the container runs as")
}

fn packed(
    settings: &Settings,
    archive: &Path,
    name: &OsStr,
    built_in: Option<&Path>,
    (owner, stamp): (String, Stamp),
) -> Result<Packed, Failure> {
    let size = fs::metadata(archive).map_or(0, |found| found.size());
    let wanted = Wanted { named: settings.unpack_dir.as_deref(), built_in, owner: &owner, name, stamp: &stamp };
    let place = wanted.choose(&settings.environ)?;
    Ok(Packed { archive: archive.to_owned(), size, place, owner, stamp, is_private: false })
}
