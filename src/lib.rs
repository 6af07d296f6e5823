//! pystart starts the Python web app of a container.
//!
//! Data flows one way, and every arrow is a function:
//!
//! ```text
//! argv, environ ─▶ Cli ─▶ Settings ─▶ Decision ─▶ run: exec, or stay as init
//!                               ▲          │
//!                        Files ─┘          ├─▶ explain: a report
//!               (the only reader           └─▶ check: proof by the real interpreter
//!                of the disk)
//! ```
//!
//! The decision is a value: it can be printed, serialised and tested without starting anything.

pub mod app;
pub mod default_site;
pub mod environ;
pub mod error;
pub mod exec;
pub mod files;
pub mod sshd;
