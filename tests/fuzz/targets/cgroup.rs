//! Any bytes as the files of a control group: at least one worker, and a sentence that says why.

use pystart::files::Memory;
use pystart::process::cgroup::Limits;

const FILES: [&str; 6] = [
    "/proc/self/cgroup",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

pub fn run(data: &[u8]) {
    let mut contents = data.split(|byte| *byte == b'|');
    let files = FILES.iter().fold(Memory::default(), |files, path| match contents.next() {
        Some(content) => files.file(path, content),
        None => files,
    });
    let capacity = Limits::of_this_container(&files);
    assert!(capacity.workers() >= 1);
    assert!(!capacity.to_string().is_empty());
}
