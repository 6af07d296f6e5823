//! What people see while the site starts: short lines on standard error, without a time (the container adds one).
//!
//! Standard output belongs to the app.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::environ::Environ;
use crate::error::Failure;
use crate::model::Notice;
use crate::settings::{Flags, LogFormat, table};

/// Sets the log up as `PYSTART_LOG` (off, error, warn, info, debug, trace; info) and `PYSTART_LOG_FORMAT` (text, json;
/// text) say.
///
/// # Errors
///
/// Another value than these.
pub fn start(environ: &Environ) -> Result<(), Failure> {
    let level = table::LOG.read(&Flags::default(), environ)?.unwrap_or(LevelFilter::INFO);
    let format = table::LOG_FORMAT.read(&Flags::default(), environ)?.unwrap_or(LogFormat::Text);
    // A second subscriber is refused; the first one is the one to keep.
    let _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(Lines { level }),
        LogFormat::Json => {
            let json = tracing_subscriber::fmt().json().with_max_level(level).with_writer(std::io::stderr);
            let flat = json.flatten_event(true).with_current_span(false).with_span_list(false);
            tracing::subscriber::set_global_default(flat.finish())
        }
    };
    Ok(())
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
    let text = lines("error: ", &failure.message, failure.hint.as_deref().unwrap_or_default());
    // Where standard error is closed there is nobody left to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// `pystart: warning: message`, and the hint on a line of its own; both in one write, so that they stay together.
///
/// pystart has no spans. A subscriber that could keep some would cost more than everything that is written to it.
struct Lines {
    level: LevelFilter,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            Level::INFO => "",
            Level::DEBUG => "debug: ",
            Level::TRACE => "trace: ",
        };
        // Where standard error is closed there is nobody left to tell.
        let _ = std::io::stderr().write_all(lines(level, &fields.message, &fields.hint).as_bytes());
    }

    // Nothing below is ever called: no span is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn lines(level: &str, message: &str, hint: &str) -> String {
    let mut text = ["pystart: ", level, message, "\n"].concat();
    if !hint.is_empty() {
        text.extend(["pystart: hint: ", hint, "\n"]);
    }
    text
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
            // Writing to a string cannot fail.
            let _ = write!(self.message, "{value:?}");
        }
    }
}
