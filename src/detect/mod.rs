//! Which web app is in the app root: steps 2, 3 and 4 of the start-up order.
//!
//! Pure over [`Files`]: names decide where to look, only candidates are read, and every answer carries its reason.

use std::path::{Path, PathBuf};

use crate::app::{Detection, Evidence, Interface, Step, Verdict, WebApp};
use crate::files::Files;
use crate::python;

/// Finds the web app in `root`. Total: a root that cannot be read holds none.
#[must_use]
pub fn detect(files: &dyn Files, root: &Path) -> Detection {
    let mut detection = Detection::default();
    let Ok(listing) = files.folder(root) else { return detection };
    if let Ok(folders) = files.folders_with(root, "wsgi.py")
        && let Some(folder) = folders.first()
    {
        let file = Path::new(folder).join("wsgi.py");
        note(&mut detection, Step::Django, &file, Verdict::Chosen, "a folder with `wsgi.py`");
        detection.app = Some(WebApp {
            step: Step::Django,
            framework: "Django",
            module: format!("{folder}.wsgi"),
            object: None,
            folder: PathBuf::new(),
            file,
            interface: Interface::Wsgi,
            reason: format!("of `{folder}/wsgi.py`"),
        });
        return detection;
    }
    note(&mut detection, Step::Django, Path::new("*/wsgi.py"), Verdict::Absent, "no folder of the app root has one");
    for name in ["application.py", "app.py"] {
        let file = PathBuf::from(name);
        if !listing.has(name) {
            note(&mut detection, Step::Flask, &file, Verdict::Absent, "not there");
            continue;
        }
        let module = files.read(&root.join(name)).map(|source| python::read(&source)).unwrap_or_default();
        let names = ["app", "application"];
        let object = names.into_iter().find(|object| module.binds(object)).unwrap_or("app");
        note(&mut detection, Step::Flask, &file, Verdict::Chosen, "the documented name");
        detection.app = Some(WebApp {
            step: Step::Flask,
            framework: "Flask",
            module: name.trim_end_matches(".py").to_owned(),
            object: Some(object.to_owned()),
            folder: PathBuf::new(),
            file,
            interface: Interface::Wsgi,
            reason: format!("`{name}` binds `{object}`"),
        });
        return detection;
    }
    detection
}

fn note(detection: &mut Detection, step: Step, subject: &Path, verdict: Verdict, reason: &str) {
    let subject = subject.display().to_string();
    detection.evidence.push(Evidence { step, subject, verdict, reason: reason.to_owned() });
}
