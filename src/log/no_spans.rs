//! The registry below the log's formatter, for a program without spans.
//!
//! `tracing_subscriber::Registry` makes room for the spans of 4,096 threads before the first line is written.
#![forbid(unsafe_code)]

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::registry::{LookupSpan, SpanData};

/// Enables every event and no span.
pub(super) struct NoSpans;

impl Subscriber for NoSpans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
    }

    /// What is to be done is done by the layers above.
    fn event(&self, _: &Event<'_>) {}

    // Nothing below is ever called: no span is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl<'a> LookupSpan<'a> for NoSpans {
    type Data = NoSpan;

    fn span_data(&'a self, _: &Id) -> Option<NoSpan> {
        None
    }
}

/// There is none.
pub(super) enum NoSpan {}

impl SpanData<'_> for NoSpan {
    fn id(&self) -> Id {
        match *self {}
    }

    fn metadata(&self) -> &'static Metadata<'static> {
        match *self {}
    }

    fn parent(&self) -> Option<&Id> {
        match *self {}
    }

    fn extensions(&self) -> tracing_subscriber::registry::Extensions<'_> {
        match *self {}
    }

    fn extensions_mut(&self) -> tracing_subscriber::registry::ExtensionsMut<'_> {
        match *self {}
    }
}
