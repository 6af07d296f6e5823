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

mod default_site;
mod deploy;
mod docker;
mod hardening;
mod http;
mod https;
mod image;
mod images;
mod lifecycle;
mod logs;
mod order;
mod rolling;
mod site;
mod ssh;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// What a subject offers: the names are sentences, and a panic is a failure.
type Test = (String, Box<dyn FnOnce() + Send>);

fn test(name: impl Into<String>, body: impl FnOnce() + Send + 'static) -> Test {
    (name.into(), Box::new(body))
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A container mostly waits; more of them at once would only slow each other down.
    arguments.test_threads.get_or_insert(3);
    let subjects: [(&str, Vec<Test>); 10] = [
        ("image", image::tests()),
        ("order", order::tests()),
        ("default_site", default_site::tests()),
        ("hardening", hardening::tests()),
        ("lifecycle", lifecycle::tests()),
        ("https", https::tests()),
        ("logs", logs::tests()),
        ("ssh", ssh::tests()),
        ("deploy", deploy::tests()),
        ("rolling", rolling::tests()),
    ];
    let engine = docker::answers();
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    let mut trials = Vec::new();
    for (subject, tests) in subjects {
        for (name, body) in tests {
            let run = move || {
                body();
                Ok(())
            };
            trials.push(Trial::test(format!("{subject}::{name}"), run).with_ignored_flag(!engine));
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
