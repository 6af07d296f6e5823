//! What the app asks for, from the lists of packages nearest to a file.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Project;
use crate::detect::limits;
use crate::detect::words::Words;
use crate::python::releases::{self, Release, Requirement};

/// What is in the name of a list that is needed to work on the app, not to run it.
pub(super) static DEVELOPMENT_LISTS: Words = Words::new("DEVELOPMENT_LISTS", &["dev", "test", "local", "lint", "doc"]);

impl Project<'_> {
    /// Does the app ask for a release of a package before this one? Without a word, the newest is meant. `folder` is
    /// where the file is in which that matters.
    pub(in crate::detect) fn is_required_before(&self, folder: &Path, package: &str, release: Release) -> bool {
        self.requirement(folder, package).is_some_and(|requirement| requirement.is_before(release))
    }

    /// The first of these packages that the app asks for.
    pub(in crate::detect) fn first_required(
        &self,
        folder: &Path,
        mut packages: impl Iterator<Item = &'static str>,
    ) -> Option<&'static str> {
        packages.find(|package| self.requirement(folder, package).is_some())
    }

    /// What the nearest list that mentions a package says of it.
    fn requirement(&self, folder: &Path, package: &str) -> Option<Requirement> {
        folder.ancestors().find_map(|folder| {
            self.lists(folder).iter().find_map(|file| {
                let name = file.file_name()?.to_str()?;
                releases::find(name, &self.text(file)?, package)
            })
        })
    }

    /// The lists of packages of a folder: the files of its own, and those in `requirements/`.
    fn lists(&self, folder: &Path) -> Rc<[PathBuf]> {
        if let Some(known) = self.lists.borrow().get(folder) {
            return Rc::clone(known);
        }
        let lists: Rc<[_]> = self.list_files(folder).into();
        self.lists.borrow_mut().insert(folder.to_owned(), Rc::clone(&lists));
        lists
    }

    fn list_files(&self, folder: &Path) -> Vec<PathBuf> {
        let listing = self.folder(folder);
        let own = releases::FILES.iter().filter(|name| listing.notable.contains(name));
        let mut files: Vec<PathBuf> = own.map(|name| folder.join(name)).collect();
        if listing.folders.iter().any(|name| name == "requirements") {
            let folder = folder.join("requirements");
            let names = self.names(&folder).into_iter().filter(|name| {
                Path::new(name).extension().is_some_and(|extension| extension == "txt") && !is_for_development(name)
            });
            files.extend(names.take(limits::REQUIREMENT_FILES).map(|name| folder.join(name)));
        }
        files
    }
}

/// Is a list one of what is needed to work on the app, not to run it?
fn is_for_development(name: &str) -> bool {
    DEVELOPMENT_LISTS.iter().any(|word| name.contains(word))
}
