//! The `pystart` binary; the library tells the story.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;

/// A start makes some thousands of small allocations and is over within a millisecond. musl's allocator is made to be
/// compact and hard to attack, not quick: with it, half of all instructions of a start were spent on memory.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    let status = pystart::process::init::resident(std::env::args_os());
    ExitCode::from(status.unwrap_or_else(pystart::main))
}
