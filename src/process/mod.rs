//! Processes: becoming one, looking after some, and what the kernel tells of them.

pub(crate) mod answer;
pub mod cgroup;
pub mod exec;
pub mod init;
pub mod port;
pub(crate) mod procfs;
pub(crate) mod reachability;
pub(crate) mod refusal;
#[forbid(unsafe_code)]
pub(crate) mod run_to_end;
pub mod signals;
pub(crate) mod sshd;
