//! One value of a file of variables, as python-dotenv reads it. Nothing of such a file reaches the environment.

use crate::decide::choice::Inputs;

/// The value of a variable in a file of the app root; `None` too where it is made from other variables.
pub(super) fn value(inputs: &Inputs, file: &'static str, name: &str) -> Option<String> {
    let content = inputs.files.notable(&inputs.settings.app_root, file)?;
    last_value(str::from_utf8(&content).ok()?, name)
}

fn last_value(text: &str, name: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().filter_map(|line| value_in(line, name)).next_back().filter(|value| !value.contains('$'))
}

/// `NAME=value`, `export NAME='value'`, `NAME = "value" # comment`.
fn value_in(line: &str, name: &str) -> Option<String> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split_once(quote));
    let plain = value.split(" #").next().unwrap_or_default().trim_end();
    Some(quoted.map_or(plain, |(inside, _)| inside).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_stands_behind_its_name() {
        let rows = [
            ("FLASK_APP=hello", Some("hello")),
            ("A=1\n  export FLASK_APP = 'hello:app' # x\n", Some("hello:app")),
            ("FLASK_APP=\"a b\"", Some("a b")),
            ("FLASK_APP=one\r\nFLASK_APP=two # c\r\n", Some("two")),
            ("\u{feff}FLASK_APP=hello#x", Some("hello#x")),
            ("FLASK_APP=$OTHER", None),
            ("FLASK_APPS=x\n#FLASK_APP=y\nFLASK_APP\n", None),
        ];
        for (text, expected) in rows {
            assert_eq!(last_value(text, "FLASK_APP").as_deref(), expected, "{text}");
        }
    }
}
