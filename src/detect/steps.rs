//! The rules, in the order in which they are tried.

use std::path::{Path, PathBuf};

use super::command;
use super::django::Project;
use super::frameworks;
use super::meaning::{Kind, raw_interface};
use super::names::{DOCUMENTED, OBJECTS, OTHER_FOLDERS, USUAL_FILES, USUAL_FOLDERS, is_other_file, rank};
use super::objects::{Exam, Object, named_target};
use super::search_path;
use super::workspace::{Located, Workspace, dotted};
use crate::app::{Detection, Evidence, Interface, NearMiss, Notice, Step, Verdict, WebApp};
use crate::files::Files;
use crate::python::{Bound, Import, Module, Place};

/// How many folders deep an app is looked for: two folders down, and a package in there.
const MAX_DEPTH: usize = 3;

/// At most this many folders of one level are looked into.
const MAX_FOLDERS: usize = 96;

/// At most this many files without a usual name are read in one folder.
const MAX_UNUSUAL: usize = 32;

/// An app in a file.
struct Candidate {
    base: PathBuf,
    module: String,
    exam: Exam,
}

impl Candidate {
    fn object(&self) -> Option<&Object> {
        self.exam.objects.first()
    }

    /// An object comes before a factory, and a framework's before a function that happens to be a WSGI app.
    fn weakness(&self) -> (bool, bool) {
        let is_raw = |object: &Object| frameworks::is_none(object.kind.framework) && !object.is_imported;
        (self.object().is_none_or(Object::is_factory), self.object().is_none_or(is_raw))
    }

    fn command(&self, object: &Object) -> String {
        command(&self.base, &format!("{}:{}", self.module, object.name), object.kind.interface)
    }
}

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
        let candidate = self.candidate(file)?;
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
            let Some(mut candidate) = self.candidate(Path::new(name)) else { continue };
            if let Some(Located::File(package)) = self.workspace.locate(Path::new(""), &candidate.module)
                && package != Path::new(name)
            {
                self.reject(Step::Flask, &candidate);
                let Some(inside) = self.candidate(&package).filter(|inside| inside.base.as_os_str().is_empty()) else {
                    continue;
                };
                if inside.object().is_none_or(|object| object.name != "app") {
                    continue;
                }
                candidate = inside;
            }
            let name = candidate.exam.source.file.display().to_string();
            if let Some(object) = candidate.exam.documented_object() {
                if let Some(app) = self.entry_of(&candidate, &object) {
                    return Some(app);
                }
                let reason = match candidate.exam.objects.is_empty() {
                    true if candidate.exam.source.error.is_some() => format!("of `{name}`, which cannot be read"),
                    true => format!("of `{name}`, in which nothing speaks against it"),
                    false => format!("`{name}` {}", binding(&object)),
                };
                return Some(self.choose(Step::Flask, &candidate, &object, reason));
            }
            self.reject(Step::Flask, &candidate);
        }
        None
    }

    /// A Dash app of several files is not whole until the file that runs it was imported: `index.py` with
    /// `from app import app, server`, the layout, and `app.run()`.
    fn entry_of(&mut self, candidate: &Candidate, object: &Object) -> Option<WebApp> {
        if !frameworks::is_held(object.kind.framework) || candidate.exam.runs {
            return None;
        }
        let folder = candidate.exam.source.folder().to_owned();
        let listing = self.workspace.folder(&folder);
        for name in USUAL_FILES.iter().filter(|name| listing.has(name)) {
            let Some(entry) = self.candidate(&folder.join(name)) else { break };
            let mut imports = entry.exam.source.module.imports.iter();
            let is_entry = entry.exam.runs && imports.any(|import| import.module == candidate.module);
            let Some(object) = entry.object().filter(|_| is_entry && entry.base == candidate.base).cloned() else {
                continue;
            };
            let reason = format!("`{}` runs the app of `{}.py`", entry.exam.source.file.display(), candidate.module);
            return Some(self.choose(Step::Other, &entry, &object, reason));
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

    /// Django projects that are not in a folder of the root: in the root itself, deeper, or with `asgi.py` only.
    fn deeper_django(&mut self) -> Option<WebApp> {
        let mut files = Vec::new();
        let root = self.workspace.folder(Path::new(""));
        if root.has("wsgi.py") {
            files.push(PathBuf::from("wsgi.py"));
        }
        for depth in 1..MAX_DEPTH {
            for folder in self.folders(depth) {
                files.extend(
                    self.workspace.folders_with(&folder, "wsgi.py").iter().map(|folder| folder.join("wsgi.py")),
                );
            }
            if files.iter().any(|file| self.workspace.project(file).is_some()) {
                break;
            }
        }
        let mut projects = self.workspace.projects(&files);
        if projects.is_empty() {
            files = self.asgi_files();
            projects = self.workspace.projects(&files);
        }
        let project = projects.first()?;
        Some(self.choose_project(Step::Other, &projects, project))
    }

    /// `asgi.py` beside a `manage.py`, where there is no `wsgi.py`.
    fn asgi_files(&mut self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for folder in std::iter::once(PathBuf::new()).chain(self.folders(1)) {
            if self.workspace.folder(&folder).has("manage.py") {
                let folders = self.workspace.folders_with(&folder, "asgi.py");
                files.extend(folders.iter().map(|folder| folder.join("asgi.py")));
            }
        }
        files
    }

    /// A file of the root with a usual name.
    fn usual_root_file(&mut self) -> Option<WebApp> {
        let listing = self.workspace.folder(Path::new(""));
        let usual = USUAL_FILES.iter().filter(|name| !DOCUMENTED.contains(name) && listing.has(name));
        let mut found = Vec::new();
        for name in usual {
            let Some(candidate) = self.candidate(Path::new(name)) else { break };
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
            let candidate = Candidate { base: base.to_owned(), module, exam };
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
            let Some(candidate) = self.candidate(&file) else { break };
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
                let Some(candidate) = self.candidate(&folder.join(name)) else { break };
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

    /// The folders this many levels down in which an app may be, the likeliest first.
    fn folders(&mut self, depth: usize) -> Vec<PathBuf> {
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

    fn candidate(&self, file: &Path) -> Option<Candidate> {
        let base = self.workspace.base_of(file);
        let module = dotted(&base, file)?;
        let mut exam = self.workspace.examine(file, &base)?;
        if let Some(Located::File(other)) = self.workspace.locate(&base, &module).filter(|found| !found.is(file)) {
            // Python takes a package before a module of the same name.
            exam.objects.clear();
            exam.doubt = None;
            exam.reason = format!("cannot be imported: `{}` comes before it", other.display());
        }
        if exam.runs_on_import && exam.objects.first().is_some_and(|object| object.is_imported) {
            exam.objects.clear();
            exam.doubt = None;
            exam.reason = String::from("starts the development server when it is imported");
        }
        let candidate = Candidate { base, module, exam };
        Some(self.behind(&candidate).unwrap_or(candidate))
    }

    /// The app behind a file that only repairs the module path and imports it from there.
    fn behind(&self, shim: &Candidate) -> Option<Candidate> {
        let source = &shim.exam.source;
        let is_documented = DOCUMENTED.iter().any(|name| source.file == Path::new(name));
        let object = shim.object().filter(|object| object.is_imported && !is_documented)?;
        let import = reexported(&source.module, &object.name)?;
        search_path::added(source, &shim.base).into_iter().find_map(|base| {
            let Some(Located::File(file)) = self.workspace.locate(&base, &import.module) else { return None };
            let is_reached = self.workspace.locate(&shim.base, &import.module).is_some();
            let exam = self.workspace.examine(&file, &base).filter(|_| !is_reached)?;
            let is_same = exam.objects.first().is_some_and(|found| Some(&found.name) == import.name.as_ref());
            is_same.then_some(Candidate { base, module: import.module.clone(), exam })
        })
    }

    /// Chooses the first, and tells about an equally good one.
    fn choose_first(&mut self, mut found: Vec<Candidate>) -> Option<WebApp> {
        if found.is_empty() {
            return None;
        }
        let chosen = found.remove(0);
        let object = chosen.object()?.clone();
        if let Some(app) = self.entry_of(&chosen, &object) {
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

    fn choose(&mut self, step: Step, candidate: &Candidate, object: &Object, reason: String) -> WebApp {
        let file = candidate.exam.source.file.clone();
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

    fn choose_project(&mut self, step: Step, projects: &[Project], project: &Project) -> WebApp {
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
        WebApp {
            step,
            framework: "Django",
            module: project.module.clone(),
            object: (project.interface == Interface::Asgi).then(|| "application".to_owned()),
            folder: project.base.clone(),
            file: project.file.clone(),
            interface: project.interface,
            reason: format!("of `{subject}`"),
        }
    }

    pub(super) fn note(&mut self, step: Step, subject: &str, verdict: Verdict, reason: &str) {
        let evidence = Evidence { step, subject: subject.to_owned(), verdict, reason: reason.to_owned() };
        if !self.detection.evidence.contains(&evidence) {
            self.detection.evidence.push(evidence);
        }
    }

    fn outrank(&mut self, candidate: &Candidate, reason: &str) {
        let file = candidate.exam.source.file.clone();
        self.note(Step::Other, &file.display().to_string(), Verdict::Outranked, reason);
        if let Some(object) = candidate.object() {
            let command = Some(candidate.command(object));
            self.miss(NearMiss { path: file, reason: reason.to_owned(), command });
        }
    }

    /// Says why a file is not the app, and keeps it as a near miss if it is something that can be started.
    fn reject(&mut self, step: Step, candidate: &Candidate) {
        let exam = &candidate.exam;
        let file = exam.source.file.clone();
        let subject = file.display().to_string();
        self.note(step, &subject, Verdict::Rejected, &exam.reason);
        if let Some(framework) = exam.own {
            let command = framework.command(&subject);
            self.miss(NearMiss { path: file, reason: exam.reason.clone(), command });
        } else if let Some((holder, attribute)) = self.workspace.unbound_holder(&exam.source, &candidate.base) {
            self.detection.notices.push(Notice {
                message: format!("`{subject}`: the server of `{holder}` is bound to no name"),
                hint: Some(format!("add the line `{attribute} = {holder}.{attribute}` to it")),
            });
            let command = Some(format!("python {subject}"));
            self.miss(NearMiss { path: file, reason: exam.reason.clone(), command });
        }
    }

    pub(super) fn miss(&mut self, miss: NearMiss) {
        if self.detection.near_misses.iter().all(|known| known.path != miss.path) {
            self.detection.near_misses.push(miss);
        }
    }
}

impl Exam {
    /// Is there an object that a server can import?
    fn can_serve(&self) -> bool {
        !self.objects.is_empty() && !self.blocks
    }

    /// The object of a documented file: what is an app, else what may be one.
    fn documented_object(&self) -> Option<Object> {
        if self.blocks {
            return None;
        }
        self.objects.first().or(self.doubt.as_ref()).cloned()
    }
}

/// "binds `app`, a Flask app".
fn binding(object: &Object) -> String {
    let Kind { framework, .. } = object.kind;
    let verb = if object.is_factory() { "makes an app with" } else { "binds" };
    format!("{verb} `{}` ({framework})", object.name)
}

/// The import that binds a name in a file that does nothing but import it.
fn reexported<'m>(module: &'m Module, name: &str) -> Option<&'m Import> {
    let mut bindings = module.scope.bindings.iter();
    let is_shim = !bindings.clone().any(|binding| matches!(binding.bound, Bound::Function(_) | Bound::Class(_)));
    bindings.find_map(|binding| match &binding.bound {
        Bound::Import(import) if binding.name == name && is_shim && import.level == 0 => Some(import),
        _ => None,
    })
}

/// Is there anything in a file without a usual name that makes it worth following? Most are scripts and models.
fn may_hold_app(module: &Module) -> bool {
    let is_framework = module.imports.iter().any(|import| frameworks::is_known_package(import.package()));
    let is_raw = module.scope.bindings.iter().any(|binding| match &binding.bound {
        Bound::Function(function) => raw_interface(function).is_some(),
        Bound::Class(class) => class.methods.iter().any(|(name, _)| name == "__call__"),
        _ => false,
    });
    let has_calls = module.scope.calls.iter().any(|call| call.place == Place::Main);
    is_framework || is_raw || has_calls || OBJECTS.iter().any(|name| module.binds(name))
}
