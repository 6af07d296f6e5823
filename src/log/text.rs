//! The lines that people read.
#![forbid(unsafe_code)]

use std::fmt::{self, Write};
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::stderr::Stderr;
use crate::printable::printable;

/// `pystart: warning: message`, and the hint on a line of its own; both in one write, so that they stay together.
///
/// A layer, where a format for `fmt::Layer` would do: its buffer belongs to the thread, and the first one that does makes the
/// C library set up an allocator of its own.
pub(super) struct Text;

impl<S: Subscriber> Layer<S> for Text {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            Level::INFO => "",
            Level::DEBUG => "debug: ",
            Level::TRACE => "trace: ",
        };
        write_lines(level, &fields.message, fields.hint.as_deref());
    }
}

/// One line for the message, and one for the hint.
pub(super) fn write_lines(level: &str, message: &str, hint: Option<&str>) {
    let mut text = ["pystart: ", level, &printable(message), "\n"].concat();
    if let Some(hint) = hint {
        text += &["pystart: hint: ", &printable(hint), "\n"].concat();
    }
    // It succeeds always.
    let _ = Stderr.write_all(text.as_bytes());
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
