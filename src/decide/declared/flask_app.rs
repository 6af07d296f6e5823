//! `FLASK_APP`, from the environment, else `.env`, else `.flaskenv`: Flask's own precedence
//! (`flask.cli.load_dotenv`), and its own rules for what it names (`flask.cli.locate_app`).

use std::path::Path;

use super::{Declaration, Declared, dotenv, in_root, unusable};
use crate::decide::choice::Inputs;
use crate::model::Interface;

const VARIABLE: &str = "FLASK_APP";

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let environ = &inputs.settings.environ;
    let (subject, value) = match environ.filled(VARIABLE) {
        Some(value) => ("`FLASK_APP`".to_owned(), value.to_str()?.to_owned()),
        None => [".env", ".flaskenv"].into_iter().find_map(|name| {
            let value = dotenv::value(inputs, name, VARIABLE).filter(|value| !value.is_empty())?;
            Some((format!("`FLASK_APP` in `{name}`"), value))
        })?,
    };
    let start = named(inputs, &value).map(|app| Declared::App { app, config: None }).map_err(unusable);
    Some(Declaration::new(subject, start))
}

fn named(inputs: &Inputs, value: &str) -> Result<crate::detect::NamedApp, String> {
    // As Flask: a colon in front of a slash belongs to a path of Windows.
    let (path, object) = match value.split_once(':') {
        Some((path, object)) if !object.starts_with(['/', '\\']) => (path, Some(object.trim())),
        _ => (value, None),
    };
    let path = Path::new(path.trim());
    let outside = || format!("names `{}`, which is not in the app root", path.display());
    let (folder, module) = inputs.sources.module_of_path(in_root(inputs, path)?).ok_or_else(outside)?;
    match object {
        Some(object) => inputs.sources.named(&folder, &module, object, ("Flask", Interface::Wsgi)),
        None => inputs.sources.flask_app(&folder, &module),
    }
}
