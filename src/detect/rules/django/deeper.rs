//! Django projects that step 2 does not know: in the root itself, further down, of several stages, with ASGI only.

use std::path::{Path, PathBuf};

use super::project;
use crate::detect::limits;
use crate::detect::names::DEPLOYED_STAGES;
use crate::detect::rules::search::Search;
use crate::model::{Step, WebApp};

pub(in crate::detect::rules) fn deeper(search: &mut Search) -> Option<WebApp> {
    [wsgi_files, stages, asgi_files].into_iter().find_map(|files| {
        let files = files(search);
        let projects = project::find(&search.inference.project, &files);
        let project = projects.first()?;
        Some(super::choose(search, Step::Other, &projects, project))
    })
}

/// `wsgi.py` in the root, and those of the first level below the folders of the root that holds a project.
fn wsgi_files(search: &mut Search) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if search.inference.project.folder(Path::new("")).has("wsgi.py") {
        files.push(PathBuf::from("wsgi.py"));
    }
    for depth in 1..=limits::DEPTH {
        for folder in search.folders_of_apps(depth, limits::DEPTH - 1) {
            let folders = search.inference.project.folders_with(&folder, "wsgi.py");
            files.extend(folders.iter().map(|folder| folder.join("wsgi.py")));
        }
        if files.iter().any(|file| project::of_file(&search.inference.project, file).is_some()) {
            break;
        }
    }
    files
}

/// The modules of a package `wsgi` in a project beside a `manage.py`: the package itself or the module for a deployed
/// site where there is one, else all of them.
fn stages(search: &mut Search) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in managed_folders(search) {
        let project = &search.inference.project;
        for name in project.folder(&folder).folders.iter() {
            let package = folder.join(name).join("wsgi");
            let listing = project.folder(&package);
            let init = package.join("__init__.py");
            if listing.has("__init__.py") && project::of_file(project, &init).is_some() {
                files.push(init);
            } else if let Some(name) = DEPLOYED_STAGES.iter().find(|name| listing.has(name)) {
                files.push(package.join(name));
            } else {
                files.extend(listing.python.iter().map(|name| package.join(name)));
            }
        }
    }
    files
}

/// `asgi.py` beside a `manage.py`, where there is no `wsgi.py`.
fn asgi_files(search: &mut Search) -> Vec<PathBuf> {
    let folders = managed_folders(search);
    let folders = folders.iter().flat_map(|folder| search.inference.project.folders_with(folder, "asgi.py"));
    folders.map(|folder| folder.join("asgi.py")).collect()
}

/// The app root and the folders in it that have a `manage.py`.
fn managed_folders(search: &mut Search) -> Vec<PathBuf> {
    let folders = std::iter::once(PathBuf::new()).chain(search.folders(1));
    folders.filter(|folder| search.inference.project.folder(folder).has("manage.py")).collect()
}
