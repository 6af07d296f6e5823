//! `APP_MODULE`, else `MODULE_NAME` and `VARIABLE_NAME`, as the images `tiangolo/uvicorn-gunicorn` read them
//! (`start.sh`); `APP_MODULE` and `APP_CONFIG` as the images of source-to-image do (`s2i-python-container`).

use std::path::{Path, PathBuf};

use super::{Declaration, Declared, unusable};
use crate::decide::choice::Inputs;
use crate::error::Failure;
use crate::model::Interface;

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let variable = |name| inputs.settings.environ.filled(name).and_then(|value| value.to_str());
    let (subject, target) = match (variable("APP_MODULE"), variable("MODULE_NAME"), variable("VARIABLE_NAME")) {
        (Some(target), _, _) => ("`APP_MODULE`", target.to_owned()),
        (None, Some(module), object) => ("`MODULE_NAME`", format!("{module}:{}", object.unwrap_or("app"))),
        // Without the module, the images look for `app/main.py`, else `main.py`.
        (None, None, Some(object)) => {
            let has = |module| inputs.sources.file_of_module(Path::new(""), module).is_some();
            let module = ["app.main", "main"].into_iter().find(|module| has(module))?;
            ("`VARIABLE_NAME`", format!("{module}:{object}"))
        }
        (None, None, None) => return None,
    };
    let (module, object) = target.split_once(':').unwrap_or((&target, "application"));
    let app = inputs.sources.named(Path::new(""), module, object, ("WSGI", Interface::Wsgi)).map_err(unusable);
    let start = app.and_then(|app| Ok(Declared::App { app, config: config(variable("APP_CONFIG"), inputs)? }));
    Some(Declaration::new(subject, start))
}

/// gunicorn's configuration file, if one is named.
fn config(named: Option<&str>, inputs: &Inputs) -> Result<Option<PathBuf>, Failure> {
    let Some(file) = named else { return Ok(None) };
    if inputs.files.is_file(&inputs.settings.app_root.join(file)) {
        return Ok(Some(file.into()));
    }
    Err(Failure::usage(format!("`APP_CONFIG` names `{file}`, which is no file of the app root"))
        .with_hint("correct it, or take it out"))
}
