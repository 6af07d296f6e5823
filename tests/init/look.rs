//! What is said of a site that cannot be reached, or can be. The times are a second's parts here: they stand among the
//! arguments of the re-exec, which is where these tests begin.

use nix::libc::{SIGTERM, SIGWINCH};

use crate::Test;
use crate::ports::free_port;
use crate::resident::sleeps_for_good;
use crate::stage::{PYSTART, Stage, namespace, python, until, words};

pub(crate) const TESTS: &[Test] = &[
    ("look::a_server_for_this_host_alone_is_told_once", loopback),
    ("look::a_server_for_all_hosts_is_found_and_not_looked_for_again", reachable),
    ("look::a_server_that_comes_later_is_found_at_the_second_look", later),
    ("look::no_server_at_all_is_a_warning_at_the_second_look", none),
];

/// An init over this server, which expects it on a port.
fn init(server: &str, port: u16, times: &str) -> Stage {
    let start = format!(
        "
import socket
def listen(address, port):
    server = socket.socket(); server.bind((address, port)); server.listen(); return server
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    record('server', then=leave()); {server}
    say('ready'); pause()
os.execv('{PYSTART}', ['pystart: init', f'child={{child}}', 'grace=1000ms', 'port={port}@{times}'])"
    );
    let stage = Stage::play(&namespace(&words(&python(&start))), &[]);
    stage.expect("ready");
    stage
}

/// Ends it once it has nothing more to look at. Returns the rest of stderr.
fn end(stage: Stage) -> String {
    until("nothing but a signal wakes it", || sleeps_for_good(stage.pid()).then_some(()));
    stage.signal(SIGTERM);
    stage.expect("server 15");
    stage.expect("done");
    stage.end_with(0)
}

fn loopback() {
    let (expected, actual) = (free_port(), free_port());
    let stage = init(&format!("server = listen('127.0.0.1', {actual})"), expected, "50ms,150ms");
    let line = stage.error_line().unwrap_or_default();
    assert!(line.starts_with("pystart: warning: `python3 -ISc "), "{line}");
    let place = format!(" (2) listens on 127.0.0.1:{actual}; the site is expected on 0.0.0.0:{expected}");
    assert!(line.ends_with(&place), "{line}");
    assert!(stage.error_line().unwrap_or_default().starts_with("pystart: hint: "));
    assert_eq!(end(stage), "");
}

fn reachable() {
    let port = free_port();
    // The second look would be in an hour.
    let stage = init(&format!("server = listen('0.0.0.0', {port})"), port, "60000ms,3600000ms");
    let line = stage.error_line().unwrap_or_default();
    let time = line.strip_prefix(&format!("pystart: port {port} accepts connections, "));
    let time = time.and_then(|rest| rest.strip_suffix("s after the start")).unwrap_or_else(|| panic!("{line}"));
    assert!(time.trim_end_matches(['m', '\u{b5}']).parse::<f64>().is_ok(), "it is measured: {line}");
    assert_eq!(end(stage), "");
}

fn later() {
    let port = free_port();
    let server =
        format!("signal.signal(28, lambda *_: (globals().update(server=listen('0.0.0.0', {port})), say('listens')))");
    let stage = init(&server, port, "50ms,1500ms");
    assert_eq!(stage.error_line(), Some(format!("pystart: nobody listens on port {port} yet")));
    pystart::process::signals::send(stage.main(), SIGWINCH);
    stage.expect("listens");
    let expected = format!("pystart: port {port} accepts connections, seen 1.5s after the start");
    assert_eq!(stage.error_line(), Some(expected));
    assert_eq!(end(stage), "");
}

fn none() {
    let port = free_port();
    let stage = init("pass", port, "20ms,60ms");
    assert_eq!(stage.error_line(), Some(format!("pystart: nobody listens on port {port} yet")));
    assert_eq!(stage.error_line(), Some(format!("pystart: warning: nobody listens on port {port} yet")));
    assert_eq!(end(stage), "");
}
