//! `wsgi_app` in gunicorn's configuration file: `gunicorn.conf.py`, which gunicorn reads unasked, or
//! `config/gunicorn.conf.py`, which it is told to read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Declaration, Declared, unusable};
use crate::decide::choice::Inputs;
use crate::detect::NamedApp;
use crate::gunicorn::arguments;
use crate::gunicorn::options::UserOptions;
use crate::model::Interface;

/// Where it may be besides.
const OTHER: &str = "config/gunicorn.conf.py";

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    if let Some((own, file)) = inputs.options.configured_app() {
        return Some(of_file(file, own, &inputs.options, None, inputs));
    }
    let root = &inputs.settings.app_root;
    let has_folder =
        || inputs.files.folder(root).is_ok_and(|folder| folder.folders.iter().any(|name| name == "config"));
    if inputs.options.configuration.is_some() || !has_folder() || !inputs.files.is_file(&root.join(OTHER)) {
        return None;
    }
    let words: [OsString; 1] = [arguments::with_path("--config=", Path::new(OTHER))];
    let options = UserOptions::gather(inputs.files, root, &words, inputs.settings.environ.filled("GUNICORN_CMD_ARGS"));
    let own = options.wsgi_app.clone()?;
    Some(of_file(OTHER, &own, &options, Some(PathBuf::from(OTHER)), inputs))
}

fn of_file(file: &str, own: &str, options: &UserOptions, config: Option<PathBuf>, inputs: &Inputs) -> Declaration {
    let (module, object) = own.split_once(':').unwrap_or((own, "application"));
    let folder = options.chdir.as_deref().map_or(Path::new(""), Path::new);
    let app = match inputs.sources.file_of_module(folder, module) {
        Some(_) => inputs.sources.named(folder, module, object, ("WSGI", Interface::Wsgi)),
        // An installed package, or a folder that Python knows: gunicorn will look for it.
        None => Ok(NamedApp {
            folder: folder.to_owned(),
            module: module.to_owned(),
            object: object.to_owned(),
            file: file.into(),
            framework: "WSGI",
            interface: Interface::Wsgi,
        }),
    };
    let start = app.map(|app| Declared::App { app, config }).map_err(unusable);
    Declaration::new(format!("`wsgi_app` in `{file}`"), start)
}
