//! Ports for tests: the one place that asks for a free one.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use std::net::TcpListener;

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
