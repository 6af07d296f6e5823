//! Step 4 by file names: the same search at one place after the other, from the root down.

use std::path::{Path, PathBuf};

use super::completing_file;
use super::routes_elsewhere;
use super::search::Search;
use crate::detect::candidate::objects::AppObject;
use crate::detect::candidate::{Candidate, may_hold_app};
use crate::detect::frameworks;
use crate::detect::limits;
use crate::detect::names::{DOCUMENTED, USUAL_FILES, USUAL_FOLDERS, is_for_development, is_other_file};
use crate::detect::project::Project;
use crate::detect::project::locate::INIT_OF_ROOT;
use crate::model::{Step, WebApp};

/// Which files of a folder are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Files {
    /// Those with a usual name; every one that can serve is a candidate.
    Usual,
    /// All others; one is a candidate when it is the only one, since its name says nothing.
    Unusual,
}

/// Where to look, and for what.
#[derive(Clone, Copy)]
struct Place {
    /// How many folders below the app root.
    depth: usize,
    files: Files,
    /// Why none is started when several unusual files bind an app.
    several: &'static str,
}

const SEVERAL_IN_ROOT: &str = "several files of the app root bind an app, and none has a usual name";
const SEVERAL: &str = "several files bind an app, and none has a usual name";

/// Usual names come first at each level.
const fn place(depth: usize, files: Files) -> Place {
    Place { depth, files, several: if depth == 0 { SEVERAL_IN_ROOT } else { SEVERAL } }
}

/// A file of the root with a usual name.
pub(super) fn usual_file_of_root(search: &mut Search) -> Option<WebApp> {
    look(search, place(0, Files::Usual))
}

/// Any other file of the root, then files further and further down.
pub(super) fn any_other_file(search: &mut Search) -> Option<WebApp> {
    usual_package(search).or_else(|| look(search, place(0, Files::Unusual))).or_else(|| {
        let mut below =
            (1..=limits::DEPTH + 1).flat_map(|depth| [place(depth, Files::Usual), place(depth, Files::Unusual)]);
        below.find_map(|place| look(search, place))
    })
}

/// An app under a usual name in a usual folder (`app/main.py`), where the root has files that bind an app under a name
/// that says nothing, and that have nothing to do with that folder.
fn usual_package(search: &mut Search) -> Option<WebApp> {
    let root = unusual_files(search, &[PathBuf::new()]);
    if root.is_empty() {
        return None;
    }
    let mut folders = search.folders(1);
    folders.retain(|folder| {
        let name = folder.to_str().unwrap_or_default();
        let imports = root.iter().flat_map(|candidate| &candidate.report.source.module.imports);
        USUAL_FOLDERS.has(name) && imports.clone().all(|import| import.package() != name)
    });
    let mut found = usual_files(search, &folders);
    found.retain(|candidate| candidate.object().is_some_and(is_app_itself));
    let app = choose_first(search, found)?;
    for candidate in &root {
        search.outrank(candidate, &format!("`{}` has the likelier name", app.file.display()));
    }
    Some(app)
}

fn look(search: &mut Search, place: Place) -> Option<WebApp> {
    let mut folders = search.folders_of_apps(place.depth, limits::DEPTH);
    folders.retain(|folder| !is_framework(&search.inference.project, folder));
    let found = match place.files {
        Files::Usual => usual_files(search, &folders),
        Files::Unusual => {
            if place.depth > 0 {
                leave_out_beside_library(&search.inference.project, &mut folders);
            }
            let mut found = unusual_files(search, &folders);
            if found.len() > 1 {
                for candidate in found.drain(..) {
                    search.outrank(&candidate, place.several);
                }
            }
            found
        }
    };
    choose_first(search, found)
}

/// Leaves only the folders of the project's own package, where it names one in `src/`, as libraries do: a file without a
/// usual name beside it tries the library out, or checks it.
fn leave_out_beside_library(project: &Project, folders: &mut Vec<PathBuf>) {
    let Some(own) = project.own_name() else { return };
    let package = Path::new("src").join(own.replace('-', "_"));
    if project.folder(&package).has("__init__.py") && !project.is_marked(Path::new("src")) {
        folders.retain(|folder| folder.starts_with(&package));
    }
}

/// Is this the package of a web framework in the framework's own repository, or its only module? It is no app,
/// whatever it binds.
fn is_framework(project: &Project, path: &Path) -> bool {
    let names = path.iter().filter_map(|part| part.to_str()).map(|name| name.strip_suffix(".py").unwrap_or(name));
    let mut frameworks = names.filter(|name| frameworks::is_known_package(name));
    frameworks.any(|name| project.own_name().is_some_and(|own| own == name))
}

/// The candidates with a usual name or that of their folder, the best first.
fn usual_files(search: &mut Search, folders: &[PathBuf]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for folder in folders {
        let is_root = folder.as_os_str().is_empty();
        let listing = search.inference.project.folder(folder);
        let folder_name = folder.file_name().and_then(|name| name.to_str()).map(|name| format!("{name}.py"));
        let folder_name = folder_name.filter(|name| !USUAL_FILES.has(name) && listing.has(name));
        let usual = USUAL_FILES.iter().filter(|name| listing.has(name) && !(is_root && is_unusual_in_root(name)));
        for name in usual.map(str::to_owned).chain(folder_name) {
            let Some(candidate) = Candidate::of_file(search.inference, &folder.join(&name)) else { break };
            if candidate.report.can_serve() {
                push(&mut found, candidate);
            } else if name != "__init__.py" {
                search.reject(Step::Other, &candidate);
            }
        }
    }
    found.sort_by_key(Candidate::sort_key);
    found
}

/// Of files without a usual name, those that bind an app of their own, or start one; narrowed down by what speaks for
/// one of them.
fn unusual_files(search: &mut Search, folders: &[PathBuf]) -> Vec<Candidate> {
    let mut files = Vec::new();
    for folder in folders {
        let listing = search.inference.project.folder(folder);
        let is_init = |name: &str| name == INIT_OF_ROOT && folder.as_os_str().is_empty();
        let is_unusual = |name: &&String| (!USUAL_FILES.has(name) || is_init(name)) && !is_other_file(name);
        files.extend(listing.python.iter().filter(is_unusual).map(|name| folder.join(name)));
    }
    files.retain(|file| !is_framework(&search.inference.project, file));
    files.truncate(limits::UNUSUAL_FILES);
    let mut found = Vec::new();
    for file in files {
        let Some(source) = search.inference.project.source(&file) else { break };
        if !may_hold_app(&source.module) {
            continue;
        }
        let Some(candidate) = Candidate::of_file(search.inference, &file) else { break };
        let report = &candidate.report;
        let is_own = candidate.object().is_some_and(|object| !object.is_imported || report.serves);
        if is_own && report.can_serve() {
            push(&mut found, candidate);
        } else if report.standalone.is_some() || report.blocks {
            search.reject(Step::Other, &candidate);
        }
    }
    let imported: Vec<String> =
        found.iter().filter(|one| is_imported(one, &found)).map(|one| one.module.clone()).collect();
    keep_if_any(&mut found, |candidate| !imported.contains(&candidate.module));
    keep_if_any(&mut found, |candidate| candidate.object().is_some_and(|object| !object.is_factory));
    keep_if_any(&mut found, |candidate| {
        candidate.file().file_name().and_then(|name| name.to_str()).is_none_or(|name| !is_for_development(name))
    });
    keep_if_any(&mut found, |candidate| candidate.report.serves);
    found
}

/// Adds a candidate, unless another file has led to it already.
fn push(found: &mut Vec<Candidate>, candidate: Candidate) {
    if found.iter().all(|known| known.file() != candidate.file()) {
        found.push(candidate);
    }
}

/// Is this a name that means nothing in the app root? Step 3 has seen the documented files there, and its `__init__.py`
/// is a module like any other.
fn is_unusual_in_root(name: &str) -> bool {
    DOCUMENTED.has(name) || name == INIT_OF_ROOT
}

/// Does another candidate import this one?
fn is_imported(candidate: &Candidate, all: &[Candidate]) -> bool {
    let others = all.iter().filter(|other| other.module != candidate.module);
    others
        .flat_map(|other| &other.report.source.module.imports)
        .any(|import| import.module == candidate.module || import.names.contains(&candidate.module))
}

/// Keeps those for which something speaks, if there are any.
fn keep_if_any(found: &mut Vec<Candidate>, speaks_for: impl Fn(&Candidate) -> bool) {
    if found.iter().any(&speaks_for) {
        found.retain(speaks_for);
    }
}

/// Chooses the first, and tells about equally good ones.
fn choose_first(search: &mut Search, mut found: Vec<Candidate>) -> Option<WebApp> {
    if found.is_empty() {
        return None;
    }
    let chosen = found.remove(0);
    let object = chosen.object()?.clone();
    if let Some(app) = completing_file::find(search, Step::Other, &chosen, &object) {
        return Some(app);
    }
    if let Some(app) = routes_elsewhere::find(search, &chosen, &object) {
        return Some(app);
    }
    let file = chosen.file().display().to_string();
    let app = search.choose(Step::Other, &chosen, &object, format!("`{file}` {}", object.described()));
    for other in &found {
        search.outrank(other, &format!("`{file}` comes first: {}", why_first(&chosen, other)));
    }
    let rivals = found.iter().filter(|_| is_app_itself(&object));
    let rivals: Vec<_> = rivals.filter(|other| other.object().is_some_and(is_app_itself)).collect();
    let (services, others): (Vec<_>, Vec<_>) =
        rivals.into_iter().partition(|other| are_services(&search.inference.project, &chosen, other));
    if !services.is_empty() {
        tell_services(search, &app, &services);
    } else if let Some((rival, rival_object)) = others.first().and_then(|other| Some((other, other.object()?))) {
        let command = search.command_of(rival, rival_object);
        search.notice(
            format!("`{}` holds a web app too; starting `{}:{}`", rival.file().display(), app.module, object.name),
            format!("to start the other, give the command `{command}`"),
        );
    }
    Some(app)
}

/// Is this an app of the file's own, and no function that makes one?
fn is_app_itself(object: &AppObject) -> bool {
    !object.is_imported && !object.is_factory
}

/// Why one candidate comes before another, as the end of a sentence.
fn why_first(chosen: &Candidate, other: &Candidate) -> &'static str {
    let is_factory = |candidate: &Candidate| candidate.object().is_some_and(|object| object.is_factory);
    if is_factory(other) && !is_factory(chosen) {
        "an object comes before a function that makes one"
    } else if chosen.sort_key() < other.sort_key() {
        "the app of a framework comes before a bare function"
    } else if chosen.file().parent() == other.file().parent() {
        "its file name is the likelier one"
    } else {
        "its folder is the likelier one"
    }
}

/// Are two candidates services of their own, each with its own list of packages or `Dockerfile`?
fn are_services(project: &Project, one: &Candidate, other: &Candidate) -> bool {
    let (one, other) = (project.service_folder(one.file()), project.service_folder(other.file()));
    one.is_some() && other.is_some() && one != other
}

/// Says which services there are, and how to choose.
fn tell_services(search: &mut Search, app: &WebApp, services: &[&Candidate]) {
    let list = services.iter().filter_map(|service| {
        let command = search.command_of(service, service.object()?);
        Some(format!("`{}` (`{command}`)", service.file().display()))
    });
    let list = list.collect::<Vec<_>>().join(", ");
    search.notice(
        format!("there are several services here; starting `{}`, not {list}", app.file.display()),
        "to start another, give its folder with `--app-root`, or its command".to_owned(),
    );
}
