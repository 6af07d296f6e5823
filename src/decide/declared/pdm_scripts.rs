//! `[tool.pdm.scripts]` in pyproject.toml (<https://pdm-project.org/en/latest/usage/scripts/>): the app that a script hands
//! to a server. The script's options are for those who work on the app (`--reload`, a local address), and are not used.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Declaration, Declared, pyproject, unusable};
use crate::decide::choice::Inputs;
use crate::error::Failure;
use crate::model::Interface;
use crate::servers::{self, ServerCall};
use crate::shell::words;

/// The scripts that start the site, the likeliest first.
const SCRIPTS: [&str; 4] = ["web", "start", "serve", "server"];

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let tables = pyproject::tables(inputs, ["pdm", "scripts"])?;
    let scripts = tables.get("tool")?.get("pdm")?.get("scripts")?;
    SCRIPTS.into_iter().find_map(|name| {
        let script = scripts.get(name)?;
        let call = servers::find_call(&command(script)?)?;
        let target = call.target.clone()?;
        let start = app(inputs, &call, &target, &folder(script, &call));
        Some(Declaration::new(format!("script `{name}` of pdm in `pyproject.toml`"), start))
    })
}

fn app(inputs: &Inputs, call: &ServerCall, target: &str, folder: &Path) -> Result<Declared, Failure> {
    // Only gunicorn does without an object.
    let (module, object) = target.split_once(':').unwrap_or((target, "application"));
    let assumed = if call.is_asgi { ("ASGI", Interface::Asgi) } else { ("WSGI", Interface::Wsgi) };
    let app = inputs.sources.named(folder, module, object, assumed);
    app.map(|app| Declared::App { app, config: None }).map_err(unusable)
}

/// The command of a script, however it is written; one that calls a function or other scripts has none.
fn command(script: &toml::Value) -> Option<OsString> {
    let text = match script {
        toml::Value::Table(table) => table.get("cmd").or_else(|| table.get("shell"))?,
        plain => plain,
    };
    match text {
        toml::Value::String(text) => Some(text.into()),
        toml::Value::Array(each) => Some(words::join(each.iter().filter_map(toml::Value::as_str))),
        _ => None,
    }
}

/// The folder that the module path starts from: that of the script, then that of its call.
fn folder(script: &toml::Value, call: &ServerCall) -> PathBuf {
    let own = script.get("working_dir").and_then(toml::Value::as_str).map_or(Path::new(""), Path::new);
    let folder = call.folder.as_ref().map_or_else(|| own.to_owned(), |folder| own.join(folder));
    folder.components().filter(|part| part.as_os_str() != ".").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_a_script_is_found_however_it_is_written() {
        let of = |text: &str| {
            let tables: toml::Table = toml::from_str(&format!("start = {text}")).ok()?;
            command(tables.get("start")?)?.into_string().ok()
        };
        let rows = [
            ("'uvicorn a:b'", Some("uvicorn a:b")),
            ("{ cmd = 'uvicorn a:b' }", Some("uvicorn a:b")),
            ("{ cmd = ['uvicorn', 'a:b', '--log x'] }", Some("uvicorn a:b '--log x'")),
            ("{ shell = 'cd a && uvicorn a:b', help = 'x' }", Some("cd a && uvicorn a:b")),
            ("{ call = 'a:b' }", None),
            ("{ composite = ['a', 'b'] }", None),
            ("3", None),
        ];
        for (text, expected) in rows {
            assert_eq!(of(text).as_deref(), expected, "{text}");
        }
    }
}
