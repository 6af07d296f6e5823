//! `entrypoint = "package.module:app"` of `[tool.fastapi]` in pyproject.toml, as fastapi-cli reads it
//! (<https://fastapi.tiangolo.com/fastapi-cli/>).

use std::path::Path;

use super::{Declaration, Declared, unusable};
use crate::decide::choice::Inputs;
use crate::model::Interface;

const NAME: &str = "pyproject.toml";

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let is_there = inputs.files.folder(&inputs.settings.app_root).is_ok_and(|folder| folder.notable.contains(&NAME));
    let content = is_there.then(|| inputs.files.read(&inputs.settings.app_root.join(NAME)).ok()).flatten()?;
    // Most files say nothing of it, and parsing costs more than looking.
    let text = str::from_utf8(&content).ok().filter(|text| text.contains("fastapi") && text.contains("entrypoint"))?;
    let entrypoint = entrypoint(text)?;
    let start = match entrypoint.split_once(':') {
        Some((module, object)) => inputs
            .sources
            .named(Path::new(""), module, object, ("FastAPI", Interface::Asgi))
            .map(|app| Declared::App { app, config: None })
            .map_err(unusable),
        None => Err(unusable(format!("names `{entrypoint}`, which is not of the form `module:object`"))),
    };
    Some(Declaration::new("`entrypoint` in `pyproject.toml`", start))
}

fn entrypoint(text: &str) -> Option<String> {
    let tables: toml::Table = toml::from_str(text).ok()?;
    tables.get("tool")?.get("fastapi")?.get("entrypoint")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_point_is_found_however_it_is_written() {
        for text in [
            "[tool.fastapi]\nentrypoint = \"a.b:c\"\n",
            "tool.fastapi.entrypoint = 'a.b:c'",
            "[tool]\nfastapi = { entrypoint = \"a.b:c\" } # x\n",
        ] {
            assert_eq!(entrypoint(text).as_deref(), Some("a.b:c"), "{text}");
        }
        for text in ["", "[tool.fastapi]\n", "[tool.fastapi]\nentrypoint = 3\n", "entrypoint = 'a:b'", "[tool.fastapi"]
        {
            assert_eq!(entrypoint(text), None, "{text}");
        }
    }
}
