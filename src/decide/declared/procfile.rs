//! `Procfile`: a line `NAME: COMMAND` for each process (<https://devcenter.heroku.com/articles/procfile>).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{Declaration, Declared};
use crate::decide::choice::Inputs;
use crate::error::Failure;
use crate::model::Notice;

/// The process that serves the web.
pub(super) const WEB: &str = "web";

const NAME: &str = "Procfile";

/// The process `web`.
pub(super) fn find(inputs: &Inputs) -> Option<Declaration> {
    let content = inputs.files.notable(&inputs.settings.app_root, NAME)?;
    let line = line_of(&content, WEB)?;
    Some(of_line(line, WEB, &content))
}

/// A process that was asked for.
///
/// # Errors
///
/// There is no Procfile, or no such process in it.
pub(super) fn declaration(inputs: &Inputs, process: &str) -> Result<Declaration, Failure> {
    let missing = |message: String| {
        Failure::usage(message).with_hint("correct `PYSTART_PROCESS`, or add a line `NAME: COMMAND` to the Procfile")
    };
    let content = inputs.files.read(&inputs.settings.app_root.join(NAME)).map_err(|error| {
        missing(format!("the process `{process}` is asked for, and `{NAME}` cannot be read: {error}"))
    })?;
    let line = line_of(&content, process)
        .ok_or_else(|| missing(format!("the process `{process}` is asked for, and `{NAME}` has none of that name")))?;
    Ok(of_line(line, process, &content))
}

/// "`web` in `Procfile`".
pub(super) fn subject(process: &str) -> String {
    format!("`{process}` in `{NAME}`")
}

fn of_line(line: &[u8], process: &str, content: &[u8]) -> Declaration {
    let start = if line.is_empty() {
        Err(Failure::usage("there is no command").with_hint("write the command behind the colon"))
    } else {
        Ok(Declared::Command(OsStr::from_bytes(line).to_owned()))
    };
    let mut declaration = Declaration::new(subject(process), start);
    if line_of(content, "release").is_some() {
        declaration.notices.push(Notice {
            message: format!("`release` in `{NAME}` is not run: it belongs to a deployment, and this is a start"),
            hint: Some("run its command when you deploy, or before the server (`PYSTART_BEFORE`)".into()),
        });
    }
    declaration
}

/// The command of a process, the first of that name; blanks, Windows line ends and a byte order mark left out.
fn line_of<'a>(content: &'a [u8], process: &str) -> Option<&'a [u8]> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    content.split(|byte| *byte == b'\n').find_map(|line| {
        let line = line.trim_ascii();
        let colon = line.iter().position(|byte| *byte == b':')?;
        (line[..colon].trim_ascii() == process.as_bytes()).then(|| line[colon + 1..].trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_process_is_its_command() {
        let content = b"\xef\xbb\xbf# web: not this\r\nrelease: migrate\r\n\r\nweb: gunicorn a:b # c\r\nweb:second\r\nworker :  run\n";
        let line = |process| line_of(content, process).map(|line| String::from_utf8_lossy(line).into_owned());
        assert_eq!(line("web").as_deref(), Some("gunicorn a:b # c"));
        assert_eq!(line("release").as_deref(), Some("migrate"));
        assert_eq!(line("worker").as_deref(), Some("run"));
        assert_eq!(line("clock"), None);
    }
}
