//! The program for another processor: cross-compiled, never built under emulation; run under Debian's qemu-user.

use std::fs;
use std::process::Command;

use crate::programs;
use crate::python;
use crate::site::{PAGE, first_page, path_with};

/// `PT_DYNAMIC` and `PT_INTERP` of elf(5).
const NEEDS_A_LOADER: [u32; 2] = [2, 3];

#[test]
fn the_program_for_the_other_architecture_is_static() {
    let program = fs::read(programs::foreign()).unwrap();
    let number = |offset: usize| u16::from_le_bytes(program[offset..offset + 2].try_into().unwrap());
    // e_machine: EM_AARCH64, EM_X86_64.
    assert_eq!(number(18), if programs::NATIVE == "x86_64" { 183 } else { 62 });
    let headers = usize::try_from(u64::from_le_bytes(program[32..40].try_into().unwrap())).unwrap();
    for index in 0..usize::from(number(56)) {
        let start = headers + index * usize::from(number(54));
        let kind = u32::from_le_bytes(program[start..start + 4].try_into().unwrap());
        assert!(!NEEDS_A_LOADER.contains(&kind), "header {index} asks for a loader");
    }
}

#[test]
fn the_program_for_the_other_architecture_starts_an_app() {
    let emulator = if programs::NATIVE == "x86_64" { "qemu-aarch64" } else { "qemu-x86_64" };
    let mut command = Command::new(emulator);
    command.arg(programs::foreign());
    assert_eq!(first_page(&mut command, &path_with(&python::image())), PAGE);
}
