//! What people see while the site starts: short lines on standard error, without a time (the container adds one).
//!
//! Standard output belongs to the app.

use std::fmt;
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::app::Notice;
use crate::environ::Environ;
use crate::error::Failure;

/// Sets the log up as `PYSTART_LOG` (off, error, warn, info, debug, trace; info) and `PYSTART_LOG_FORMAT` (text, json;
/// text) say.
///
/// # Errors
///
/// Another value than these.
pub fn start(environ: &Environ) -> Result<(), Failure> {
    let value = |name| environ.filled(name).map(std::ffi::OsStr::to_ascii_lowercase);
    let level = match value("PYSTART_LOG").as_deref().map(std::ffi::OsStr::to_str) {
        Some(Some("off")) => LevelFilter::OFF,
        Some(Some("error")) => LevelFilter::ERROR,
        Some(Some("warn")) => LevelFilter::WARN,
        None | Some(Some("info")) => LevelFilter::INFO,
        Some(Some("debug")) => LevelFilter::DEBUG,
        Some(Some("trace")) => LevelFilter::TRACE,
        Some(_) => return Err(bad_value("PYSTART_LOG", "off, error, warn, info, debug or trace")),
    };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // A second subscriber is refused; the first one is the one to keep.
    let _ = match value("PYSTART_LOG_FORMAT").as_deref().map(std::ffi::OsStr::to_str) {
        None | Some(Some("text")) => tracing::subscriber::set_global_default(subscriber.event_format(Lines).finish()),
        Some(Some("json")) => tracing::subscriber::set_global_default(
            subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).finish(),
        ),
        Some(_) => return Err(bad_value("PYSTART_LOG_FORMAT", "text or json")),
    };
    Ok(())
}

fn bad_value(name: &str, form: &str) -> Failure {
    Failure::usage(format!("the value of the variable `{name}` is not valid")).with_hint(format!("it must be {form}"))
}

/// A warning with its hint.
pub fn notice(notice: &Notice) {
    tracing::warn!(hint = notice.hint.as_deref(), "{}", notice.message);
}

/// The last words of a start that failed: whatever the level, and also before the log is set up.
pub fn failure(failure: &Failure, environ: &Environ) {
    let is_json = environ.filled("PYSTART_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    if is_json && start(environ).is_ok() && tracing::enabled!(Level::ERROR) {
        tracing::error!(hint = failure.hint.as_deref(), status = failure.status, "{}", failure.message);
        return;
    }
    let mut text = format!("pystart: error: {}\n", failure.message);
    if let Some(hint) = &failure.hint {
        text.push_str("pystart: hint: ");
        text.push_str(hint);
        text.push('\n');
    }
    // Where standard error is closed there is nobody left to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// `pystart: warning: message`, and the hint on a line of its own.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            Level::INFO => "",
            Level::DEBUG => "debug: ",
            Level::TRACE => "trace: ",
        };
        writeln!(out, "pystart: {level}{}", fields.message)?;
        if fields.hint.is_empty() { Ok(()) } else { writeln!(out, "pystart: hint: {}", fields.hint) }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    hint: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "hint" {
            value.clone_into(&mut self.hint);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
