//! Every system call fails once.

use std::collections::BTreeMap;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::scene::{Scene, free_port, is_environment, is_patient, is_whole};
use super::tracer::{Meddling, Place};

const ERRORS: [Errno; 7] =
    [Errno::EINTR, Errno::ENOMEM, Errno::EIO, Errno::EACCES, Errno::EMFILE, Errno::ENOSPC, Errno::EAGAIN];

/// What became of a command in which a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Result {
    /// As if nothing had failed.
    Same,
    /// Another way was taken (another start, another report), and what failed was said.
    Said,
    /// It ended with a message and its status.
    Refused,
    /// There was no memory for it, and it said so.
    NoMemory,
    /// Anything else.
    Wrong,
}

/// The calls that get memory: the standard library ends the process where they fail, and says so.
const MEMORY: [i64; 3] = [libc::SYS_brk, libc::SYS_mmap, libc::SYS_mremap];

/// A row of the table.
fn fail_each(name: &str, scene: &Scene, arguments: &[&str], port: u16) -> BTreeMap<Result, usize> {
    let (usual, output, errors) = scene.play(arguments, port, Meddling::Nothing);
    assert!(!usual.hung, "{name}: {errors}");
    let mut results = BTreeMap::new();
    let mut wrong = Vec::new();
    // `explain` asks every process of the machine, and a build takes its time: some of those calls stand for all.
    let is_slow = usual.calls.len() > 1000 || arguments == ["build"];
    let most = match (is_whole(), is_slow) {
        _ if is_patient() => usize::MAX,
        (true, true) if arguments == ["build"] => 40,
        (true, true) => 100,
        (true, false) => usize::MAX,
        (false, true) => 8,
        (false, false) => 40,
    };
    let step = usual.calls.len().div_ceil(most).max(1);
    for (number, (place, call)) in usual.calls.iter().step_by(step).enumerate() {
        // These do not come back, or cannot fail.
        if [libc::SYS_exit_group, libc::SYS_exit, libc::SYS_rt_sigreturn].contains(call) {
            continue;
        }
        let errors_of_call = ERRORS.iter().enumerate().filter(|(at, _)| is_whole() || number % ERRORS.len() == *at);
        for (_, errno) in errors_of_call {
            let result = fail_one(scene, arguments, port, (*place, *errno), (&usual.status(), &output, &errors));
            *results.entry(result.0).or_default() += 1;
            assert!(results.get(&Result::Wrong).copied().unwrap_or_default() < 20, "{name}: {}", wrong.join("\n"));
            if result.0 == Result::Wrong {
                wrong.push(format!("{place:?} with {errno}: {}", result.1));
            }
        }
    }
    println!("{name}: {} calls, {results:?}", usual.calls.len());
    assert!(wrong.is_empty(), "{name}, {} of {:?}:\n{}", wrong.len(), results, wrong.join("\n"));
    results
}

fn fail_one(
    scene: &Scene,
    arguments: &[&str],
    port: u16,
    (place, errno): (Place, Errno),
    (status, output, errors): (&i32, &str, &str),
) -> (Result, String) {
    let (outcome, own_output, own_errors) = scene.play(arguments, port, Meddling::Fail(place, errno));
    if arguments == ["build"] {
        // Not half of one, and not one where the status says that there is none. Where the root seems to be read-only, it is
        // in the cache.
        let elsewhere = own_errors.rsplit_once("pystart: built `").and_then(|(_, rest)| rest.split_once('`'));
        let is_there = scene.has_environment() | elsewhere.is_some_and(|(path, _)| is_environment(Path::new(path)));
        assert!(is_there || outcome.status() != 0, "{place:?} with {errno}: no environment, status 0: {own_errors}");
    }
    let call = outcome.failed.unwrap_or_default();
    let details = || format!("call {call}, {}, hung {}, {own_errors}{own_output}", outcome.status(), outcome.hung);
    let is_refused = own_errors.contains("error:") && [1, 2, 126, 127].contains(&outcome.status());
    let is_memory = MEMORY.contains(&call) && own_errors.contains("memory");
    let result = if outcome.hung || own_errors.contains("panicked") {
        Result::Wrong
    } else if outcome.status() == *status && own_output == output && own_errors == errors {
        Result::Same
    } else if outcome.status() == 134 {
        if is_memory { Result::NoMemory } else { Result::Wrong }
    } else if is_refused && outcome.status() != *status {
        Result::Refused
    } else if outcome.started || outcome.status() == *status {
        // It may say less than usual only where what it says it with has failed.
        let is_silent = own_errors == errors && own_output == output;
        // What a build does is seen by its environment.
        let is_mute = arguments == ["build"]
            || [libc::SYS_write, libc::SYS_writev, libc::SYS_pwritev2, libc::SYS_poll].contains(&call);
        if is_silent || own_errors.len() < errors.len() && !is_mute { Result::Wrong } else { Result::Said }
    } else if is_refused {
        Result::Refused
    } else {
        Result::Wrong
    };
    (result, details())
}

#[test]
fn run_hands_over_or_says_what_failed() {
    let scene = Scene::new("/bin/true");
    fail_each("run", &scene, &["run"], free_port());
}

#[test]
fn run_as_init_supervises_or_says_what_failed() {
    let scene = Scene::new("/bin/true");
    fail_each("run --init always", &scene, &["run", "--init", "always", "--", "server"], free_port());
}

#[test]
fn explain_explains_or_says_what_failed() {
    let scene = Scene::new("/bin/true");
    fail_each("explain", &scene, &["explain", "--json"], free_port());
}

#[test]
fn build_builds_or_says_what_failed() {
    let scene = Scene::with_build_tools();
    fail_each("build", &scene, &["build"], free_port());
    let (outcome, _, errors) = scene.play(&["build"], free_port(), Meddling::Nothing);
    assert!(outcome.status() == 0 && scene.has_environment(), "{errors}");
}

#[test]
fn env_prints_or_says_what_failed() {
    let scene = Scene::new("/bin/true");
    fail_each("env", &scene, &["env"], free_port());
}

#[test]
fn health_answers_or_says_what_failed() {
    let scene = Scene::new("/bin/true");
    fail_each("health", &scene, &["health"], free_port());
}
