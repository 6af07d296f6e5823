//! One search under way: which folders are looked into, and what came of what was looked at.

use std::path::{Path, PathBuf};

use crate::detect::candidate::Candidate;
use crate::detect::candidate::objects::AppObject;
use crate::detect::candidate::report::{FileReport, unbound_holder};
use crate::detect::candidate::server_calls::is_script;
use crate::detect::frameworks::Framework;
use crate::detect::infer::Inference;
use crate::detect::limits;
use crate::detect::names::{HOLDING_FOLDERS, OBJECTS, USUAL_FOLDERS, is_other_folder};
use crate::detect::start_command::{script_command, start_command};
use crate::model::{Detection, Evidence, Interface, NearMiss, Notice, Step, Verdict, WebApp};
use crate::python::source::Bound;

/// One search under way.
pub(super) struct Search<'a> {
    pub inference: &'a Inference<'a>,
    /// gunicorn's worker class for ASGI, for commands.
    asgi_worker: &'a dyn Fn() -> &'static str,
    /// What is to be told: evidence, notices, near misses.
    told: Detection,
    /// The folders of each level, from the app root down, as far as they were asked for.
    levels: Vec<Vec<PathBuf>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(inference: &'a Inference<'a>, asgi_worker: &'a dyn Fn() -> &'static str) -> Self {
        Self { inference, asgi_worker, told: Detection::default(), levels: vec![vec![PathBuf::new()]] }
    }

    /// Ends the search.
    pub(super) fn into_detection(self, app: Option<WebApp>) -> Detection {
        Detection { app, ..self.told }
    }

    /// The folders this many levels down in which an app may be, the likeliest first.
    pub(super) fn folders(&mut self, depth: usize) -> Vec<PathBuf> {
        while self.levels.len() <= depth {
            let mut next = Vec::new();
            for folder in &self.levels[self.levels.len() - 1] {
                let listing = self.inference.project.folder(folder);
                let mut names: Vec<_> = listing.folders.iter().filter(|name| !is_other_folder(name)).collect();
                names.sort_by_cached_key(|name| (USUAL_FOLDERS.rank(name), *name));
                let names = names.into_iter().take(limits::FOLDERS_OF_A_LEVEL);
                next.extend(names.map(|name| folder.join(name)));
            }
            next.truncate(limits::FOLDERS_OF_A_LEVEL);
            self.levels.push(next);
        }
        self.levels[depth].clone()
    }

    /// The same, but below `most` levels only those in folders that hold others.
    pub(super) fn folders_of_apps(&mut self, depth: usize, most: usize) -> Vec<PathBuf> {
        let mut folders = self.folders(depth);
        if depth > most {
            let is_held = |folder: &PathBuf| {
                let top = folder.components().next().and_then(|top| top.as_os_str().to_str());
                top.is_some_and(|top| HOLDING_FOLDERS.has(top))
            };
            folders.retain(is_held);
        }
        folders
    }

    /// Makes an object of a candidate the answer.
    pub(super) fn choose(&mut self, step: Step, candidate: &Candidate, object: &AppObject, reason: String) -> WebApp {
        let file = candidate.file().to_owned();
        self.tell_of_likelier(&file);
        if let Some((file, reason)) = &candidate.redirected_from {
            self.note(step, &file.display().to_string(), Verdict::Rejected, reason);
        }
        self.note(step, &file.display().to_string(), Verdict::Chosen, &object.described());
        if candidate.report.serves_on_import {
            self.notice(
                format!("`{}` starts its development server when it is imported", file.display()),
                format!("put `{}.run(...)` under `if __name__ == \"__main__\":`", object.name),
            );
        }
        WebApp {
            step,
            framework: object.kind.framework,
            module: candidate.module.clone(),
            object: Some(object.name.clone()),
            folder: candidate.root.clone(),
            file,
            interface: object.kind.interface,
            reason,
            fallback: None,
        }
    }

    /// Tells of what was looked at before, and can be started in another way.
    fn tell_of_likelier(&mut self, chosen: &Path) {
        let Some(NearMiss { path, reason, command: Some(command) }) = self.told.near_misses.first() else { return };
        self.notice(
            format!("`{}` {reason}; starting `{}` in its place", path.display(), chosen.display()),
            format!("to start the other, give the command `{command}`"),
        );
    }

    /// The command that starts an app.
    pub(super) fn command(&self, root: &Path, target: &str, interface: Interface) -> String {
        start_command(root, target, interface, self.asgi_worker)
    }

    /// The command that starts an object of a candidate.
    pub(super) fn command_of(&self, candidate: &Candidate, object: &AppObject) -> String {
        self.command(&candidate.root, &format!("{}:{}", candidate.module, object.name), object.kind.interface)
    }

    /// Keeps a fact.
    pub(super) fn note(&mut self, step: Step, subject: &str, verdict: Verdict, reason: &str) {
        let evidence = Evidence { step, subject: subject.to_owned(), verdict, reason: reason.to_owned() };
        if !self.told.evidence.contains(&evidence) {
            self.told.evidence.push(evidence);
        }
    }

    /// Keeps a warning and what to do about it.
    pub(super) fn notice(&mut self, message: String, hint: String) {
        self.told.notices.push(Notice { message, hint: Some(hint) });
    }

    /// Keeps a candidate that would have done, with the command that starts it.
    pub(super) fn outrank(&mut self, candidate: &Candidate, reason: &str) {
        let path = candidate.file().to_owned();
        self.note(Step::Other, &path.display().to_string(), Verdict::Outranked, reason);
        if let Some(object) = candidate.object() {
            let command = Some(self.command_of(candidate, object));
            self.miss(NearMiss { path, reason: reason.to_owned(), command });
        }
    }

    /// Says why a file is not the app, and keeps it as a near miss if it is something that can be started.
    pub(super) fn reject(&mut self, step: Step, candidate: &Candidate) {
        let report = &candidate.report;
        let subject = candidate.file().display().to_string();
        self.note(step, &subject, Verdict::Rejected, &report.rejection);
        if let Some(framework) = report.standalone {
            self.miss_standalone(framework, report, &candidate.root);
        } else if report.serves_on_import && report.blocks {
            let command = Some(script_command(&candidate.root, candidate.file()));
            self.miss(NearMiss { path: candidate.file().to_owned(), reason: report.rejection.clone(), command });
        } else if let Some((holder, attribute)) = unbound_holder(self.inference, &report.source, &candidate.root) {
            self.notice(
                format!("`{subject}`: the server of `{holder}` is bound to no name"),
                format!("add the line `{attribute} = {holder}.{attribute}` to it"),
            );
            let command = Some(script_command(&candidate.root, candidate.file()));
            self.miss(NearMiss { path: candidate.file().to_owned(), reason: report.rejection.clone(), command });
        }
    }

    /// Keeps what runs in a server of its own as a near miss, unless it is only a part of it that starts nothing.
    pub(super) fn miss_standalone(&mut self, framework: &Framework, report: &FileReport, root: &Path) {
        let module = &report.source.module;
        let is_made = |name| module.scope.named(name).any(|(_, made)| matches!(made.bound, Bound::Value(_)));
        let binds_app = OBJECTS.iter().any(is_made);
        if framework.has_runner() || binds_app || is_script(module) {
            let path = report.source.path.clone();
            let command = framework.command(&path.display().to_string(), || script_command(root, &path));
            self.miss(NearMiss { path, reason: report.rejection.clone(), command });
        }
    }

    /// Keeps a near miss, the first for each file.
    pub(super) fn miss(&mut self, miss: NearMiss) {
        if self.told.near_misses.iter().all(|known| known.path != miss.path) {
            self.told.near_misses.push(miss);
        }
    }

    /// Sorts the near misses: people are told to start the first.
    pub(super) fn sort_misses<K: Ord>(&mut self, key: impl FnMut(&NearMiss) -> K) {
        self.told.near_misses.sort_by_cached_key(key);
    }
}
