//! Standard error is a pipe that nobody reads any more, and full.

use nix::libc::SIGTERM;

use crate::Test;
use crate::stage::{Stage, namespace, pystart, python, words};

pub(crate) const TESTS: &[Test] =
    &[("full_pipe::a_line_that_nobody_reads_holds_up_neither_a_start_nor_a_stop", neither_start_nor_stop)];

/// Fills a pipe, makes it standard error, and becomes the launcher. The descriptor for reading stays open.
const FILL: &str = "
import fcntl, os, sys
reading, writing = os.pipe()
os.set_inheritable(reading, True)
fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
os.set_blocking(writing, False)
try:
    while True: os.write(writing, b'x')
except BlockingIOError: pass
os.set_blocking(writing, True)
os.dup2(writing, 2)
os.execv(sys.argv[1], sys.argv[1:])";

fn neither_start_nor_stop() {
    // What is left at the end is named in the log.
    let child = python(
        "
if os.fork() == 0:
    record('left', then=leave()); say('ready'); pause()
record('child', then=leave(9)); say('ready'); pause()",
    );
    let child = words(&child);
    let launcher = pystart(&child);
    let command: Vec<_> = ["python3", "-ISc", FILL].into_iter().chain(launcher).collect();
    let stage = Stage::play(&namespace(&command), &[]);
    stage.expect("ready");
    stage.expect("ready");
    stage.signal(SIGTERM);
    for line in ["child 15", "done", "left 15", "done"] {
        stage.expect(line);
    }
    stage.end_with(9);
}
