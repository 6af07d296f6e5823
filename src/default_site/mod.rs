//! The default site: where the image keeps it, and a copy inside the binary for images that lack it.

use std::path::{Path, PathBuf};

use crate::embedded::{Embedded, EmbeddedCopy};
use crate::environ::Environ;
use crate::files::Files;

/// Where the image keeps the default site. Read-only.
pub const FOLDER: &str = "/opt/defaultsite";

/// The variable that tells the site which folder holds no app.
pub(crate) const SEARCHED_FOLDER: &str = "PYSTART_SEARCHED_FOLDER";

/// The variable that tells it where the documentation is.
pub(crate) const DOCUMENTATION: &str = "PYSTART_DOCUMENTATION";

/// The files of the site; [`FOLDER`] holds the same ones.
static SITE: Embedded = Embedded {
    what: "the default site",
    prefix: "pystart-defaultsite-",
    files: &[
        ("application.py", include_str!("application.py")),
        ("notice.html", include_str!("notice.html")),
        ("style.css", include_str!("style.css")),
        ("welcome.html", include_str!("welcome.html")),
    ],
    remedy: "mount a writable folder on `/tmp`, or deploy an app",
};

/// The folder of the default site, and the copy that has to be made first where the image has none. Touches nothing.
#[must_use]
pub fn locate(files: &dyn Files, environ: &Environ) -> (PathBuf, Option<EmbeddedCopy>) {
    if files.is_file(&Path::new(FOLDER).join(SITE.files[0].0)) {
        return (FOLDER.into(), None);
    }
    let folder = SITE.place(files, environ).unwrap_or_else(|| SITE.usual_place());
    (folder.clone(), Some(EmbeddedCopy { files: &SITE, folder }))
}

/// Is this the folder of a default site, of whatever version and user?
#[must_use]
pub fn is_its_folder(folder: &Path) -> bool {
    folder == Path::new(FOLDER) || SITE.is_its_folder(folder)
}

#[cfg(test)]
mod tests;
