//! Django: step 2, a folder of the app root with `wsgi.py`; and in step 4 the projects that step 2 does not know.

mod asgi;
mod deeper;
mod generated;
mod project;

use std::path::{Path, PathBuf};

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::names::is_other_folder;
use crate::detect::project::locate::dotted_name;
use crate::model::{Interface, Step, Verdict, WebApp};
use asgi::AsgiSide;
pub(super) use deeper::deeper;
use project::DjangoProject;

/// Step 2: a folder of the root with `wsgi.py`.
pub(super) fn in_folder_of_root(search: &mut Search) -> Option<WebApp> {
    let folders = search.inference.project.folders_with(Path::new(""), "wsgi.py");
    if folders.is_empty() {
        search.note(Step::Django, "*/wsgi.py", Verdict::Absent, "no folder directly below the app root has one");
        return None;
    }
    let files: Vec<_> = folders.iter().map(|folder| folder.join("wsgi.py")).collect();
    let projects = project::find(&search.inference.project, &files);
    if let Some(project) = projects.first() {
        return Some(choose(search, Step::Django, &projects, project));
    }
    files.iter().find_map(|file| foreign_wsgi(search, file))
}

/// A `wsgi.py` that is not Django's: the documented command works when it binds `application` and can be imported from
/// the app root.
fn foreign_wsgi(search: &mut Search, file: &Path) -> Option<WebApp> {
    let folder = file.parent().and_then(Path::to_str).unwrap_or_default();
    let mut candidate = Candidate::of_file(search.inference, file)?;
    let is_usable_from_root = || search.inference.project.can_be_imported_from_root(file);
    if !candidate.root.as_os_str().is_empty() && candidate.file() == file && is_usable_from_root() {
        // Nothing ties it to its folder, which is then a package without `__init__.py`.
        (candidate.root, candidate.module) = (PathBuf::new(), dotted_name(Path::new(""), file)?);
    }
    let report = &candidate.report;
    let application = report.objects.iter().find(|object| object.name == "application").cloned();
    let unread = report.source.error.is_some().then(|| report.unverified.clone()).flatten();
    let found = application.or(unread.map(|object| AppObject { name: "application".to_owned(), ..object }));
    let reason = match found {
        Some(object) if !is_other_folder(folder) && candidate.root.as_os_str().is_empty() => {
            let reason = format!("`{}` binds `application`", file.display());
            return Some(search.choose(Step::Django, &candidate, &object, reason));
        }
        Some(_) => "is not Django's and cannot be imported from the app root",
        None => "is not Django's and binds no `application`",
    };
    search.note(Step::Django, &file.display().to_string(), Verdict::Rejected, reason);
    None
}

/// In step 4: a `wsgi.py` in a folder of the root that is not Django's and binds its app under another name than
/// `application`. It is there to be named in a start command, and may start more than the app: threads, jobs.
pub(super) fn other_wsgi(search: &mut Search) -> Option<WebApp> {
    let project = &search.inference.project;
    if project.folder(Path::new("")).has("wsgi.py") {
        return None;
    }
    let folders = project.folders_with(Path::new(""), "wsgi.py");
    folders.iter().find_map(|folder| {
        let is_other = folder.to_str().is_none_or(is_other_folder);
        let candidate = Candidate::of_file(search.inference, &folder.join("wsgi.py")).filter(|_| !is_other)?;
        let is_servable = candidate.report.can_serve() && candidate.root.as_os_str().is_empty();
        let object = candidate.object().filter(|object| is_servable && !object.is_factory)?.clone();
        let reason = format!("`{}` {}", candidate.file().display(), object.described());
        Some(search.choose(Step::Other, &candidate, &object, reason))
    })
}

/// Makes a project the answer, over WSGI or ASGI, and tells about the others.
fn choose(search: &mut Search, step: Step, projects: &[DjangoProject], project: &DjangoProject) -> WebApp {
    let is_told_by_manage = projects.len() > 1 && project.is_managed;
    let reason = if is_told_by_manage { "`manage.py` means this project" } else { "is a Django project" };
    let app = match asgi::asgi_side(&search.inference.project, project) {
        Some(AsgiSide { file, project: Some(asgi), reason: why }) => {
            search.note(step, &file.display().to_string(), Verdict::Chosen, &why);
            let serves_rest = format!("{reason}; `{}` serves it over ASGI", file.display());
            search.note(step, &project.file.display().to_string(), Verdict::Outranked, &serves_rest);
            let wsgi = web_app(step, project, is_told_by_manage);
            WebApp { fallback: Some(Box::new(wsgi)), ..web_app(step, &asgi, is_told_by_manage) }
        }
        side => {
            search.note(step, &project.file.display().to_string(), Verdict::Chosen, reason);
            if let Some(AsgiSide { file, reason, .. }) = side {
                search.note(step, &file.display().to_string(), Verdict::Outranked, &reason);
            }
            web_app(step, project, is_told_by_manage)
        }
    };
    tell_others(search, step, projects, project);
    app
}

fn tell_others(search: &mut Search, step: Step, projects: &[DjangoProject], project: &DjangoProject) {
    let others = || projects.iter().filter(|other| other.file != project.file);
    for other in others() {
        let reason = format!("`{}` comes first", project.file.display());
        search.note(step, &other.file.display().to_string(), Verdict::Outranked, &reason);
    }
    if let Some(other) = others().next().filter(|_| !project.is_managed) {
        let object = other.object.as_ref().map(|name| format!(":{name}")).unwrap_or_default();
        let command = search.command(&other.root, &format!("{}{object}", other.module), other.interface);
        let message =
            format!("found {} Django projects; starting `{}`, not `{}`", projects.len(), project.module, other.module);
        search.notice(message, format!("to start the other, give the command `{command}`"));
    }
}

fn web_app(step: Step, project: &DjangoProject, is_told_by_manage: bool) -> WebApp {
    let file = project.file.display();
    let reason = if is_told_by_manage { format!("`{file}`, which `manage.py` means") } else { format!("`{file}`") };
    WebApp {
        step,
        framework: "Django",
        module: project.module.clone(),
        object: project.object.clone().or((project.interface == Interface::Asgi).then(|| "application".to_owned())),
        folder: project.root.clone(),
        file: project.file.clone(),
        interface: project.interface,
        reason,
        fallback: None,
    }
}
