//! The `pystart` binary; the library tells the story.

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = pystart::init::resident(std::env::args_os());
    ExitCode::from(status.unwrap_or_else(pystart::main))
}
