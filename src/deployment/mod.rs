//! What was deployed, and where the app is: in the app root, or in archives that the platform's build has left there.
//!
//! [`source`] decides from names and the manifest. Where there are archives, [`Deployment`] says what each is unpacked
//! to, and [`unpack`] does it: once, whole or not at all. Everything else works on the folder that comes out of this,
//! or, without writing, on what is in the archive (`files::Archived`).

pub mod archive;
pub mod limits;
pub mod manifest;
mod place;
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
pub use place::Place;
use place::{Wanted, owner};
pub use source::{Source, source};
use stamp::Stamp;
pub use unpack::{Unpacking, unpack};

/// An archive, and where its content belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its path.
    pub archive: PathBuf,
    /// How many bytes it has.
    pub size: u64,
    /// Where its content belongs.
    pub place: Place,
    owner: String,
    stamp: Stamp,
}

impl Packed {
    /// Its name, for messages.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.archive.file_name().unwrap_or_default().to_string_lossy()
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

/// What `explain --json` tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `folder` or `archive`.
    pub kind: &'static str,
    /// The archive of the app, or of its environment.
    pub archive: Option<PathBuf>,
    /// Where the app is, or will be.
    pub folder: PathBuf,
    /// `unpacked`, or `packed` while it is not; null for a folder.
    pub state: Option<&'static str>,
}

impl Deployment {
    /// What was deployed into the app root of these settings, and where each archive belongs.
    ///
    /// # Errors
    ///
    /// The deployment is broken, or there is no folder to unpack it into.
    pub fn find(settings: &Settings, files: &dyn Files) -> Result<Self, Failure> {
        let source = source(&settings.app_root, files)?;
        let built_in = source.manifest.built_in.as_deref();
        let app = source.app.as_deref().map(|archive| packed(settings, &source, archive, "app", built_in));
        let name = source.manifest.environment.as_deref().unwrap_or(OsStr::new(ENVIRONMENT));
        let environment = source.environment.as_deref().map(|archive| packed(settings, &source, archive, name, None));
        let (app, environment) = (app.transpose()?, environment.transpose()?);
        Ok(Self { source, app, environment })
    }

    /// Everything that is in an archive.
    pub fn archives(&self) -> impl Iterator<Item = &Packed> {
        self.app.iter().chain(&self.environment)
    }

    /// The folder that the app is in, or will be.
    #[must_use]
    pub fn root<'a>(&'a self, app_root: &'a Path) -> &'a Path {
        self.app.as_ref().map_or(app_root, |app| &app.place.folder)
    }

    /// What `explain` tells of it.
    #[must_use]
    pub fn report(&self, app_root: &Path) -> Report {
        let archive = self.archives().next();
        Report {
            kind: if archive.is_some() { "archive" } else { "folder" },
            archive: archive.map(|packed| packed.archive.clone()),
            folder: archive.map_or(app_root, |packed| &packed.place.folder).to_owned(),
            state: archive.map(|packed| if packed.place.is_unpacked { "unpacked" } else { "packed" }),
        }
    }
}

/// The name of the environment where the manifest gives it none.
const ENVIRONMENT: &str = "antenv";

fn packed(
    settings: &Settings,
    source: &Source,
    archive: &Path,
    name: impl AsRef<OsStr>,
    built_in: Option<&Path>,
) -> Result<Packed, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("`{}` cannot be read: {error}", archive.display()))
            .with_status(status::NO)
            .with_hint("make it readable for the user that the container runs as")
    };
    let name = name.as_ref();
    let owner = owner(&settings.app_root, &name.to_string_lossy());
    let stamp = Stamp::of(&owner, archive, source.manifest.operation.as_deref()).map_err(unreadable)?;
    let size = fs::metadata(archive).map_err(unreadable)?.size();
    let wanted = Wanted { named: settings.unpack_dir.as_deref(), built_in, owner: &owner, name, stamp: &stamp };
    let place = wanted.choose(&settings.environ)?;
    Ok(Packed { archive: archive.to_owned(), size, place, owner, stamp })
}
