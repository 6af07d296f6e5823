//! Django: step 2, a folder of the app root with `wsgi.py`; and in step 4 the projects that step 2 does not know.

mod deeper;
mod project;

use std::path::Path;

use super::search::Search;
use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::names::OTHER_FOLDERS;
use crate::detect::start_command::start_command;
use crate::model::{Interface, Step, Verdict, WebApp};
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
    let candidate = Candidate::of_file(search.inference, file)?;
    let report = &candidate.report;
    let application = report.objects.iter().find(|object| object.name == "application").cloned();
    let unread = report.source.error.is_some().then(|| report.unverified.clone()).flatten();
    let found = application.or(unread.map(|object| AppObject { name: "application".to_owned(), ..object }));
    let reason = match found {
        Some(object) if !OTHER_FOLDERS.has(folder) && candidate.root.as_os_str().is_empty() => {
            let reason = format!("`{}` binds `application`", file.display());
            return Some(search.choose(Step::Django, &candidate, &object, reason));
        }
        Some(_) => "is not Django's and cannot be imported from the app root",
        None => "is not Django's and binds no `application`",
    };
    search.note(Step::Django, &file.display().to_string(), Verdict::Rejected, reason);
    None
}

/// Makes a project the answer, and tells about the others.
fn choose(search: &mut Search, step: Step, projects: &[DjangoProject], project: &DjangoProject) -> WebApp {
    let subject = project.file.display().to_string();
    let is_told_by_manage = projects.len() > 1 && project.is_managed;
    let reason = if is_told_by_manage { "`manage.py` means this project" } else { "is a Django project" };
    search.note(step, &subject, Verdict::Chosen, reason);
    let others = || projects.iter().filter(|other| other.file != project.file);
    for other in others() {
        let reason = format!("`{subject}` comes first");
        search.note(step, &other.file.display().to_string(), Verdict::Outranked, &reason);
    }
    if let Some(other) = others().next().filter(|_| !project.is_managed) {
        let command = start_command(&other.root, &other.module, other.interface);
        search.notice(
            format!("found {} Django projects; starting `{}`, not `{}`", projects.len(), project.module, other.module),
            format!("to start the other, give the command `{command}`"),
        );
    }
    let reason =
        if is_told_by_manage { format!("`{subject}`, which `manage.py` means") } else { format!("`{subject}`") };
    WebApp {
        step,
        framework: "Django",
        module: project.module.clone(),
        object: (project.interface == Interface::Asgi).then(|| "application".to_owned()),
        folder: project.root.clone(),
        file: project.file.clone(),
        interface: project.interface,
        reason,
    }
}
