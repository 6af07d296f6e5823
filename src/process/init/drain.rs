//! The time between being asked to end and asking the server to.
//!
//! Where nobody tells a load balancer before the stop (Docker, Swarm and App Service have no hook for that), the container
//! has to be seen to go: `health` says no from the request on, and the server keeps answering until requests go elsewhere.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use crate::process::signals::Received;

/// What an init is called while its site is drained and until it ends: nothing is written anywhere, and every process
/// of the container can read it, whatever its user.
pub(crate) const NAME: &str = "pystart-drain";

/// A request to end, and until when it is kept back.
pub(super) struct Drain {
    request: Received,
    end: Instant,
}

impl Drain {
    /// Begins it.
    pub(super) fn begin(request: Received, time: Duration) -> Self {
        let _ = nix::sys::prctl::set_name(&std::ffi::CString::new(NAME).unwrap_or_default());
        Self { request, end: Instant::now() + time }
    }

    /// When it is over.
    pub(super) fn end(&self) -> Instant {
        self.end
    }

    /// The request, once the time is over.
    pub(super) fn request_if_over(&self) -> Option<Received> {
        (Instant::now() >= self.end).then_some(self.request)
    }
}
