//! The `pystart` binary; the library tells the story.

use std::process::ExitCode;

use pystart::arena::Arena;

#[global_allocator]
static MEMORY: Arena = Arena::new();

fn main() -> ExitCode {
    let status = pystart::process::init::resident(std::env::args_os());
    ExitCode::from(status.unwrap_or_else(pystart::main))
}
