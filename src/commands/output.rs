//! Standard output, which belongs to data.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::error::{Failure, status};
use crate::printable::{printable, printable_json};

/// Prints help, the version, or a usage error; the exit status.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn answer(text: &str, is_error: bool) -> Result<u8, Failure> {
    if is_error {
        // A closed standard error changes nothing: the status says it too.
        let lines: Vec<_> = text.split('\n').map(printable).collect();
        let _ = io::stderr().write_all(lines.join("\n").as_bytes());
        return Ok(status::USAGE);
    }
    print(text.as_bytes())?;
    Ok(0)
}

/// A value as JSON for standard output, with a line to each member and nothing that a terminal would act on.
#[must_use]
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    // Every map has names for keys and no number is special: this cannot fail.
    let mut json = serde_json::to_string_pretty(value).unwrap_or_default();
    json.push('\n');
    printable_json(&json).into_owned()
}

/// Writes data to standard output, whole; a reader that has seen enough (`| head`) is no error.
///
/// # Errors
///
/// Standard output cannot be written, for any reason but a closed pipe.
pub(crate) fn print(data: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(data).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output cannot be written: {error}")).with_status(status::NO))
        }
        _ => Ok(()),
    }
}
