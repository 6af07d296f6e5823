//! Standard output, which belongs to data.

use std::io::{self, Write as _};

use crate::error::{Failure, status};

/// Prints help, the version, or a usage error; the exit status.
///
/// # Errors
///
/// As [`print()`].
pub fn answer(text: &str, is_error: bool) -> Result<u8, Failure> {
    if is_error {
        // A closed standard error changes nothing: the status says it too.
        let _ = io::stderr().write_all(text.as_bytes());
        return Ok(status::USAGE);
    }
    print(text.as_bytes())?;
    Ok(0)
}

/// Writes data to standard output, whole; a reader that has seen enough (`| head`) is no error.
///
/// # Errors
///
/// Standard output cannot be written, for any reason but a closed pipe.
pub fn print(data: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(data).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output cannot be written: {error}")).with_status(status::NO))
        }
        _ => Ok(()),
    }
}
