//! What can be called: one file or folder per subcommand, and what a session knows of the container's PID 1.
#![forbid(unsafe_code)]

pub(crate) mod app_root;
pub mod build;
pub(crate) mod caveats;
pub mod check;
pub(crate) mod deployed;
pub mod env;
pub mod explain;
pub mod health;
pub(crate) mod output;
pub(crate) mod pid1;
pub(crate) mod port_taken;
pub(crate) mod run;
pub mod running;
mod unreadable;
