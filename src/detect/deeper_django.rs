//! Django projects that step 2 does not know: in the root itself, further down, of several stages, with ASGI only.

use std::path::{Path, PathBuf};

use super::names::DEPLOYED_STAGES;
use super::search::Search;
use super::steps::MAX_DEPTH;
use crate::model::{Step, WebApp};

impl Search<'_> {
    /// Django projects that are not in a folder of the root: in the root itself, deeper, or with `asgi.py` only.
    pub(super) fn deeper_django(&mut self) -> Option<WebApp> {
        let mut files = Vec::new();
        let root = self.workspace.folder(Path::new(""));
        if root.has("wsgi.py") {
            files.push(PathBuf::from("wsgi.py"));
        }
        for depth in 1..MAX_DEPTH {
            for folder in self.folders(depth) {
                files.extend(
                    self.workspace.folders_with(&folder, "wsgi.py").iter().map(|folder| folder.join("wsgi.py")),
                );
            }
            if files.iter().any(|file| self.workspace.project(file).is_some()) {
                break;
            }
        }
        let mut projects = self.workspace.projects(&files);
        if projects.is_empty() {
            files = self.stages();
            projects = self.workspace.projects(&files);
        }
        if projects.is_empty() {
            files = self.asgi_files();
            projects = self.workspace.projects(&files);
        }
        let project = projects.first()?;
        Some(self.choose_project(Step::Other, &projects, project))
    }

    /// `asgi.py` beside a `manage.py`, where there is no `wsgi.py`.
    fn asgi_files(&mut self) -> Vec<PathBuf> {
        let folders = self.managed_folders();
        let folders = folders.iter().flat_map(|folder| self.workspace.folders_with(folder, "asgi.py"));
        folders.map(|folder| folder.join("asgi.py")).collect()
    }

    /// The modules of a package `wsgi` in a project beside a `manage.py`: the package itself or the module for a
    /// deployed site where there is one, else all of them.
    fn stages(&mut self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in self.managed_folders() {
            for project in self.workspace.folder(&folder).folders.iter() {
                let package = folder.join(project).join("wsgi");
                let listing = self.workspace.folder(&package);
                let init = package.join("__init__.py");
                if listing.has("__init__.py") && self.workspace.project(&init).is_some() {
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

    /// The app root and the folders in it that have a `manage.py`.
    fn managed_folders(&mut self) -> Vec<PathBuf> {
        let folders = std::iter::once(PathBuf::new()).chain(self.folders(1));
        folders.filter(|folder| self.workspace.folder(folder).has("manage.py")).collect()
    }
}
