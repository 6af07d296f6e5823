//! SIGTERM after every system call of a start and of a stop.

use nix::sys::signal::Signal;

use super::scene::{Scene, free_port, is_whole};
use super::tracer::{Meddling, Place};

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
