//! The access log as JSON: a logger class for gunicorn, which has no such format of its own.

use crate::embedded::Embedded;

/// The module with the class.
pub(crate) static MODULE: Embedded = Embedded {
    what: "the module for the access log",
    prefix: "pystart-accesslog-",
    files: &[("pystart_access_log.py", include_str!("pystart_access_log.py"))],
    remedy: "mount a writable folder on `/tmp`, or take `PYSTART_ACCESS_LOG=on`, which needs no file",
};

/// What `--logger-class` calls it.
pub(crate) const LOGGER_CLASS: &str = "pystart_access_log.Logger";

/// How requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// Not at all.
    Off,
    /// A line for each, in gunicorn's own format.
    Text,
    /// A JSON object for each.
    Json,
}
