//! What a diagnosis may need besides what the probe told.

use std::path::Path;

use super::packages::Packages;

/// Where things are, for telling the user's code from everybody else's and for naming what is near.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// The app root.
    pub(super) app_root: &'a Path,
    /// What is known about the Python environment.
    pub(super) packages: &'a Packages,
    /// The time limit of the probe, in seconds.
    pub(super) limit_seconds: f64,
}
