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
pub mod build;
pub mod capacity;
pub mod check;
pub mod cli;
pub mod command;
pub mod decision;
pub mod detect;
pub mod environ;
pub mod error;
pub mod exec;
pub mod files;
pub mod gunicorn;
pub mod health;
pub mod init;
pub mod launch;
pub mod ports;
pub mod python;
pub mod settings;
pub mod shell_env;
pub mod signals;
pub mod venv;
