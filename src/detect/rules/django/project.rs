//! Django projects: which `wsgi.py` is one, from where it is imported, and which of several `manage.py` means.

use std::path::{Path, PathBuf};

use super::generated;
use crate::detect::limits;
use crate::detect::names::is_other_folder;
use crate::detect::project::locate::dotted_name;
use crate::detect::project::{Project, SourceFile};
use crate::model::Interface;
use crate::python::source::{Bound, Module, Place, Scope, Value};

/// What makes Django's own application and nothing around it. A copy of `wsgi.py` in the place of `asgi.py` binds what no
/// ASGI server can call.
pub(super) const DJANGO_ALONE: [&str; 2] = ["get_asgi_application", "get_wsgi_application"];

/// A Django project.
#[derive(Clone, Debug)]
pub(super) struct DjangoProject {
    /// Its `wsgi.py` or `asgi.py`.
    pub file: PathBuf,
    /// The import root.
    pub root: PathBuf,
    /// The dotted name from there.
    pub module: String,
    /// WSGI, but for `asgi.py`.
    pub interface: Interface,
    /// The name under which it binds its app, where that is not `application`: `app`, as on hosts that ask for it.
    pub object: Option<String>,
    /// Does `manage.py` mean this one?
    pub is_managed: bool,
}

/// The Django projects among these files, the best first: what `manage.py` means, then the shallowest, then by
/// name.
pub(super) fn find(project: &Project, files: &[PathBuf]) -> Vec<DjangoProject> {
    let found = files.iter().take(limits::DJANGO_PROJECTS).filter_map(|file| of_file(project, file));
    let mut projects: Vec<_> = found.collect();
    if projects.len() > 1 {
        for found in &mut projects {
            found.is_managed = is_managed(project, found);
        }
        projects.sort_by_key(|project| {
            let depth = project.file.components().count();
            let mut parts = project.file.components();
            let is_other = parts.any(|part| part.as_os_str().to_str().is_some_and(is_other_folder));
            (!project.is_managed, is_other, depth, project.file.clone())
        });
    }
    projects
}

/// The project of a `wsgi.py` or `asgi.py`, if it is Django's.
pub(super) fn of_file(project: &Project, file: &Path) -> Option<DjangoProject> {
    let text = if project.has_parsed_enough() { None } else { project.text(file) };
    let (root, object) = if let Some(settings) = text.as_deref().and_then(generated::settings_module) {
        (import_root(project, file, Some(settings)), None)
    } else {
        let source = project.source(file).filter(|source| is_django(source))?;
        (import_root(project, file, settings_module(&source.module.scope)), other_name(&source.module))
    };
    let module = dotted_name(&root, file)?;
    let is_asgi = file.file_name().is_some_and(|name| name == "asgi.py");
    let interface = if is_asgi { Interface::Asgi } else { Interface::Wsgi };
    Some(DjangoProject { file: file.to_owned(), root, module, interface, object, is_managed: false })
}

/// The name of the app that a `wsgi.py` or `asgi.py` makes and does not call `application`.
pub(super) fn other_name(module: &Module) -> Option<String> {
    let scope = &module.scope;
    if module.broken || module.binds("application") || !scope.stars.is_empty() {
        return None;
    }
    let makes_app = |value: &Value| match value {
        Value::Call { callee, .. } => callee.name().is_some_and(|path| {
            let last = path.rsplit('.').next().unwrap_or_default();
            DJANGO_ALONE.contains(&last) || last == "ProtocolTypeRouter"
        }),
        _ => false,
    };
    let made = scope.bindings.iter().rev().filter(|binding| binding.place == Place::Import);
    let mut named = made.filter(|binding| matches!(&binding.bound, Bound::Value(value) if makes_app(value)));
    named.next().map(|binding| binding.name.clone())
}

/// The folder from which the settings module can be imported; without such, the one with `manage.py`; without
/// that, the one above, as documented.
fn import_root(project: &Project, file: &Path, settings: Option<&str>) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    let above = folder.parent().unwrap_or(folder);
    if let Some(settings) = settings {
        let top = settings.split('.').next().unwrap_or_default();
        if folder.file_name().is_some_and(|name| name == top) {
            return above.to_owned();
        }
        let mut roots = [above, folder].into_iter().chain(folder.ancestors().skip(2));
        if let Some(root) = roots.find(|root| project.locate(root, settings).is_some()) {
            return root.to_owned();
        }
    }
    let managed = folder.ancestors().skip(1).find(|root| project.folder(root).has("manage.py"));
    managed.unwrap_or(above).to_owned()
}

/// Does the `manage.py` beside the module path mean this project?
fn is_managed(project: &Project, found: &DjangoProject) -> bool {
    let manage = found.root.join("manage.py");
    if !project.is_file(&manage) {
        return false;
    }
    let Some(source) = project.source(&manage) else { return false };
    let Some(settings) = settings_module(&source.module.scope) else { return false };
    match wsgi_application(project, &found.root, settings) {
        Some(application) => application.strip_prefix(&found.module).is_some_and(|rest| rest.starts_with('.')),
        None => settings.split('.').next() == found.module.split('.').next(),
    }
}

/// `WSGI_APPLICATION` of a settings module.
fn wsgi_application(project: &Project, root: &Path, settings: &str) -> Option<String> {
    let file = project.locate(root, settings)?.file()?;
    setting_in(project, root, &file, limits::SETTINGS_MODULES, &|module| {
        module.string("WSGI_APPLICATION").map(str::to_owned)
    })
}

/// What a settings module says, or one that it takes its names from with `from .base import *`.
fn setting_in<T>(
    project: &Project,
    root: &Path,
    file: &Path,
    modules: usize,
    read: &dyn Fn(&Module) -> Option<T>,
) -> Option<T> {
    let source = project.source(file)?;
    if let Some(setting) = read(&source.module) {
        return Some(setting);
    }
    let modules = modules.checked_sub(1)?;
    source.module.scope.stars.iter().rev().find_map(|star| {
        let file = project.locate_import(&source, root, star.level, &star.module)?.file()?;
        setting_in(project, root, &file, modules, read)
    })
}

/// Does a settings module of a project set this, also through `from .base import *`? Its `wsgi.py` and its `asgi.py`
/// may mean different ones.
pub(super) fn has_setting(files: &Project, project: &DjangoProject, asgi: &SourceFile, name: &str) -> bool {
    let wsgi = files.source(&project.file);
    let meant = wsgi.as_deref().into_iter().chain([asgi]).filter_map(|source| settings_module(&source.module.scope));
    let located = meant.filter_map(|settings| files.locate(&project.root, settings)?.file());
    let is_set = |module: &Module| module.binds(name).then_some(());
    let mut set = located.filter_map(|file| setting_in(files, &project.root, &file, limits::SETTINGS_MODULES, &is_set));
    set.next().is_some()
}

/// Is this `wsgi.py` Django's?
fn is_django(source: &SourceFile) -> bool {
    let packages = ["django", "configurations", "channels"];
    let mut imports = source.module.imports.iter();
    imports.any(|import| import.level == 0 && packages.contains(&import.package()))
        || settings_module(&source.module.scope).is_some()
}

/// The settings module that a file names: `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")`.
fn settings_module(scope: &Scope) -> Option<&str> {
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
