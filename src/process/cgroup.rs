//! How much of the machine this container may use, and how many workers that is.
//!
//! The number of processors of the host says nothing in a container: with it, a small container on a large host gets
//! dozens of workers and is killed for its memory.
#![forbid(unsafe_code)]

use std::fmt;
use std::path::{Path, PathBuf};

use crate::files::Files;

/// What one worker is taken to need: a middling Django or Flask app with its libraries.
const MEMORY_OF_A_WORKER: u64 = 128 * 1024 * 1024;

/// From this value on, a memory limit of cgroup v1 means none (`PAGE_COUNTER_MAX`, rounded down to pages).
const NO_LIMIT: u64 = 1 << 60;

/// The limits of this container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Processors that this process may run on.
    pub affinity: usize,
    /// Processors' worth of time that the control group grants.
    pub quota: Option<f64>,
    /// Bytes of memory that the control group grants.
    pub memory: Option<u64>,
}

impl Limits {
    /// Reads the limits of the control groups that this process is in, v1 or v2.
    #[must_use]
    pub fn of_this_container(files: &dyn Files) -> Self {
        let groups = read(files, Path::new("/proc/self/cgroup")).unwrap_or_default();
        let quota = |folder: &Path| {
            if let Some(text) = read(files, &folder.join("cpu.max")) {
                let (quota, period) = text.split_once(' ')?;
                return Some(quota.parse::<f64>().ok()? / period.trim().parse::<f64>().ok()?);
            }
            let number = |name: &str| read(files, &folder.join(name))?.trim().parse::<f64>().ok();
            let quota = number("cpu.cfs_quota_us").filter(|quota| *quota > 0.0)?;
            Some(quota / number("cpu.cfs_period_us")?)
        };
        let memory = |folder: &Path| {
            let text = read(files, &folder.join("memory.max"))
                .or_else(|| read(files, &folder.join("memory.limit_in_bytes")))?;
            text.trim().parse::<u64>().ok().filter(|limit| *limit < NO_LIMIT)
        };
        Self {
            affinity: cores(),
            quota: folders(&groups, "cpu").iter().filter_map(|folder| quota(folder)).reduce(f64::min),
            memory: folders(&groups, "memory").iter().filter_map(|folder| memory(folder)).min(),
        }
    }

    /// How many workers fit: one for each processor, less where memory is scarce. Threads, not more processes, are for
    /// requests that wait.
    #[must_use]
    pub fn workers(&self) -> u64 {
        let by_memory = self.memory.map_or(u64::MAX, |memory| memory / MEMORY_OF_A_WORKER);
        self.processors().min(by_memory).max(1)
    }

    /// Whole processors: a part of one counts as one.
    fn processors(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let quota = self.quota.map_or(u64::MAX, |quota| quota.ceil().max(1.0) as u64);
        quota.min(self.affinity as u64).max(1)
    }
}

impl fmt::Display for Limits {
    /// "2 processors, a CPU quota of 1.5, no memory limit"
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} processor{}, ", self.affinity, if self.affinity == 1 { "" } else { "s" })?;
        match self.quota {
            Some(quota) => write!(out, "a CPU quota of {quota}, ")?,
            None => out.write_str("no CPU quota, ")?,
        }
        match self.memory {
            Some(memory) => write!(out, "a memory limit of {} MiB", memory / (1024 * 1024)),
            None => out.write_str("no memory limit"),
        }
    }
}

/// How many processors this process may run on (`sched_getaffinity(2)`).
#[must_use]
pub fn cores() -> usize {
    let own = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0));
    let count = |set: nix::sched::CpuSet| {
        (0..nix::sched::CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or_default()).count()
    };
    own.map_or(1, count).max(1)
}

/// The folders whose limits hold for us: our group and every one above it, up to the root of the mount.
///
/// `groups` is `/proc/self/cgroup`: `0::/a/b` in v2, `4:cpu,cpuacct:/a/b` in v1. Without a namespace of its own a
/// container sees the host's path, which is not there in its mount: the root of the mount is then its own group.
fn folders(groups: &str, controller: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let mount = match controllers {
            "" => PathBuf::from("/sys/fs/cgroup"),
            _ if controllers.split(',').any(|own| own == controller) => Path::new("/sys/fs/cgroup").join(controller),
            _ => continue,
        };
        let group = mount.join(path.trim_start_matches('/'));
        folders.extend(group.ancestors().take_while(|folder| folder.starts_with(&mount)).map(Path::to_owned));
    }
    folders
}

fn read(files: &dyn Files, path: &Path) -> Option<String> {
    String::from_utf8(files.read(path).ok()?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    const MIB: u64 = 1024 * 1024;

    fn limits(files: &[(&str, &str)]) -> (Option<f64>, Option<u64>) {
        let limits = Limits::of_this_container(&Memory::new(files.iter().copied()));
        (limits.quota, limits.memory)
    }

    #[test]
    fn limits_of_version_2_are_those_of_the_tightest_group_above() {
        let files = [
            ("/proc/self/cgroup", "0::/pod/app\n"),
            ("/sys/fs/cgroup/pod/app/cpu.max", "max 100000\n"),
            ("/sys/fs/cgroup/pod/cpu.max", "150000 100000\n"),
            ("/sys/fs/cgroup/cpu.max", "400000 100000\n"),
            ("/sys/fs/cgroup/memory.max", "536870912\n"),
            ("/sys/fs/cpu.max", "1 100000\n"),
            ("/sys/fs/cgroup/pod/app/memory.max", "268435456\n"),
            ("/sys/fs/cgroup/pod/memory.max", "max\n"),
        ];
        assert_eq!(limits(&files), (Some(1.5), Some(256 * MIB)));
    }

    #[test]
    fn limits_of_version_1_are_found_when_the_path_is_the_hosts() {
        let files = [
            (
                "/proc/self/cgroup",
                "9:memory:/docker/abc\n8:pids:/other\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n",
            ),
            ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/cpu/other/cpu.cfs_quota_us", "10000\n"),
            ("/sys/fs/cgroup/cpu/other/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(limits(&files), (Some(0.5), None));
        assert_eq!(
            limits(&[
                ("/proc/self/cgroup", "4:cpu:/\n"),
                ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
                ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ]),
            (None, None)
        );
    }

    #[test]
    fn garbage_is_no_limit() {
        for content in ["", "x\n", "0::", "0::/\0", ":::\n"] {
            assert_eq!(limits(&[("/proc/self/cgroup", content), ("/sys/fs/cgroup/cpu.max", "nonsense")]), (None, None));
        }
    }

    #[test]
    fn workers_follow_processors_quota_and_memory_and_are_never_none() {
        let table: [(usize, Option<f64>, Option<u64>, u64); 8] = [
            (1, None, None, 1),
            (4, None, None, 4),
            (64, None, None, 64),
            (64, Some(0.5), None, 1),
            (64, Some(1.5), None, 2),
            (2, Some(8.0), None, 2),
            (4, None, Some(256 * MIB), 2),
            (4, None, Some(64 * MIB), 1),
        ];
        for (affinity, quota, memory, workers) in table {
            assert_eq!(Limits { affinity, quota, memory }.workers(), workers, "{affinity} {quota:?} {memory:?}");
        }
    }
}
