//! Django projects: which `wsgi.py` is one, from where it is imported, and which of several `manage.py` means.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::workspace::{Located, Source, Workspace, dotted};
use crate::model::Interface;
use crate::python::source::{Bound, Scope, Value};

/// At most this many `wsgi.py` are read.
const MAX_PROJECTS: usize = 16;

/// A Django project.
#[derive(Clone, Debug)]
pub(super) struct Project {
    /// Its `wsgi.py` or `asgi.py`.
    pub file: PathBuf,
    /// The folder of the module path.
    pub base: PathBuf,
    /// The dotted name from there.
    pub module: String,
    /// WSGI, but for `asgi.py`.
    pub interface: Interface,
    /// Does `manage.py` mean this one?
    pub is_managed: bool,
}

impl Workspace<'_> {
    /// The Django projects among these files, the best first: what `manage.py` means, then the shallowest, then by
    /// name.
    pub(super) fn projects(&self, files: &[PathBuf]) -> Vec<Project> {
        let found = files.iter().take(MAX_PROJECTS).filter_map(|file| self.project(file));
        let mut projects: Vec<_> = found.collect();
        if projects.len() > 1 {
            for project in &mut projects {
                project.is_managed = self.is_managed(project);
            }
            projects.sort_by_key(|project| {
                let depth = project.file.components().count();
                let is_other = project.file.components().any(|part| {
                    part.as_os_str().to_str().is_some_and(|name| super::names::OTHER_FOLDERS.contains(&name))
                });
                (!project.is_managed, is_other, depth, project.file.clone())
            });
        }
        projects
    }

    /// The project of a `wsgi.py` or `asgi.py`, if it is Django's.
    pub(super) fn project(&self, file: &Path) -> Option<Project> {
        let source = self.source(file)?;
        if !is_django(&source) {
            return None;
        }
        let base = self.project_base(&source);
        let module = dotted(&base, file)?;
        let is_asgi = file.file_name().is_some_and(|name| name == "asgi.py");
        let interface = if is_asgi { Interface::Asgi } else { Interface::Wsgi };
        Some(Project { file: file.to_owned(), base, module, interface, is_managed: false })
    }

    /// The folder from which the settings module can be imported; without such, the one with `manage.py`; without
    /// that, the one above, as documented.
    fn project_base(&self, source: &Source) -> PathBuf {
        let folder = source.folder();
        let above = folder.parent().unwrap_or(folder);
        let settings = settings_module(&source.module.scope);
        if let Some(settings) = settings {
            let top = settings.split('.').next().unwrap_or_default();
            if folder.file_name().is_some_and(|name| name == top) {
                return above.to_owned();
            }
            let mut bases = [above, folder].into_iter().chain(folder.ancestors().skip(2));
            if let Some(base) = bases.find(|base| self.locate(base, settings).is_some()) {
                return base.to_owned();
            }
        }
        let managed = folder.ancestors().skip(1).find(|base| self.folder(base).has("manage.py"));
        managed.unwrap_or(above).to_owned()
    }

    /// Does the `manage.py` beside the module path mean this project?
    fn is_managed(&self, project: &Project) -> bool {
        let manage = project.base.join("manage.py");
        if !self.is_file(&manage) {
            return false;
        }
        let Some(source) = self.source(&manage) else { return false };
        let Some(settings) = settings_module(&source.module.scope) else { return false };
        match self.wsgi_application(&project.base, settings, 4) {
            Some(application) => application.strip_prefix(&project.module).is_some_and(|rest| rest.starts_with('.')),
            None => settings.split('.').next() == project.module.split('.').next(),
        }
    }

    /// `WSGI_APPLICATION` of a settings module, also through `from .base import *`.
    fn wsgi_application(&self, base: &Path, settings: &str, hops: usize) -> Option<String> {
        let Located::File(file) = self.locate(base, settings)? else { return None };
        self.application_setting(base, &self.source(&file)?, hops)
    }

    fn application_setting(&self, base: &Path, source: &Rc<Source>, hops: usize) -> Option<String> {
        if let Some(application) = source.module.string("WSGI_APPLICATION") {
            return Some(application.to_owned());
        }
        if hops == 0 {
            return None;
        }
        source.module.scope.stars.iter().rev().find_map(|star| {
            match self.locate_import(source, base, star.level, &star.module)? {
                Located::File(file) => self.application_setting(base, &self.source(&file)?, hops - 1),
                Located::Folder(_) => None,
            }
        })
    }
}

/// Is this `wsgi.py` Django's?
pub(super) fn is_django(source: &Source) -> bool {
    let packages = ["django", "configurations", "channels"];
    let mut imports = source.module.imports.iter();
    imports.any(|import| import.level == 0 && packages.contains(&import.package()))
        || settings_module(&source.module.scope).is_some()
}

/// The settings module that a file names: `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")`.
pub(super) fn settings_module(scope: &Scope) -> Option<&str> {
    let here = scope.calls.iter().find_map(|call| match &call.value {
        Value::Call { arguments, .. } => match arguments.as_slice() {
            [Value::String(key), Value::String(settings)] if key == "DJANGO_SETTINGS_MODULE" => Some(settings.as_str()),
            _ => None,
        },
        _ => None,
    });
    here.or_else(|| {
        scope.bindings.iter().find_map(|binding| match &binding.bound {
            Bound::Function(function) => settings_module(&function.scope),
            _ => None,
        })
    })
}
