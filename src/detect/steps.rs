//! The rules, in the order in which they are tried.

use std::path::{Path, PathBuf};

use super::candidate::{Candidate, may_hold_app};
use super::names::{DOCUMENTED, OTHER_FOLDERS, USUAL_FILES, is_other_file};
use super::objects::Object;
use super::search::{Search, binding};
use super::starts::named_target;
use super::workspace::Located;
use crate::model::{Step, Verdict, WebApp};

/// How many folders deep an app is looked for: two folders down, and a package in there.
pub(super) const MAX_DEPTH: usize = 3;

/// At most this many files without a usual name are read in one folder.
const MAX_UNUSUAL: usize = 32;

impl Search<'_> {
    /// Tries every rule until one finds an app.
    pub(super) fn run(&mut self) {
        let app = self.django().or_else(|| self.flask()).or_else(|| self.other());
        if app.is_none() {
            self.find_misses();
        }
        self.detection.app = app;
    }

    /// Step 2: a folder of the root with `wsgi.py`.
    fn django(&mut self) -> Option<WebApp> {
        let folders = self.workspace.folders_with(Path::new(""), "wsgi.py");
        if folders.is_empty() {
            self.note(Step::Django, "*/wsgi.py", Verdict::Absent, "no folder of the app root has one");
            return None;
        }
        let files: Vec<_> = folders.iter().map(|folder| folder.join("wsgi.py")).collect();
        let projects = self.workspace.projects(&files);
        if let Some(project) = projects.first() {
            return Some(self.choose_project(Step::Django, &projects, project));
        }
        files.iter().find_map(|file| self.foreign_wsgi(file))
    }

    /// A `wsgi.py` that is not Django's: the documented command works when it binds `application`.
    fn foreign_wsgi(&mut self, file: &Path) -> Option<WebApp> {
        let folder = file.parent().and_then(Path::to_str).unwrap_or_default();
        let is_other = OTHER_FOLDERS.contains(&folder);
        let candidate = self.workspace.candidate(file)?;
        let application = candidate.exam.objects.iter().find(|object| object.name == "application").cloned();
        let unclear = candidate.exam.source.error.is_some().then(|| candidate.exam.doubt.clone()).flatten();
        match application.or(unclear.map(|object| Object { name: "application".to_owned(), ..object })) {
            // The documented command imports it from the app root.
            Some(object) if !is_other && candidate.base.as_os_str().is_empty() => {
                let reason = format!("`{}` binds `application`", file.display());
                Some(self.choose(Step::Django, &candidate, &object, reason))
            }
            found => {
                let reason = match found {
                    Some(_) => "is not Django's and cannot be imported from the app root",
                    None => "is not Django's and binds no `application`",
                };
                self.note(Step::Django, &file.display().to_string(), Verdict::Rejected, reason);
                None
            }
        }
    }

    /// Step 3: `application.py`, else `app.py`.
    fn flask(&mut self) -> Option<WebApp> {
        let listing = self.workspace.folder(Path::new(""));
        for name in DOCUMENTED {
            if !listing.has(name) {
                self.note(Step::Flask, name, Verdict::Absent, "not in the app root");
                continue;
            }
            let Some(mut candidate) = self.workspace.candidate(Path::new(name)) else { continue };
            if let Some(Located::File(package)) = self.workspace.locate(Path::new(""), &candidate.module)
                && package != Path::new(name)
            {
                self.reject(Step::Flask, &candidate);
                let Some(inside) =
                    self.workspace.candidate(&package).filter(|inside| inside.base.as_os_str().is_empty())
                else {
                    continue;
                };
                if inside.object().is_none_or(|object| object.name != "app") {
                    continue;
                }
                candidate = inside;
            }
            let name = candidate.exam.source.file.display().to_string();
            if let Some(object) = candidate.exam.documented_object() {
                if let Some(app) = self.entry_of(Step::Flask, &candidate, &object) {
                    return Some(app);
                }
                let reason = match candidate.exam.objects.is_empty() {
                    true if candidate.exam.source.error.is_some() => {
                        format!("`{name}` cannot be read, and is started as documented")
                    }
                    true => format!("`{name}` does not show its app, and is started as documented"),
                    false => format!("`{name}` {}", binding(&object)),
                };
                return Some(self.choose(Step::Flask, &candidate, &object, reason));
            }
            self.reject(Step::Flask, &candidate);
        }
        None
    }

    /// Step 4: any other web app that can be recognised with certainty.
    fn other(&mut self) -> Option<WebApp> {
        self.deeper_django()
            .or_else(|| self.usual_root_file())
            .or_else(|| self.named_in_root_file())
            .or_else(|| self.only_root_file())
            .or_else(|| (1..=MAX_DEPTH).find_map(|depth| self.level(depth)))
    }

    /// A file of the root with a usual name.
    fn usual_root_file(&mut self) -> Option<WebApp> {
        let listing = self.workspace.folder(Path::new(""));
        let usual = USUAL_FILES.iter().filter(|name| !DOCUMENTED.contains(name) && listing.has(name));
        let mut found = Vec::new();
        for name in usual {
            let Some(candidate) = self.workspace.candidate(Path::new(name)) else { break };
            if candidate.exam.can_serve() {
                found.push(candidate);
            } else {
                self.reject(Step::Other, &candidate);
            }
        }
        found.sort_by_key(Candidate::weakness);
        self.choose_first(found)
    }

    /// A module that a file of the root hands to a server as text: `uvicorn.run("app.main:app")`.
    fn named_in_root_file(&mut self) -> Option<WebApp> {
        let listing = self.workspace.folder(Path::new(""));
        let usual = USUAL_FILES.iter().filter(|name| listing.has(name));
        for name in usual {
            let Some(source) = self.workspace.source(Path::new(name)) else { break };
            let Some((module, object)) = named_target(&source) else { continue };
            let base = Path::new("");
            let Some(Located::File(file)) = self.workspace.locate(base, &module) else { continue };
            let Some(exam) = self.workspace.examine(&file, base) else { continue };
            let Some(object) = exam.objects.iter().find(|found| found.name == object).cloned() else { continue };
            let candidate = Candidate { base: base.to_owned(), module, exam, left_by: None };
            let reason = format!("`{name}` hands `{}:{}` to its server", candidate.module, object.name);
            return Some(self.choose(Step::Other, &candidate, &object, reason));
        }
        None
    }

    /// Any other file of the root, when exactly one binds an app.
    fn only_root_file(&mut self) -> Option<WebApp> {
        let listing = self.workspace.folder(Path::new(""));
        let is_unusual = |name: &&String| !USUAL_FILES.contains(&name.as_str()) && !is_other_file(name);
        let names = listing.python.iter().filter(is_unusual).filter(|name| *name != "application.py");
        let mut found = self.only_files(names.take(MAX_UNUSUAL).map(PathBuf::from).collect());
        if found.len() > 1 {
            for candidate in found.drain(..) {
                self.outrank(&candidate, "several files of the app root bind an app, and none has a usual name");
            }
        }
        self.choose_first(found)
    }

    /// Of files without a usual name, those that bind an app of their own, or start one; those that others import
    /// left out when there is one that nobody imports.
    fn only_files(&mut self, files: Vec<PathBuf>) -> Vec<Candidate> {
        let mut found = Vec::new();
        for file in files {
            let Some(source) = self.workspace.source(&file) else { break };
            if !may_hold_app(&source.module) {
                continue;
            }
            let Some(candidate) = self.workspace.candidate(&file) else { break };
            let is_own = candidate.object().is_some_and(|object| !object.is_imported || candidate.exam.runs);
            if is_own && candidate.exam.can_serve() {
                found.push(candidate);
            } else if candidate.exam.own.is_some() || candidate.exam.blocks {
                self.reject(Step::Other, &candidate);
            }
        }
        let is_imported = |candidate: &Candidate| {
            let importers = found.iter().filter(|other| other.module != candidate.module);
            importers
                .flat_map(|other| &other.exam.source.module.imports)
                .any(|import| import.module == candidate.module || import.names.contains(&candidate.module))
        };
        let entries: Vec<bool> = found.iter().map(|candidate| !is_imported(candidate)).collect();
        if entries.contains(&true) {
            let mut entries = entries.into_iter();
            found.retain(|_| entries.next().unwrap_or(true));
        }
        let is_plain = |candidate: &Candidate| candidate.object().is_some_and(|object| !object.is_factory());
        if found.iter().any(is_plain) {
            found.retain(is_plain);
        }
        if found.iter().any(|candidate| candidate.exam.runs) {
            found.retain(|candidate| candidate.exam.runs);
        }
        found
    }

    /// Packages and folders this many levels down: usual file names first, then any other when it is the only one.
    fn level(&mut self, depth: usize) -> Option<WebApp> {
        let folders = self.folders(depth);
        let mut found = Vec::new();
        for folder in &folders {
            let listing = self.workspace.folder(folder);
            let own_name = folder.file_name().and_then(|name| name.to_str()).map(|name| format!("{name}.py"));
            let usual = USUAL_FILES.iter().copied().filter(|name| listing.has(name));
            let own_name = own_name.filter(|name| !USUAL_FILES.contains(&name.as_str()) && listing.has(name));
            for name in usual.chain(own_name.as_deref()) {
                let Some(candidate) = self.workspace.candidate(&folder.join(name)) else { break };
                if candidate.exam.can_serve() {
                    found.push(candidate);
                } else if name != "__init__.py" {
                    self.reject(Step::Other, &candidate);
                }
            }
        }
        if found.is_empty() {
            let mut files = Vec::new();
            for folder in &folders {
                let listing = self.workspace.folder(folder);
                let is_unusual = |name: &&String| !USUAL_FILES.contains(&name.as_str()) && !is_other_file(name);
                files.extend(listing.python.iter().filter(is_unusual).map(|name| folder.join(name)));
            }
            files.truncate(MAX_UNUSUAL);
            found = self.only_files(files);
            if found.len() > 1 {
                for candidate in found.drain(..) {
                    self.outrank(&candidate, "several files bind an app, and none has a usual name");
                }
            }
        }
        found.sort_by_key(Candidate::weakness);
        self.choose_first(found)
    }
}
