//! Which file a module name means, and which module name a file has, as Python's import system has it.

use std::path::{Component, Path, PathBuf};

use super::{Project, SourceFile, sys_path};

/// What a module name leads to.
pub(in crate::detect) enum Located {
    /// A file: a module, or the `__init__.py` of a package.
    File(PathBuf),
    /// A folder without `__init__.py`.
    Folder(PathBuf),
}

impl Located {
    /// The file, if it is one.
    pub(in crate::detect) fn file(self) -> Option<PathBuf> {
        match self {
            Self::File(file) => Some(file),
            Self::Folder(_) => None,
        }
    }
}

impl Project<'_> {
    /// Where a dotted module name leads from an import root. A package comes before a module of the same name, as in
    /// Python.
    pub(in crate::detect) fn locate(&self, root: &Path, module: &str) -> Option<Located> {
        let mut at = Located::Folder(root.to_owned());
        for part in module.split('.').filter(|part| !part.is_empty()) {
            let folder = match &at {
                Located::Folder(folder) => folder.clone(),
                Located::File(file) if is_package(file) => file.parent()?.to_owned(),
                Located::File(_) => return None,
            };
            at = self.submodule(&folder, part)?;
        }
        Some(at)
    }

    /// One module of a folder.
    pub(in crate::detect) fn submodule(&self, folder: &Path, name: &str) -> Option<Located> {
        let listing = self.folder(folder);
        if listing.folders.iter().any(|folder| folder == name) {
            let package = folder.join(name);
            let init = package.join("__init__.py");
            let here = self.folder(&package);
            if here.has("__init__.py") {
                return Some(Located::File(init));
            }
            if !listing.has(&format!("{name}.py")) {
                // A folder of templates or images is no package that anybody imports.
                let holds_modules = !here.python.is_empty() || !here.folders.is_empty();
                return holds_modules.then_some(Located::Folder(package));
            }
        }
        let file = format!("{name}.py");
        listing.has(&file).then(|| Located::File(folder.join(file)))
    }

    /// Where an import statement of a file leads: `level` is its number of leading dots.
    pub(in crate::detect) fn locate_import(
        &self,
        source: &SourceFile,
        root: &Path,
        level: u32,
        module: &str,
    ) -> Option<Located> {
        if level > 0 {
            let up = usize::try_from(level - 1).ok()?;
            let package = source.folder().ancestors().nth(up)?;
            if module.is_empty() && self.folder(package).has("__init__.py") {
                return Some(Located::File(package.join("__init__.py")));
            }
            return self.locate(package, module);
        }
        let located = self.locate(root, module);
        let located =
            located.or_else(|| sys_path::added(source, root).iter().find_map(|folder| self.locate(folder, module)));
        if located.is_some() || source.folder() == root {
            return located;
        }
        // A script finds the modules beside it, wherever it is started from; what it imports is never itself: a file
        // `core/flask.py` takes `Flask` from the package.
        let beside = self.locate(source.folder(), module)?;
        (!matches!(&beside, Located::File(file) if *file == source.path)).then_some(beside)
    }

    /// Where a module leads when it is looked for only in the folders that a file adds to `sys.path`: the folder, and
    /// the module in it.
    pub(in crate::detect) fn locate_added(
        &self,
        source: &SourceFile,
        root: &Path,
        module: &str,
    ) -> Vec<(PathBuf, Located)> {
        let added = sys_path::added(source, root).into_iter();
        added.filter_map(|folder| self.locate(&folder, module).map(|located| (folder, located))).collect()
    }
}

/// The app root's own `__init__.py`: the folder above is not the app's, so it is a module by its own name.
pub(in crate::detect) const INIT_OF_ROOT: &str = "__init__.py";

/// Is this file the `__init__.py` of a package?
pub(in crate::detect) fn is_package(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "__init__.py")
}

/// The dotted name of a file from an import root; `None` if a part of it has a name that cannot be imported.
pub(in crate::detect) fn dotted_name(root: &Path, file: &Path) -> Option<String> {
    let below = file.strip_prefix(root).ok()?;
    if below.as_os_str() == INIT_OF_ROOT && root.as_os_str().is_empty() {
        return Some("__init__".to_owned());
    }
    let below = if is_package(below) { below.parent()?.to_owned() } else { below.with_extension("") };
    let mut name = String::new();
    for part in below.components() {
        let Component::Normal(part) = part else { return None };
        let part = part.to_str().filter(|part| is_importable(part))?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    (!name.is_empty()).then_some(name)
}

/// Can a part of a module name be called this? `import_module` takes any name without a dot, so `my-app:app` works
/// although no `import` statement could say it.
fn is_importable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['.', ':'])
}
