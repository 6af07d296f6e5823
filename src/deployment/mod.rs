//! What was deployed, and where the app is: in the app root, or in archives that the platform's build has left there.
//!
//! [`mod@source`] decides from names and the manifest. Where there are archives, [`Deployment`] says what each is unpacked
//! to, and [`mod@unpack`] does it: once, whole or not at all. Everything else works on the folder that comes out of this,
//! or, without writing, on what is in the archive (`files::Archived`).

pub mod archive;
pub mod limits;
pub mod manifest;
mod packed;
mod place;
mod platform;
mod source;
mod stamp;
mod tree;
mod unpack;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub use crate::deployed::{Facts, Report};
use crate::deployed::{PACKED, UNPACKED};
use crate::error::{Failure, status};
use crate::files::Files;
use crate::settings::Settings;
pub use packed::Packed;
pub use place::Place;
use place::{Wanted, owner};
pub(crate) use place::{fault, is_noexec};
use source::environment_in_app;
pub use source::{Source, source};
use stamp::Stamp;
pub(crate) use unpack::failure;
pub use unpack::{Unpacking, unpack};

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
