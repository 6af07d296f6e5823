//! pystart as an init, on the real thing: each test has a PID namespace of its own, with pystart as its PID 1.
//!
//! - [`signals`]: what reaches whom, how often, and when
//! - [`shells`]: scripts in between
//! - [`orphans`]: who is reaped, who is waited for, who is killed
//! - [`child`]: what the main child finds, and the status it leaves
//! - [`upgrade`]: gunicorn that replaces itself
//! - [`ordinary`]: not PID 1
//! - [`full_pipe`]: a log that nobody reads
//! - [`drain`]: a stop that is delayed
//! - [`look`]: what is said of a site that cannot be reached
//! - [`resident`]: what stays in memory

#![expect(clippy::expect_used, reason = "a test that cannot set its scene has failed")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

mod child;
mod drain;
mod full_pipe;
mod look;
mod ordinary;
mod orphans;
mod resident;
mod shells;
mod signals;
mod stage;
mod upgrade;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};

/// A test and its name, which is a sentence.
pub(crate) type Test = (&'static str, fn());

fn main() -> ExitCode {
    if let Some(status) = signals::act() {
        return status;
    }
    let arguments = Arguments::from_args();
    // Where namespaces are forbidden the tests are shown as ignored; a CI that cannot test must not be green.
    let possible = has_namespaces() || std::env::var_os("CI").is_some();
    let groups = [
        signals::TESTS,
        shells::TESTS,
        orphans::TESTS,
        child::TESTS,
        upgrade::TESTS,
        ordinary::TESTS,
        full_pipe::TESTS,
        drain::TESTS,
        look::TESTS,
        resident::TESTS,
    ];
    let tests = groups.concat().into_iter().map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
        .with_ignored_flag(!possible)
    });
    libtest_mimic::run(&arguments, tests.collect()).exit_code()
}

fn has_namespaces() -> bool {
    let command = stage::namespace(&["true"]);
    Command::new(command[0]).args(&command[1..]).output().is_ok_and(|output| output.status.success())
}
