//! Every block of type `console`: its commands are run, and what they print is what stands there.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use crate::pages::{Block, pages};
use crate::ports::free_port;
use crate::python::Running;
use crate::scenes::Scene;

/// How long anything may take on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(90);

#[test]
fn commands_print_what_the_pages_say() {
    let mut count = 0;
    for page in pages() {
        for block in page.blocks() {
            if block.language == "console" {
                let scene =
                    block.scene.unwrap_or_else(|| panic!("{}: no scene for {:?}", page.path.display(), block.lines));
                run(&page.path.display().to_string(), &Scene::new(scene), &block);
                count += 1;
            }
        }
    }
    assert!(count >= 8, "only {count} blocks");
}

fn run(page: &str, scene: &Scene, block: &Block<'_>) {
    let mut lines = block.lines.iter().copied().peekable();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{page}: output before a command: {line}"));
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            expected.push(line);
        }
        let printed = printed(scene, command);
        let found: Vec<&str> = printed.lines().collect();
        assert!(
            matches(&expected, &found),
            "{page}: `{command}` prints\n{printed}\ninstead of\n{}",
            expected.join("\n")
        );
    }
}

/// Everything that the command prints. A site is stopped as soon as it answers.
fn printed(scene: &Scene, command: &str) -> String {
    let starts = command == "pystart" || command.starts_with("pystart run");
    // Not 8000: somebody may be using that.
    let port =
        if starts || command.contains("pystart health") || command.contains("pystart check") { free_port() } else { 0 };
    let mut output = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(scene.root().with_extension("out"))
        .unwrap();
    let mut command = scene.command(command, port);
    command.stdout(Stdio::from(output.try_clone().unwrap())).stderr(Stdio::from(output.try_clone().unwrap()));
    let mut running = Running::start(&mut command);
    let end = Instant::now() + DEADLINE;
    let mut was_stopped = false;
    while running.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "{command:?} does not end");
        if starts && !was_stopped && TcpStream::connect(("127.0.0.1", port)).is_ok() {
            kill(running.pid(), Signal::SIGTERM).unwrap();
            was_stopped = true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut text = String::new();
    output.rewind().unwrap();
    output.read_to_string(&mut text).unwrap();
    std::fs::remove_file(scene.root().with_extension("out")).unwrap();
    // The page shows the port that holds when none is named.
    let text = text
        .replace(&format!("--bind=0.0.0.0:{port} "), "--bind=0.0.0.0 ")
        .replace(&format!("port {port} "), "port 8000 ");
    scene.as_in_the_image(&text)
}

/// Whether the lines are those expected.
fn matches(expected: &[&str], found: &[&str]) -> bool {
    match expected {
        [] => found.is_empty(),
        ["..."] => true,
        ["...", rest @ ..] => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        [line, rest @ ..] => {
            found.split_first().is_some_and(|(first, others)| line_matches(line, first) && matches(rest, others))
        }
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    let Some((before, after)) = expected.split_once("...") else { return expected == found };
    let Some(rest) = found.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| line_matches(after, &rest[at..]))
}

#[test]
fn every_transcript_is_run() {
    for page in pages() {
        let text = page.text.lines().find(|line| line.starts_with("    $ "));
        assert_eq!(text, None, "{}: a transcript is a block of type `console`", page.path.display());
    }
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    for (expected, found, is_match) in [
        (&["a"][..], &["a"][..], true),
        (&["a"], &["a", "b"], false),
        (&["a", "..."], &["a", "b", "c"], true),
        (&["...", "c"], &["a", "b", "c"], true),
        (&["...", "b"], &["a", "b", "c"], false),
        (&["a ... c"], &["a b c"], true),
        (&["a ... c"], &["a b d"], false),
        (&[], &["a"], false),
        (&["..."], &[], true),
    ] {
        assert_eq!(matches(expected, found), is_match, "{expected:?} {found:?}");
    }
}
