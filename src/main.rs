//! The `pystart` binary: see the library for the story.

fn main() {}
