//! One detection under way: what was looked at, what came of it, and the choice.

use std::path::{Path, PathBuf};

use super::candidate::Candidate;
use super::command;
use super::django::Project;
use super::exam::Exam;
use super::frameworks::Framework;
use super::names::{OBJECTS, OTHER_FOLDERS, USUAL_FOLDERS, rank};
use super::objects::Object;
use super::starts::is_script;
use super::thing::Kind;
use super::workspace::Workspace;
use crate::files::Files;
use crate::model::{Detection, Evidence, Interface, NearMiss, Notice, Step, Verdict, WebApp};

/// At most this many folders of one level are looked into.
const MAX_FOLDERS: usize = 96;

/// One detection under way.
pub(super) struct Search<'a> {
    pub(super) workspace: Workspace<'a>,
    pub(super) detection: Detection,
    /// The folders of each level, from the app root down, as far as they were asked for.
    levels: Vec<Vec<PathBuf>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(files: &'a dyn Files, root: &'a Path) -> Self {
        Self {
            workspace: Workspace::new(files, root),
            detection: Detection::default(),
            levels: vec![vec![PathBuf::new()]],
        }
    }

    pub(super) fn into_detection(self) -> Detection {
        self.detection
    }

    /// The folders this many levels down in which an app may be, the likeliest first.
    pub(super) fn folders(&mut self, depth: usize) -> Vec<PathBuf> {
        while self.levels.len() <= depth {
            let mut next = Vec::new();
            for folder in &self.levels[self.levels.len() - 1] {
                let listing = self.workspace.folder(folder);
                let mut names: Vec<_> = listing.folders.iter().filter(|name| !OTHER_FOLDERS.contains(name)).collect();
                names.sort_by_cached_key(|name| (rank(USUAL_FOLDERS, name), *name));
                next.extend(names.into_iter().take(MAX_FOLDERS).map(|name| folder.join(name)));
            }
            next.truncate(MAX_FOLDERS);
            self.levels.push(next);
        }
        self.levels[depth].clone()
    }

    /// Chooses the first, and tells about an equally good one.
    pub(super) fn choose_first(&mut self, mut found: Vec<Candidate>) -> Option<WebApp> {
        if found.is_empty() {
            return None;
        }
        let chosen = found.remove(0);
        let object = chosen.object()?.clone();
        if let Some(app) = self.entry_of(Step::Other, &chosen, &object) {
            return Some(app);
        }
        let file = chosen.exam.source.file.display().to_string();
        let reason = format!("`{file}` {}", binding(&object));
        let app = self.choose(Step::Other, &chosen, &object, reason);
        for other in &found {
            self.outrank(other, &format!("`{file}` comes first"));
        }
        let rival = found.iter().find(|other| {
            other.object().is_some_and(|rival| !rival.is_imported && !rival.is_factory())
                && !object.is_imported
                && !object.is_factory()
        });
        if let Some((rival, rival_object)) = rival.and_then(|rival| Some((rival, rival.object()?))) {
            self.detection.notices.push(Notice {
                message: format!(
                    "`{}` holds a web app too; starting `{}:{}`",
                    rival.exam.source.file.display(),
                    app.module,
                    object.name
                ),
                hint: Some(format!("to start the other, give the command `{}`", rival.command(rival_object))),
            });
        }
        Some(app)
    }

    pub(super) fn choose(&mut self, step: Step, candidate: &Candidate, object: &Object, reason: String) -> WebApp {
        let file = candidate.exam.source.file.clone();
        if let Some((file, reason)) = &candidate.left_by {
            self.note(step, &file.display().to_string(), Verdict::Rejected, reason);
        }
        self.note(step, &file.display().to_string(), Verdict::Chosen, &binding(object));
        if candidate.exam.runs_on_import {
            self.detection.notices.push(Notice {
                message: format!("`{}` starts its development server when it is imported", file.display()),
                hint: Some(format!("put `{}.run(...)` under `if __name__ == \"__main__\":`", object.name)),
            });
        }
        WebApp {
            step,
            framework: object.kind.framework,
            module: candidate.module.clone(),
            object: Some(object.name.clone()),
            folder: candidate.base.clone(),
            file,
            interface: object.kind.interface,
            reason,
        }
    }

    pub(super) fn choose_project(&mut self, step: Step, projects: &[Project], project: &Project) -> WebApp {
        let subject = project.file.display().to_string();
        let reason = if projects.len() > 1 && project.is_managed {
            "`manage.py` means this project"
        } else {
            "is a Django project"
        };
        self.note(step, &subject, Verdict::Chosen, reason);
        for other in projects.iter().filter(|other| other.file != project.file) {
            let reason = format!("`{subject}` comes first");
            self.note(step, &other.file.display().to_string(), Verdict::Outranked, &reason);
        }
        if let Some(other) = projects.iter().find(|other| other.file != project.file && !project.is_managed) {
            self.detection.notices.push(Notice {
                message: format!(
                    "found {} Django projects; starting `{}`, not `{}`",
                    projects.len(),
                    project.module,
                    other.module
                ),
                hint: Some(format!(
                    "to start the other, give the command `{}`",
                    command(&other.base, &other.module, other.interface)
                )),
            });
        }
        let reason = if projects.len() > 1 && project.is_managed {
            format!("`{subject}`, which `manage.py` means")
        } else {
            format!("`{subject}`")
        };
        WebApp {
            step,
            framework: "Django",
            module: project.module.clone(),
            object: (project.interface == Interface::Asgi).then(|| "application".to_owned()),
            folder: project.base.clone(),
            file: project.file.clone(),
            interface: project.interface,
            reason,
        }
    }

    pub(super) fn note(&mut self, step: Step, subject: &str, verdict: Verdict, reason: &str) {
        let evidence = Evidence { step, subject: subject.to_owned(), verdict, reason: reason.to_owned() };
        if !self.detection.evidence.contains(&evidence) {
            self.detection.evidence.push(evidence);
        }
    }

    pub(super) fn outrank(&mut self, candidate: &Candidate, reason: &str) {
        let file = candidate.exam.source.file.clone();
        self.note(Step::Other, &file.display().to_string(), Verdict::Outranked, reason);
        if let Some(object) = candidate.object() {
            let command = Some(candidate.command(object));
            self.miss(NearMiss { path: file, reason: reason.to_owned(), command });
        }
    }

    /// Says why a file is not the app, and keeps it as a near miss if it is something that can be started.
    pub(super) fn reject(&mut self, step: Step, candidate: &Candidate) {
        let exam = &candidate.exam;
        let file = exam.source.file.clone();
        let subject = file.display().to_string();
        self.note(step, &subject, Verdict::Rejected, &exam.reason);
        if let Some(framework) = exam.own {
            self.miss_own(framework, exam);
        } else if let Some((holder, attribute)) = self.workspace.unbound_holder(&exam.source, &candidate.base) {
            self.detection.notices.push(Notice {
                message: format!("`{subject}`: the server of `{holder}` is bound to no name"),
                hint: Some(format!("add the line `{attribute} = {holder}.{attribute}` to it")),
            });
            let command = Some(format!("python {subject}"));
            self.miss(NearMiss { path: file, reason: exam.reason.clone(), command });
        }
    }

    /// Keeps what runs in a server of its own as a near miss, unless it is only a part of it that starts nothing.
    pub(super) fn miss_own(&mut self, framework: &Framework, exam: &Exam) {
        let module = &exam.source.module;
        let binds_app = OBJECTS.iter().any(|name| module.binds(name));
        if framework.has_runner() || binds_app || is_script(module) {
            let path = exam.source.file.clone();
            let command = framework.command(&path.display().to_string());
            self.miss(NearMiss { path, reason: exam.reason.clone(), command });
        }
    }

    pub(super) fn miss(&mut self, miss: NearMiss) {
        if self.detection.near_misses.iter().all(|known| known.path != miss.path) {
            self.detection.near_misses.push(miss);
        }
    }
}

/// "binds `app`, a Flask app".
pub(super) fn binding(object: &Object) -> String {
    let Kind { framework, .. } = object.kind;
    let verb = if object.is_factory() { "makes an app with" } else { "binds" };
    format!("{verb} `{}` ({framework})", object.name)
}
