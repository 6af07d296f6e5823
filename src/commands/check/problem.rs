//! Why the site would not start, as a value: for people and for machines.

use serde::Serialize;

/// What kind of failure it is, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// No app of the user's was found: the default site would be served.
    NoApp,
    /// `run` would refuse to start anything.
    Impossible,
    /// The interpreter could not be started.
    NoPython,
    /// gunicorn cannot be imported.
    NoGunicorn,
    /// gunicorn refuses its command line or configuration.
    Settings,
    /// The worker class cannot be imported.
    Worker,
    /// A module is not installed.
    ModuleNotFound,
    /// A name cannot be imported from a module.
    Import,
    /// The kernel loads no compiled code from where a package lies.
    Noexec,
    /// A file is not valid Python.
    Syntax,
    /// The module has no such name.
    NameNotFound,
    /// What the name stands for is no app.
    NotAnApp,
    /// Django's settings are incomplete or wrong.
    DjangoSettings,
    /// The app factory raised.
    Factory,
    /// Importing the module raised.
    Raised,
    /// The module ended the interpreter.
    Exited,
    /// A signal ended the interpreter.
    Killed,
    /// Loading took longer than the limit.
    TimedOut,
    /// The worker class calls apps in another way than this one wants.
    Interface,
    /// Somebody else listens on the port.
    PortTaken,
    /// Another site runs than a restart would start.
    Outdated,
    /// The site runs, and nobody listens on its port.
    NotListening,
    /// The site listens on another port than the one that is asked for.
    WrongPort,
    /// The site listens on the loopback address alone.
    Loopback,
    /// The site listens, and gives no answer of HTTP.
    NoAnswer,
    /// The site answers 500 or more.
    ServerError,
    /// Processes were killed for want of memory.
    Memory,
    /// A folder or file of the app may not be read.
    Unreadable,
    /// The program of the custom command cannot be started.
    Program,
    /// The shell refuses the script.
    Script,
}

/// A line of code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its file; relative to the app root where it is in it.
    pub file: String,
    /// Its number, from 1.
    pub line: u32,
    /// The function it is in, `<module>` outside of any.
    pub function: String,
    /// The line itself, trimmed; empty if not known.
    pub source: String,
}

/// Why the site would not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// For machines.
    pub cause: Cause,
    /// What happened: lower case, no final period, literals in backticks.
    pub message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The user's own lines on the way to it, innermost last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

impl Problem {
    /// A problem without lines and without a next step.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), hint: None, lines: Vec::new() }
    }

    /// The same problem with a next step.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
