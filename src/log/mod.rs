//! What people see while the site starts: short lines on standard error, without a time (the container adds one).
//!
//! Standard output belongs to the app.
#![forbid(unsafe_code)]

mod no_spans;
mod stderr;
mod text;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::set_global_default;
use tracing_subscriber::layer::SubscriberExt;

use crate::environ::Environ;
use crate::error::Failure;
use crate::model::Notice;
use crate::settings::{Flags, LogFormat, table};
use no_spans::NoSpans;
use stderr::Stderr;
use text::{Text, write_lines};

/// Sets the log up as `PYSTART_LOG` (off, error, warn, info, debug, trace; info) and `PYSTART_LOG_FORMAT` (text, json;
/// text) say.
///
/// # Errors
///
/// Another value than these.
pub(crate) fn start(environ: &Environ) -> Result<(), Failure> {
    let level = table::LOG.read(&Flags::default(), environ)?.unwrap_or(LevelFilter::INFO);
    let format = table::LOG_FORMAT.read(&Flags::default(), environ)?.unwrap_or(LogFormat::Text);
    let events = NoSpans.with(level);
    // A second subscriber is refused; the first one is the one to keep.
    let _ = match format {
        LogFormat::Text => set_global_default(events.with(Text)),
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer().with_writer(|| Stderr).log_internal_errors(false);
            let json = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            set_global_default(events.with(json))
        }
    };
    Ok(())
}

/// A warning with its hint.
pub(crate) fn notice(notice: &Notice) {
    tracing::warn!(hint = notice.hint.as_deref(), "{}", notice.message);
}

/// Why a start failed: whatever the level, and also before the log is set up.
pub(crate) fn failure(failure: &Failure, environ: &Environ) {
    let is_json = environ.filled("PYSTART_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    if is_json && start(environ).is_ok() && tracing::enabled!(Level::ERROR) {
        tracing::error!(hint = failure.hint.as_deref(), status = failure.status, "{}", failure.message);
        return;
    }
    write_lines("error: ", &failure.message, failure.hint.as_deref());
}
