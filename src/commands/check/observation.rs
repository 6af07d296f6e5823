//! What the probe told, as values. Pure: bytes in, facts out.

use serde::{Deserialize, Serialize};

/// The interpreter that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// `3.12.1`.
    pub version: String,
    /// `sys.executable`.
    pub executable: String,
    /// `sys.prefix`: the environment, or where Python is installed.
    pub prefix: String,
}

impl Python {
    /// `3.12` of `3.12.1`.
    pub(super) fn minor(&self) -> &str {
        let end = self.version.match_indices('.').nth(1).map_or(self.version.len(), |(at, _)| at);
        &self.version[..end]
    }
}

/// The gunicorn that was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gunicorn {
    /// Its `__version__`.
    pub version: String,
    /// The file of its package.
    pub file: String,
}

/// What gunicorn made of its command line, `GUNICORN_CMD_ARGS` and configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `module:object`, as gunicorn will load it.
    pub app: String,
    /// The directory it changes to.
    pub folder: String,
    /// `host:port`, or what else it would listen on.
    pub addresses: Vec<String>,
}

/// How an object is called, as far as its signature tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calling {
    /// `(environ, start_response)`.
    Wsgi,
    /// `(scope, receive, send)`, awaited.
    Asgi,
    /// Neither can be told; no mismatch is claimed.
    Unknown,
}

/// gunicorn's worker class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Module and class.
    pub name: String,
    /// What it calls apps with.
    pub interface: Calling,
}

/// A module that was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its dotted name.
    pub name: String,
    /// The file it came from.
    pub file: String,
}

/// The object that gunicorn would call for each request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Module and name of its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it wants to be called.
    pub interface: Calling,
}

/// The module has no such name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Absent {
    /// The name that gunicorn would look up.
    pub wanted: String,
    /// Names of the module that may have been meant: apps, then factories as `name()`.
    pub present: Vec<String>,
}

/// A connection to `SQLite` that only the thread which made it may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bound {
    /// The name that a module holds it by.
    pub name: String,
    /// The file of that module.
    pub file: String,
}

/// One line of a traceback: file, line, function, source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frame(pub String, pub u32, pub String, pub String);

/// An exception.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exception {
    /// The name of its class.
    pub kind: String,
    /// The module of its class.
    pub home: String,
    /// Its text.
    pub message: String,
    /// Where it was raised, outermost frame first.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// The module that an `ImportError` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The file of a syntax error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of a syntax error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The source line of a syntax error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Where loading stopped, and on what; never without an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    /// The stage that was reached.
    pub stage: Stage,
    /// The exception, then those it was raised from.
    pub chain: Vec<Exception>,
}

/// The steps of loading, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// The interpreter starts.
    #[default]
    Python,
    /// gunicorn is imported.
    Gunicorn,
    /// gunicorn reads its command line and configuration.
    Settings,
    /// The worker class is imported.
    Worker,
    /// The app's module is imported.
    Module,
    /// The object is looked up, and called if it is a factory.
    Object,
    /// The app is asked for a page.
    Request,
}

/// How the interpreter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It told all it had to tell.
    Complete,
    /// It ended before that, with this exit status.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// The time limit was reached.
    TimedOut,
}

/// All that was learned from one run of the probe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Observation {
    /// The interpreter, once it ran.
    pub python: Option<Python>,
    /// gunicorn, once imported.
    pub gunicorn: Option<Gunicorn>,
    /// Its settings, once read.
    pub settings: Option<Settings>,
    /// Its worker class, once imported.
    pub worker: Option<Worker>,
    /// The app's module, once imported.
    pub module: Option<Module>,
    /// The app, once loaded.
    pub object: Option<Object>,
    /// The name that the module lacks.
    pub absent: Option<Absent>,
    /// The connections to `SQLite` that modules hold and other threads may not use.
    pub bound: Vec<Bound>,
    /// The status of its answer, if it was asked.
    pub(super) status: Option<u16>,
    /// The exception that ended it.
    pub failure: Option<Failure>,
    /// The last stage that began.
    pub stage: Stage,
    /// Was the last event seen?
    pub complete: bool,
    /// Did the interpreter reach the time limit?
    pub timed_out: bool,
    /// Where the interpreter was when the time limit came, innermost frame first.
    pub stuck: Vec<Frame>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Python(Python),
    Gunicorn(Gunicorn),
    Settings(Settings),
    Worker(Worker),
    Module(Module),
    Object(Object),
    Absent(Absent),
    Bound(Bound),
    Answer { status: u16 },
    Failure(Failure),
    Stage { name: Stage },
    End {},
}

impl Observation {
    /// Reads what came through the channel: a JSON object a line, and after a time-out the dump of `faulthandler`.
    ///
    /// A line that is neither is dropped: it was cut off, or the app wrote to a descriptor it does not know.
    #[must_use]
    pub(super) fn read(channel: &[u8]) -> Self {
        let mut seen = Self::default();
        let mut dump = String::new();
        for line in String::from_utf8_lossy(channel).lines() {
            if let Ok(event) = serde_json::from_str(line) {
                seen.note(event);
            } else {
                dump.push_str(line);
                dump.push('\n');
            }
        }
        seen.timed_out = dump.contains("Timeout (");
        seen.stuck = main_thread(&dump);
        seen
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Python(facts) => self.python = Some(facts),
            Event::Gunicorn(facts) => self.gunicorn = Some(facts),
            Event::Settings(facts) => self.settings = Some(facts),
            Event::Worker(facts) => self.worker = Some(facts),
            Event::Module(facts) => self.module = Some(facts),
            Event::Object(facts) => self.object = Some(facts),
            Event::Absent(facts) => self.absent = Some(facts),
            Event::Bound(facts) => self.bound.push(facts),
            Event::Answer { status } => self.status = Some(status),
            Event::Failure(facts) => self.failure = Some(facts),
            Event::Stage { name } => self.stage = name,
            Event::End {} => self.complete = true,
        }
    }
}

/// The frames of the thread that runs the probe, from a dump of all threads; innermost first, as dumped.
fn main_thread(dump: &str) -> Vec<Frame> {
    dump.split("\n\n")
        .flat_map(|part| part.split("Thread 0x"))
        .find(|thread| thread.contains("File \"<string>\""))
        .map(|thread| thread.lines().filter_map(dumped_frame).filter(|frame| frame.0 != "<string>").collect())
        .unwrap_or_default()
}

/// `  File "app.py", line 3 in <module>`
fn dumped_frame(line: &str) -> Option<Frame> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.rsplit_once("\", line ")?;
    let (number, function) = rest.split_once(" in ")?;
    Some(Frame(file.to_owned(), number.parse().ok()?, function.to_owned(), String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_noted_and_what_was_cut_off_is_dropped() {
        let seen = Observation::read(
            br#"{"python": {"version": "3.12.1", "executable": "/p", "prefix": "/"}}
{"stage": {"name": "module"}}
{"failure": {"stage": "module", "chain": [{"kind": "ValueError", "home": "builtins", "message": "x",
{"failure": {"stage": "module", "chain": [{"kind": "KeyError", "home": "builtins", "message": "k", "frames": [["a.py", 3, "f", "x"]]}]}}
{"end": {}}
{"pyth"#,
        );
        assert_eq!(seen.python.map(|python| python.version), Some("3.12.1".to_owned()));
        assert_eq!(seen.stage, Stage::Module);
        let chain = seen.failure.expect("a failure").chain;
        assert_eq!(chain[0].frames, [Frame("a.py".into(), 3, "f".into(), "x".into())]);
        assert!(seen.complete);
    }

    #[test]
    fn the_dump_of_a_hang_gives_the_frames_of_the_thread_that_loads_the_app() {
        let dump =
            b"{\"stage\": {\"name\": \"module\"}}\nTimeout (0:00:01)!\nThread 0x00007f1 (most recent call first):\n  \
            File \"/lib/threading.py\", line 300 in wait\n  File \"/app/poll.py\", line 7 in run\n\n\
            Thread 0x00007f2 [python] (most recent call first):\n  File \"/lib/socket.py\", line 5 in connect\n  \
            File \"/app/my \"app\".py\", line 3 in <module>\n  File \"<string>\", line 180 in load\n";
        let seen = Observation::read(dump);
        let places: Vec<_> = seen.stuck.iter().map(|frame| (frame.0.as_str(), frame.1)).collect();
        assert_eq!(places, [("/lib/socket.py", 5), ("/app/my \"app\".py", 3)]);
        assert!(seen.timed_out && !seen.complete);
    }
}
