//! Processes: becoming one, looking after some, and what the kernel tells of them.

pub mod cgroup;
pub mod exec;
pub mod init;
pub mod port;
pub mod procfs;
pub mod reachability;
#[forbid(unsafe_code)]
pub(crate) mod run_to_end;
pub mod signals;
pub mod sshd;
