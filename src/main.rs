//! The `pystart` binary; the library tells the story.
#![forbid(unsafe_code)]

use std::process::ExitCode;

// AddressSanitizer knows the system's allocator; see docs/testing.md.
#[cfg(not(fuzzing))]
#[global_allocator]
static ALLOCATOR: pystart::allocator::Allocator = pystart::allocator::Allocator::new();

fn main() -> ExitCode {
    let status = pystart::process::init::resident(std::env::args_os());
    ExitCode::from(status.unwrap_or_else(pystart::main))
}
