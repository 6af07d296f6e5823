//! The tables of `pyproject.toml`.

use crate::decide::choice::Inputs;

const NAME: &str = "pyproject.toml";

/// The tables of the app root's file, if these words stand in it: most files have nothing to say, and parsing costs more
/// than looking.
pub(super) fn tables(inputs: &Inputs, words: [&str; 2]) -> Option<toml::Table> {
    let content = inputs.files.notable(&inputs.settings.app_root, NAME)?;
    let text = str::from_utf8(&content).ok().filter(|text| words.iter().all(|word| text.contains(word)))?;
    toml::from_str(text).ok()
}
