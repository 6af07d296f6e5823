//! The `pystart` binary; the library tells the story.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use pystart::allocator::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

fn main() -> ExitCode {
    let status = pystart::process::init::resident(std::env::args_os());
    ExitCode::from(status.unwrap_or_else(pystart::main))
}
