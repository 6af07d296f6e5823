//! Any bytes as a command line without shell syntax: its words are those of `/bin/sh`.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use pystart::shell::words::{join, split};

/// A shell that reads one command after the other, where there is nothing to run and nothing to read.
struct Shell {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn new() -> Self {
        let mut child = Command::new("/bin/sh")
            .current_dir("/proc/self/fdinfo")
            .env_clear()
            .env("PATH", "/nowhere")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the shell starts");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Self { _child: child, input: input.expect("a pipe"), output: BufReader::new(output.expect("a pipe")) }
    }

    fn words(&mut self, line: &OsStr) -> Vec<u8> {
        let script = [b"printf '%s\\0' ", line.as_bytes(), b"\nprintf '\\001'\n"].concat();
        self.input.write_all(&script).expect("the shell listens");
        let mut words = Vec::new();
        self.output.read_until(1, &mut words).expect("the shell answers");
        words.pop();
        words
    }
}

thread_local! {
    static SHELL: RefCell<Shell> = RefCell::new(Shell::new());
}

pub fn run(data: &[u8]) {
    // What ends the answer must not be in it, and what could do something is not tried.
    if data.iter().any(|byte| matches!(byte, 0 | 1 | b'$' | b'`' | b'>' | b'<' | b'|' | b'&' | b';' | b'(' | b')')) {
        return;
    }
    // An empty line in front says nothing to a shell; here it would end the command that prints the words. A line that goes
    // on in the next one is none.
    let mut line = data;
    while let [b' ' | b'\t' | b'\n', rest @ ..] | [b'\\', b'\n', rest @ ..] = line {
        line = rest;
    }
    let line = OsStr::from_bytes(line);
    let Ok(own) = split(line) else { return };
    if own.needs_shell || own.words.is_empty() {
        return;
    }
    let expected =
        |words: &[OsString]| words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect::<Vec<u8>>();
    SHELL.with_borrow_mut(|shell| {
        assert_eq!(shell.words(line), expected(&own.words), "{}", line.display());
        assert_eq!(shell.words(&join(&own.words)), expected(&own.words), "{}", line.display());
    });
}
