//! The image, tested in real containers: the start-up order, hardening, stop and restart, SSH, logs, HTTPS, the
//! default site, and the files under `deploy/`.
//!
//! Without a Docker engine every test is reported as ignored; with `CI=true` that is a failure.
//!
//! ```text
//! docker.rs     the engine: run, ask, stop; whatever is started is removed
//! images.rs     the images under test, built once from the Dockerfile and the stand-ins
//! site.rs       app folders on the host
//! http.rs       a client that adds nothing
//! the others    the tests, by subject
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod archives;
mod bake;
mod balanced;
mod broken;
mod build;
#[path = "../docs/commands.rs"]
#[allow(dead_code, reason = "the tests of the documentation look at every row")]
mod commands;
mod copied;
mod default_site;
mod deploy;
mod docker;
mod draining;
mod hardening;
#[path = "../deployment/hostile_archives.rs"]
#[allow(dead_code, reason = "the tests of deployments ask for more")]
mod hostile_archives;
mod http;
mod https;
mod image;
mod images;
mod lifecycle;
mod logs;
mod orchestrators;
mod order;
#[path = "../deployment/packing.rs"]
#[allow(dead_code, reason = "the tests of deployments make more")]
mod packing;
mod pages;
#[path = "../ports/mod.rs"]
mod ports;
mod rolling;
mod site;
mod ssh;

use std::process::{Command, ExitCode};

#[path = "../packaging/programs.rs"]
#[allow(dead_code, reason = "the tests of what is released do more")]
mod programs;
#[path = "../packaging/tools.rs"]
#[allow(dead_code, reason = "the tests of what is released do more")]
mod tools;

use images::root;
use libtest_mimic::{Arguments, Failed, Trial};

/// What a subject offers: the name is a sentence, and a panic is a failure.
struct Test {
    name: String,
    /// False where this machine lacks a program that the test needs: then it is reported as ignored.
    can_run: bool,
    body: Box<dyn FnOnce() + Send>,
}

fn test(name: impl Into<String>, body: impl FnOnce() + Send + 'static) -> Test {
    Test { name: name.into(), can_run: true, body: Box::new(body) }
}

/// A test that needs a program of this machine.
fn test_with(program: Option<&'static str>, name: &str, body: impl FnOnce(&str) + Send + 'static) -> Test {
    let run = move || body(program.expect("the test is ignored without the program"));
    Test { can_run: program.is_some(), ..test(name, run) }
}

/// What a command printed; it must end well.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    images::run(command).unwrap_or_else(|error| panic!("{error}")).trim_end().to_owned()
}

/// The first of these programs that can be run.
fn program(names: &[&'static str]) -> Option<&'static str> {
    let runs =
        |name: &&&str| Command::new(**name).arg("--version").output().is_ok_and(|output| output.status.success());
    names.iter().find(runs).copied()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A container mostly waits; more of them at once would only slow each other down.
    arguments.test_threads.get_or_insert(3);
    let subjects: [(&str, Vec<Test>); 18] = [
        ("image", image::tests()),
        ("copied", copied::tests()),
        ("archives", archives::tests()),
        ("bake", bake::tests()),
        ("build", build::tests()),
        ("order", order::tests()),
        ("default_site", default_site::tests()),
        ("hardening", hardening::tests()),
        ("lifecycle", lifecycle::tests()),
        ("https", https::tests()),
        ("logs", logs::tests()),
        ("ssh", ssh::tests()),
        ("deploy", deploy::tests()),
        ("rolling", rolling::tests()),
        ("draining", draining::tests()),
        ("broken", broken::tests()),
        ("orchestrators", orchestrators::tests()),
        ("pages", pages::tests()),
    ];
    let engine = docker::answers();
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    let mut trials = Vec::new();
    for (subject, tests) in subjects {
        for test in tests {
            let run = move || {
                (test.body)();
                Ok(())
            };
            let name = format!("{subject}::{}", test.name);
            trials.push(Trial::test(name, run).with_ignored_flag(!engine || !test.can_run));
        }
    }
    if in_ci && !engine {
        let complain = || Err(Failed::from("CI=true, but no Docker engine answers `docker version`"));
        trials.push(Trial::test("a_docker_engine_answers", complain));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    docker::remove_leftovers();
    conclusion.exit_code()
}
