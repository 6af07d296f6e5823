//! The steps that look for a web app: one that was found, or that gunicorn's configuration file names.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::choice::{Choice, Inputs, Start, Trail};
use crate::detect;
use crate::gunicorn::options::CONFIG_FILE;
use crate::gunicorn::{self, Gunicorn, arguments};
use crate::model::{Detection, Interface, Notice, Step, Verdict, WebApp};

/// The web app of the root, if one is recognised.
pub(super) fn web_app(inputs: &Inputs) -> (Option<Choice>, Trail) {
    let Detection { app, evidence, notices, near_misses } =
        detect::detect(inputs.files, &inputs.settings.app_root, &|| asgi_worker(inputs));
    let trail = Trail { evidence, notices, near_misses };
    let Some(app) = app.or_else(|| configured_app(inputs)) else {
        if trail.evidence.iter().any(|fact| fact.step == Step::Other) {
            return (None, trail);
        }
        let reason = "there is no Python file that could hold one";
        return (None, trail.then(Trail::of(Step::Other, "any other web app", Verdict::Absent, reason)));
    };
    let (choice, more) = choose(app, inputs);
    (Some(choice), trail.then(more))
}

/// The worker class for ASGI that a command can name: the one that is installed, else the one to install.
fn asgi_worker(inputs: &Inputs) -> &'static str {
    let gunicorn = Gunicorn::find(inputs.files, &inputs.python);
    let class =
        gunicorn.and_then(|gunicorn| gunicorn::worker_class(Interface::Asgi, &gunicorn, inputs.files, &inputs.python));
    class.ok().flatten().unwrap_or("uvicorn_worker.UvicornWorker")
}

/// An app that no rule finds, but that the configuration file names.
fn configured_app(inputs: &Inputs) -> Option<WebApp> {
    let own = inputs.options.wsgi_app.as_deref()?;
    let (module, object) = own.split_once(':').unwrap_or((own, "application"));
    Some(WebApp {
        step: Step::Other,
        framework: "WSGI",
        module: module.to_owned(),
        object: Some(object.to_owned()),
        folder: PathBuf::new(),
        file: PathBuf::from(CONFIG_FILE),
        interface: Interface::Wsgi,
        reason: format!("`wsgi_app` in `{CONFIG_FILE}`"),
        fallback: None,
    })
}

/// The choice of this app, under gunicorn.
fn choose(app: WebApp, inputs: &Inputs) -> (Choice, Trail) {
    let root = &inputs.settings.app_root;
    let gunicorn = Gunicorn::find(inputs.files, &inputs.python);
    let (app, fallen_back) = with_worker_class(app, gunicorn.as_ref().ok(), inputs);
    let started = gunicorn.and_then(|gunicorn| {
        let class = if inputs.options.sets("worker_class") {
            None
        } else {
            gunicorn::worker_class(app.interface, &gunicorn, inputs.files, &inputs.python)?
        };
        let mut words = arguments::documented(&inputs.options, inputs.settings.port, &app.folder, class);
        words.extend(own_config(&app.folder, inputs));
        if inputs.options.wsgi_app.is_none() {
            words.push(arguments::target(&app).into());
        }
        Ok(Start::gunicorn(gunicorn, words, inputs))
    });
    // Without a folder of its own, joining would put a slash behind the root.
    let own_folder = if app.folder.as_os_str().is_empty() { root.clone() } else { root.join(&app.folder) };
    let (target, folder, trail) = match inputs.options.wsgi_app.as_deref().filter(|_| started.is_ok()) {
        Some(own) => (
            with_object(own.to_owned()),
            inputs.options.chdir.as_ref().map_or(own_folder, |folder| root.join(folder)),
            Trail::of(app.step, CONFIG_FILE, Verdict::Chosen, format!("its `wsgi_app` names `{own}`")),
        ),
        None => (with_object(arguments::target(&app)), own_folder, Trail::default()),
    };
    (Choice { step: app.step, app: Some(app), target: Some(target), folder, start: started }, fallen_back.then(trail))
}

/// The app, or what it falls back to where no worker class for its interface is installed, and what is lost then.
fn with_worker_class(mut app: WebApp, gunicorn: Option<&Gunicorn>, inputs: &Inputs) -> (WebApp, Trail) {
    let (Some(fallback), Some(gunicorn)) = (app.fallback.take(), gunicorn) else { return (app, Trail::default()) };
    let has_class = inputs.options.sets("worker_class")
        || gunicorn::worker_class(app.interface, gunicorn, inputs.files, &inputs.python).is_ok();
    if has_class {
        return (app, Trail::default());
    }
    let message = format!(
        "no worker class for ASGI is installed: serving `{}`, without what `{}` adds (websockets, for one)",
        fallback.file.display(),
        app.file.display()
    );
    let hint = "add `uvicorn-worker` to requirements.txt, then build the environment".to_owned();
    (*fallback, Trail { notices: vec![Notice { message, hint: Some(hint) }], ..Trail::default() })
}

/// The configuration file beside an app that is not in the root: gunicorn looks only where it is started.
fn own_config(folder: &Path, inputs: &Inputs) -> Option<OsString> {
    let file = folder.join(CONFIG_FILE);
    let is_wanted = !folder.as_os_str().is_empty()
        && !inputs.options.has_config
        && inputs.files.is_file(&inputs.settings.app_root.join(&file));
    is_wanted.then(|| arguments::with_path("--config=", &file))
}

/// gunicorn takes `application` where no object is named.
pub(super) fn with_object(target: String) -> String {
    if target.contains(':') { target } else { target + ":application" }
}
