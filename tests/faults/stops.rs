//! SIGTERM after every system call of a start and of a stop.

use std::thread;

use nix::sched::CloneFlags;
use nix::sys::signal::Signal;

use super::scene::{Scene, free_port, is_whole};
use super::tracer::{Meddling, Outcome, Place};

/// Some of the places of a run, or all: those behind a call that does not come back are left out.
fn places(all: &[Place]) -> Vec<Place> {
    let step = if is_whole() { 1 } else { 4 };
    all.iter().step_by(step).copied().collect()
}

/// Sends SIGTERM after each call; the status is that of the server, or of a process that the signal ended.
#[track_caller]
fn stop_each(name: &str, scene: &Scene, arguments: &[&str], meddle: fn(Place) -> Meddling, from: &[Place]) {
    let mut moments = 0;
    for place in places(from) {
        let (outcome, _, errors) = scene.play(arguments, free_port(), meddle(place));
        assert!(!outcome.hung, "{name}: a stop after {place:?} is lost: {errors}");
        assert_eq!(outcome.status(), 143, "{name}, after {place:?}: {errors}");
        assert!(!errors.contains("panicked"), "{name}, after {place:?}: {errors}");
        moments += 1;
    }
    println!("{name}: {moments} moments");
    assert!(moments > 5, "{name}: {moments}");
}

/// The server runs until it is told to stop.
const SERVER: &str = "/bin/sleep";

#[test]
fn a_stop_during_a_start_ends_it_or_reaches_the_server() {
    let scene = Scene::new(SERVER);
    for (name, arguments) in [
        ("run", &["run", "--init", "never", "--", "server", "1000"][..]),
        ("run as init", &["run", "--init", "always", "--", "server", "1000"][..]),
    ] {
        // Stopped as soon as the server runs, so that the calls up to there are known.
        let nowhere = Place { in_child: false, index: usize::MAX / 2 };
        let (usual, _, errors) = scene.play(arguments, free_port(), Meddling::SendAgain(nowhere, Signal::SIGTERM));
        assert_eq!(usual.status(), 143, "{errors}");
        let all: Vec<Place> = usual.calls.keys().copied().collect();
        let own: Vec<Place> = all.into_iter().filter(|place| !place.in_child).collect();
        let until = own.len() - if name == "run" { 1 } else { 8 };
        stop_each(name, &scene, arguments, |place| Meddling::Send(place, Signal::SIGTERM), &own[..until]);
    }
}

/// As [`Scene::play`], as the first process of a PID namespace: the kernel drops what such a process neither holds nor
/// handles. `None` where this user may not make one.
fn play_as_pid_1(scene: &Scene, arguments: &[&str], meddling: Meddling) -> Option<(Outcome, String)> {
    let play = || {
        // Of this thread's children, and once: the namespace ends with its first process.
        nix::sched::unshare(CloneFlags::CLONE_NEWPID).ok()?;
        let (outcome, _, errors) = scene.play(arguments, free_port(), meddling);
        Some((outcome, errors))
    };
    thread::scope(|scope| scope.spawn(play).join().unwrap())
}

#[test]
fn a_stop_during_a_start_as_pid_1_is_not_lost() {
    let scene = Scene::new(SERVER);
    let arguments = ["run", "--init", "always", "--", "server", "1000"];
    let nowhere = Place { in_child: false, index: usize::MAX / 2 };
    let Some((usual, errors)) = play_as_pid_1(&scene, &arguments, Meddling::SendAgain(nowhere, Signal::SIGTERM)) else {
        assert!(std::env::var_os("CI").is_none(), "no PID namespace can be made");
        return;
    };
    assert_eq!(usual.status(), 143, "{errors}");
    let own: Vec<Place> = usual.calls.keys().copied().filter(|place| !place.in_child).collect();
    // Up to the call that holds signals, no process can keep one: it is the first of `main`, behind the last of the runtime.
    let held = own.iter().position(|place| usual.calls[place] == nix::libc::SYS_rt_sigprocmask).unwrap();
    assert!(held < 8, "signals are held by call {held} of `main`, and not before");
    let mut moments = 0;
    for place in places(&own[held..own.len() - 8]) {
        let meddling = Meddling::Send(place, Signal::SIGTERM);
        let (outcome, errors) = play_as_pid_1(&scene, &arguments, meddling).unwrap();
        assert!(!outcome.hung, "a stop after {place:?} is lost: {errors}");
        assert_eq!(outcome.status(), 143, "after {place:?}: {errors}");
        moments += 1;
    }
    println!("run as PID 1: {moments} moments");
    assert!(moments > 5, "{moments}");
}

#[test]
fn a_stop_during_a_build_ends_it_and_leaves_no_half_environment() {
    let scene = Scene::with_build_tools();
    let (usual, _, errors) = scene.play(&["build"], free_port(), Meddling::Nothing);
    assert!(usual.status() == 0 && scene.has_environment(), "{errors}");
    let own: Vec<Place> = usual.calls.keys().copied().filter(|place| !place.in_child).collect();
    // The last calls are those of the report and of the end.
    let step = own.len().div_ceil(if is_whole() { 100 } else { 10 });
    let mut ended = 0;
    for place in own.into_iter().step_by(step) {
        let (outcome, _, errors) = scene.play(&["build"], free_port(), Meddling::Send(place, Signal::SIGTERM));
        assert!(!outcome.hung && !errors.contains("panicked"), "after {place:?}: {errors}");
        assert!([0, 143].contains(&outcome.status()), "after {place:?}: {} {errors}", outcome.status());
        let is_there = scene.has_environment();
        assert!(is_there || outcome.status() == 143, "after {place:?}: {errors}");
        ended += usize::from(outcome.status() == 143);
    }
    println!("build: {ended} ended");
    assert!(ended > 3, "{ended}");
}

#[test]
fn a_second_stop_during_a_stop_changes_nothing() {
    let scene = Scene::new(SERVER);
    let arguments = ["run", "--init", "always", "--", "server", "1000"];
    let moments: Vec<Place> = (0..12).map(|index| Place { in_child: false, index }).collect();
    for place in moments {
        let (outcome, _, errors) = scene.play(&arguments, free_port(), Meddling::SendAgain(place, Signal::SIGTERM));
        assert!(!outcome.hung, "after {place:?}: {errors}");
        assert_eq!(outcome.status(), 143, "after {place:?}: {errors}");
    }
}
