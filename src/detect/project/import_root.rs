//! The import root of a file: the folder from which it must be imported, so that its own imports work.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::locate::{Located, is_package};
use super::{Project, SourceFile};
use crate::detect::limits;
use crate::python::source::Imported;

/// How badly a folder serves as the import root; the least is taken.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// Modules of the app that could be imported from another folder, but not from this one.
    missing: usize,
    /// How many modules of the app are not found from here, counted down from the largest number.
    not_found: usize,
    /// Without imports that say anything: 0 for the folder that convention names.
    unusual: bool,
}

impl Project<'_> {
    /// The folder from which `file` is to be imported: the one from which most of the app's own imports can be
    /// followed, in the file and in what it imports. What says nothing leaves convention: above a package, else the
    /// file's own folder.
    pub(in crate::detect) fn import_root(&self, file: &Path) -> PathBuf {
        let folder = file.parent().unwrap_or(Path::new(""));
        if folder.as_os_str().is_empty() {
            return PathBuf::new();
        }
        let roots: Vec<&Path> = folder.ancestors().collect();
        let usual = self.conventional_root(folder);
        // The file's own imports settle it most of the time; nothing else is read then.
        let fits = roots.iter().map(|root| (self.fit(file, root, &roots, &usual, 1), *root));
        let mut good = fits.filter(|(fit, _)| fit.missing == 0).map(|(fit, root)| (fit.not_found < usize::MAX, root));
        if let (Some((true, root)), None) = (good.next(), good.next()) {
            return root.to_owned();
        }
        let fits = roots.iter().map(|root| (self.fit(file, root, &roots, &usual, limits::IMPORTING_FILES), *root));
        // Of equals the nearest; the file's own folder comes first.
        fits.min_by(|(one, _), (other, _)| one.cmp(other)).map_or(usual, |(_, root)| root.to_owned())
    }

    /// Do the imports of a file, and of what it imports, work when it is imported from the app root?
    pub(in crate::detect) fn can_be_imported_from_root(&self, file: &Path) -> bool {
        let root = Path::new("");
        let roots: Vec<&Path> = file.ancestors().skip(1).collect();
        self.fit(file, root, &roots, root, limits::IMPORTING_FILES).missing == 0
    }

    fn conventional_root(&self, folder: &Path) -> PathBuf {
        let is_inside = |folder: &&Path| self.folder(folder).has("__init__.py");
        let above = folder.ancestors().find(|folder| !is_inside(folder)).unwrap_or(Path::new(""));
        if self.is_marked(folder) && above != folder && !self.has_relative_import(folder) {
            folder.to_owned()
        } else {
            above.to_owned()
        }
    }

    fn has_relative_import(&self, folder: &Path) -> bool {
        let listing = self.folder(folder);
        listing.python.iter().take(limits::RELATIVE_IMPORTERS).any(|name| {
            let source = self.source(&folder.join(name));
            source.is_some_and(|source| source.module.imports.iter().any(|import| import.level > 0))
        })
    }

    fn fit(&self, file: &Path, root: &Path, roots: &[&Path], usual: &Path, most: usize) -> Fit {
        let mut seen = BTreeSet::new();
        let packages = packages_of(file, root).into_iter().filter(|init| self.is_known_file(init));
        let mut waiting: Vec<_> = packages.chain([file.to_owned()]).collect();
        let (mut missing, mut found) = (0, 0);
        while let Some(file) = waiting.pop() {
            if seen.len() >= most || !seen.insert(file.clone()) {
                continue;
            }
            let Some(source) = self.source(&file) else { continue };
            for import in &source.module.imports {
                if import.level > 0 {
                    let is_below = is_below(&source, root, import);
                    let files = self.followed(&source, root, import);
                    missing += if is_below { 0 } else { 8 };
                    found += usize::from(is_below && !files.is_empty());
                    waiting.extend(files);
                } else if import.module != "__future__" {
                    let files = self.followed(&source, root, import);
                    let is_itself = files.iter().all(|other| *other == file);
                    if !files.is_empty() && !is_itself {
                        found += 1;
                        waiting.extend(files);
                    } else if self.is_elsewhere(import, root, roots, &file) {
                        missing += 1;
                    }
                }
            }
        }
        Fit { missing, not_found: usize::MAX - found, unusual: root != usual }
    }

    fn is_known_file(&self, init: &Path) -> bool {
        init.parent().is_some_and(|folder| self.folder(folder).has("__init__.py"))
    }

    /// The files that an import runs.
    fn followed(&self, source: &SourceFile, root: &Path, import: &Imported) -> Vec<PathBuf> {
        let located = if import.level > 0 {
            self.locate_import(source, root, import.level, &import.module)
        } else {
            let added = || self.locate_added(source, root, &import.module).into_iter().next();
            self.locate(root, &import.module).or_else(|| added().map(|(_, located)| located))
        };
        let mut files = Vec::new();
        let folder = match located {
            None => return files,
            Some(Located::File(file)) => {
                let folder = file.parent().filter(|_| is_package(&file)).map(Path::to_owned);
                files.push(file);
                folder
            }
            Some(Located::Folder(folder)) => Some(folder),
        };
        if let Some(folder) = folder {
            files.extend(import.names.iter().filter_map(|name| match self.submodule(&folder, name) {
                Some(Located::File(file)) => Some(file),
                _ => None,
            }));
        }
        files
    }

    /// Is this a module of the app when it is looked for from another folder?
    fn is_elsewhere(&self, import: &Imported, root: &Path, roots: &[&Path], file: &Path) -> bool {
        roots.iter().filter(|other| **other != root).any(|other| match self.locate(other, &import.module) {
            Some(Located::File(found)) => found != file,
            Some(Located::Folder(folder)) => {
                import.names.iter().any(|name| self.submodule(&folder, name).is_some()) || import.names.is_empty()
            }
            None => false,
        })
    }
}

/// The `__init__.py` that Python runs before the file.
fn packages_of(file: &Path, root: &Path) -> Vec<PathBuf> {
    let above = file.ancestors().skip(1).take_while(|folder| *folder != root);
    above.map(|folder| folder.join("__init__.py")).filter(|init| init != file).collect()
}

/// Does a relative import stay inside the packages below `root`?
fn is_below(source: &SourceFile, root: &Path, import: &Imported) -> bool {
    let up = usize::try_from(import.level - 1).unwrap_or(usize::MAX);
    source.folder().ancestors().nth(up).is_some_and(|package| package != root && package.starts_with(root))
}
