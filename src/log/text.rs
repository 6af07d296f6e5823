//! The lines that people read.
#![forbid(unsafe_code)]

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent};

use crate::printable::printable;

/// `pystart: warning: message`, and the hint on a line of its own; both in one write, so that they stay together.
pub(super) struct Text;

impl<S: Subscriber, N> FormatEvent<S, N> for Text
where
    S: for<'lookup> tracing_subscriber::registry::LookupSpan<'lookup>,
    N: for<'writer> tracing_subscriber::fmt::FormatFields<'writer> + 'static,
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
        lines(&mut out, level, &fields.message, fields.hint.as_deref())
    }
}

/// One line for the message, and one for the hint.
pub(super) fn lines(out: &mut impl Write, level: &str, message: &str, hint: Option<&str>) -> fmt::Result {
    for part in ["pystart: ", level, &printable(message), "\n"] {
        out.write_str(part)?;
    }
    if let Some(hint) = hint {
        for part in ["pystart: hint: ", &printable(hint), "\n"] {
            out.write_str(part)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Fields {
    message: String,
    hint: Option<String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "hint" {
            self.hint = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string cannot fail.
            let _ = write!(self.message, "{value:?}");
        }
    }
}
