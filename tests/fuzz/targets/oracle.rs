//! A program that knows better: it gets one line of JSON (text, in Latin-1 for bytes), and answers with one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The Python that has gunicorn; `PYSTART_FUZZ_PYTHON`, else `python3`, where nobody sets it.
pub static PYTHON: OnceLock<PathBuf> = OnceLock::new();

/// A running program.
pub struct Oracle {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts Python with this source.
    pub fn python(source: &str) -> Self {
        let python = PYTHON.get_or_init(|| std::env::var_os("PYSTART_FUZZ_PYTHON").unwrap_or("python3".into()).into());
        let mut child = Command::new(python)
            .args(["-c", source])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python starts");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Self { _child: child, input: input.expect("a pipe"), output: BufReader::new(output.expect("a pipe")) }
    }

    /// What it says to this text.
    pub fn ask(&mut self, text: &str) -> Value {
        let mut line = serde_json::to_string(text).expect("text is JSON");
        line.push('\n');
        self.input.write_all(line.as_bytes()).expect("the oracle listens");
        line.clear();
        self.output.read_line(&mut line).expect("the oracle answers");
        serde_json::from_str(&line).expect("it answers in JSON")
    }
}
