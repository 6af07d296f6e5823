//! How an app is served, whoever has found or named it.

use std::ffi::OsString;
use std::path::Path;

use super::choice::{Choice, Inputs, Server, Start, Trail};
use super::other_server;
use crate::error::Failure;
use crate::gunicorn::options::{CONFIG_FILE, UserOptions};
use crate::gunicorn::{self, Gunicorn, arguments};
use crate::model::{Interface, Notice, Step, Verdict, WebApp};
use crate::servers;

/// The choice of an app that was found.
pub(super) fn choose(app: WebApp, inputs: &Inputs) -> (Choice, Trail) {
    serve(app, &inputs.options, None, inputs)
}

/// The choice of an app that its author has named, with gunicorn's configuration file if one is named too.
pub(super) fn choose_declared(app: WebApp, config: Option<&Path>, inputs: &Inputs) -> (Choice, Trail) {
    let Some(config) = config else { return serve(app, &inputs.options, None, inputs) };
    let words = [arguments::with_path("--config=", config)];
    let cmd_args = inputs.settings.environ.filled("GUNICORN_CMD_ARGS");
    let options = UserOptions::gather(inputs.files, &inputs.settings.app_root, &words, cmd_args);
    serve(app, &options, Some(config), inputs)
}

/// The app under gunicorn, which knows the user's `options` already and is told of `config`; where there is no gunicorn
/// for it, under another server that is there.
fn serve(mut app: WebApp, options: &UserOptions, config: Option<&Path>, inputs: &Inputs) -> (Choice, Trail) {
    let fallback = app.fallback.take();
    let file = app.file.clone();
    let served = serve_itself(app, options, config, inputs);
    let Some(fallback) = fallback.filter(|_| served.0.start.is_err()) else { return served };
    let message = format!(
        "no server for ASGI is installed: serving `{}`, without what `{}` adds (websockets, for one)",
        fallback.file.display(),
        file.display()
    );
    let hint = "add `uvicorn-worker` to requirements.txt, then build the environment".to_owned();
    let (choice, trail) = serve_itself(*fallback, options, config, inputs);
    if choice.start.is_err() {
        return served;
    }
    (choice, trail.with_notice(Notice { message, hint: Some(hint) }))
}

/// The app alone, without what it falls back to.
fn serve_itself(app: WebApp, options: &UserOptions, config: Option<&Path>, inputs: &Inputs) -> (Choice, Trail) {
    let root = &inputs.settings.app_root;
    // gunicorn takes the app from its configuration file, unless its command line names one.
    let configured = options.configured_app().filter(|_| !is_named_elsewhere(&app));
    let started = under_gunicorn(&app, options, config, configured.is_none(), inputs).or_else(|failure| {
        other_server::start(&app, inputs).map_err(|passed_over| explained(failure, &app, &passed_over))
    });
    // Without a folder of its own, joining would put a slash behind the root.
    let own_folder = if app.folder.as_os_str().is_empty() { root.clone() } else { root.join(&app.folder) };
    let (target, folder, trail) = match configured.filter(|_| started.is_ok()) {
        Some((own, configuration)) => {
            let trail = match app.step {
                Step::Declared => Trail::default(),
                step => Trail::of(step, configuration, Verdict::Chosen, format!("its `wsgi_app` names `{own}`")),
            };
            let folder = options.chdir.as_ref().map_or(own_folder, |folder| root.join(folder));
            (with_object(own.to_owned()), folder, trail)
        }
        None => (with_object(arguments::target(&app)), own_folder, Trail::default()),
    };
    let trail = trail.then(left_open(&app, &started, options));
    let is_asgi = app.interface == Interface::Asgi;
    (Choice { step: app.step, app: Some(app), target: Some(target), folder, is_asgi, start: started }, trail)
}

/// What is said of a time limit that is left to the configuration: gunicorn reads nothing below it, where a default of
/// ours would lose against it.
fn left_open(app: &WebApp, started: &Result<Start, Failure>, options: &UserOptions) -> Trail {
    let is_under_gunicorn = started.as_ref().is_ok_and(|start| matches!(start.server, Server::Gunicorn { .. }));
    if !is_under_gunicorn || !options.leaves_open("timeout") {
        return Trail::default();
    }
    let reason =
        "may set more than its text tells: `--timeout 600` is left out, and gunicorn's own limit is 30 seconds";
    Trail::of(app.step, "gunicorn's configuration", Verdict::Noted, reason)
}

/// Does somebody name the app who counts before the configuration file?
fn is_named_elsewhere(app: &WebApp) -> bool {
    app.step == Step::Declared && !app.reason.starts_with("`wsgi_app`")
}

fn under_gunicorn(
    app: &WebApp,
    options: &UserOptions,
    config: Option<&Path>,
    names_app: bool,
    inputs: &Inputs,
) -> Result<Start, Failure> {
    let gunicorn = Gunicorn::find(inputs.files, &inputs.python)?;
    let class = if options.sets("worker_class") {
        None
    } else {
        gunicorn::worker_class(app.interface, &gunicorn, inputs.files, &inputs.python)?
    };
    let mut words = arguments::documented(options, inputs.settings.port, &app.folder, class);
    words.extend(config.map(|config| arguments::with_path("--config=", config)));
    words.extend(own_config(&app.folder, options, inputs));
    if names_app {
        words.push(arguments::target(app).into());
    }
    Ok(Start::gunicorn(gunicorn, words, options, inputs))
}

/// Why there is no server for an app: what was installed and would not do is named too.
fn explained(failure: Failure, app: &WebApp, passed_over: &[&str]) -> Failure {
    let object = app.object.as_deref().unwrap_or_default();
    match (passed_over, app.interface) {
        ([], Interface::Wsgi | Interface::Aiohttp) => failure,
        ([], Interface::Asgi) if failure.message.contains("worker class") => failure,
        ([], Interface::Asgi) => Failure {
            message: format!(
                "there is no server for this ASGI app: {}, and no uvicorn, granian, hypercorn or daphne",
                failure.message
            ),
            hint: Some(servers::wanted(app.interface).to_owned()),
            ..failure
        },
        (names, interface) => Failure {
            message: format!("{}; `{}` is there and cannot call `{object}`", failure.message, names.join("`, `")),
            hint: Some(servers::wanted(interface).to_owned()),
            ..failure
        },
    }
}

/// The configuration file beside an app that is not in the root: gunicorn looks only where it is started.
fn own_config(folder: &Path, options: &UserOptions, inputs: &Inputs) -> Option<OsString> {
    let file = folder.join(CONFIG_FILE);
    let is_wanted = !folder.as_os_str().is_empty()
        && options.configuration.is_none()
        && inputs.files.is_file(&inputs.settings.app_root.join(&file));
    is_wanted.then(|| arguments::with_path("--config=", &file))
}

/// gunicorn takes `application` where no object is named.
pub(super) fn with_object(target: String) -> String {
    if target.contains(':') { target } else { target + ":application" }
}
