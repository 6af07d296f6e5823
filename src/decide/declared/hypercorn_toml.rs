//! `application_path` in `hypercorn.toml`, as Hypercorn reads it (`hypercorn.utils.load_application`): a module, or a path
//! to one; `app` where no object is named; `asgi:` or `wsgi:` in front. Its other settings are Hypercorn's own.

use std::path::{Path, PathBuf};

use super::{Declaration, Declared, in_root, unusable};
use crate::decide::choice::Inputs;
use crate::detect::NamedApp;
use crate::model::Interface;

const NAME: &str = "hypercorn.toml";

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let content = inputs.files.notable(&inputs.settings.app_root, NAME)?;
    let settings: toml::Table = toml::from_str(str::from_utf8(&content).ok()?).ok()?;
    let path = settings.get("application_path")?.as_str()?;
    let start = app(inputs, path).map(|app| Declared::App { app, config: None }).map_err(unusable);
    Some(Declaration::new(format!("`application_path` in `{NAME}`"), start))
}

fn app(inputs: &Inputs, path: &str) -> Result<NamedApp, String> {
    let (interface, path) = match path.split_once(':') {
        Some(("wsgi", rest)) if rest.contains(':') => (Interface::Wsgi, rest),
        Some(("asgi", rest)) if rest.contains(':') => (Interface::Asgi, rest),
        _ => (Interface::Asgi, path),
    };
    let (module, object) = path.split_once(':').unwrap_or((path, "app"));
    let (folder, module) = module_of_path(in_root(inputs, Path::new(module))?)
        .ok_or_else(|| format!("names `{path}`, which is not of the form `module:object`"))?;
    let assumed = if interface == Interface::Asgi { "ASGI" } else { "WSGI" };
    inputs.sources.named(&folder, &module, object, (assumed, interface))
}

/// The last part is the module, with or without `.py`; the folder in front of it is where Python looks.
fn module_of_path(path: &Path) -> Option<(PathBuf, String)> {
    let name = path.file_name()?.to_str()?;
    Some((path.parent()?.to_owned(), name.strip_suffix(".py").unwrap_or(name).to_owned()))
}
