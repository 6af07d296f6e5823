//! `entrypoint = "package.module:app"` of `[tool.fastapi]` in pyproject.toml, as fastapi-cli reads it
//! (<https://fastapi.tiangolo.com/fastapi-cli/>).

use std::path::Path;

use super::{Declaration, Declared, pyproject, unusable};
use crate::decide::choice::Inputs;
use crate::model::Interface;

pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let tables = pyproject::tables(inputs, ["fastapi", "entrypoint"])?;
    let entrypoint = entrypoint(&tables)?;
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

fn entrypoint(tables: &toml::Table) -> Option<&str> {
    tables.get("tool")?.get("fastapi")?.get("entrypoint")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_point_is_found_however_it_is_written() {
        let found = |text| toml::from_str(text).ok().and_then(|tables| entrypoint(&tables).map(str::to_owned));
        for text in [
            "[tool.fastapi]\nentrypoint = \"a.b:c\"\n",
            "tool.fastapi.entrypoint = 'a.b:c'",
            "[tool]\nfastapi = { entrypoint = \"a.b:c\" } # x\n",
        ] {
            assert_eq!(found(text).as_deref(), Some("a.b:c"), "{text}");
        }
        for text in ["", "[tool.fastapi]\n", "[tool.fastapi]\nentrypoint = 3\n", "entrypoint = 'a:b'", "[tool.fastapi"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
