//! `build` with the real tools.
//!
//! ```text
//! scene.rs         apps, packages that install in a moment, builds
//! environment.rs   the environment: made, kept, replaced, found again
//! forms.rs         every form of a project, built and served
//! failures.rs      what is said when a build fails
//! private_index.rs an index that wants a password
//! settings.rs      hooks, `collectstatic`, caches, indexes, the report
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::format_collect, reason = "a test that cannot go on fails")]

#[path = "../ports/mod.rs"]
mod ports;
#[path = "../python/mod.rs"]
mod python;

mod environment;
mod failures;
mod forms;
mod private_index;
mod scene;
mod settings;
