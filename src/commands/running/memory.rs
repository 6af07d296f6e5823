//! What the kernel has killed in this container for want of memory.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// The memory of the container, as far as its control group tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// How many processes were killed because the limit was reached.
    pub killed: u64,
    /// The limit in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Version 2, then version 1, as a container sees its own group: the file of the events, and that of the limit
/// (the kernel's `cgroup-v2.rst` and `cgroup-v1/memory.rst`).
const FILES: [(&str, &str); 2] = [
    ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory.max"),
    ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory/memory.limit_in_bytes"),
];

/// Version 1 says "no limit" with the largest number of pages there is.
const NO_LIMIT: u64 = 1 << 62;

impl Memory {
    /// That of this container; nothing where it is not told.
    #[must_use]
    pub fn of_this_container() -> Self {
        let read = |file: &str| fs::read_to_string(Path::new(file)).ok();
        FILES
            .iter()
            .find_map(|(events, limit)| Some(Self::parse(&read(events)?, read(limit).as_deref())))
            .unwrap_or_default()
    }

    fn parse(events: &str, limit: Option<&str>) -> Self {
        let killed = events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok());
        let limit = limit.and_then(|text| text.trim().parse().ok()).filter(|limit| *limit < NO_LIMIT);
        Self { killed: killed.unwrap_or_default(), limit }
    }

    /// What a person should hear about it; nothing when nothing was killed.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let processes = match self.killed {
            0 => return None,
            1 => "a process".to_owned(),
            many => format!("{many} processes"),
        };
        let limit = self.limit.map(|bytes| format!(" of {} MiB", bytes / (1 << 20))).unwrap_or_default();
        Some(format!("the kernel has killed {processes} of this container: its memory limit{limit} was reached"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_tell_how_many_were_killed_and_where_the_limit_is() {
        let second = Memory::parse("low 0\nhigh 0\nmax 12\noom 3\noom_kill 3\noom_group_kill 0\n", Some("134217728\n"));
        assert_eq!(second, Memory { killed: 3, limit: Some(1 << 27) });
        let first = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n";
        assert_eq!(Memory::parse(first, Some("9223372036854771712\n")), Memory { killed: 1, limit: None });
        assert_eq!(Memory::parse("oom_kill 0\n", Some("max\n")), Memory::default());
    }

    #[test]
    fn only_what_happened_is_told() {
        let sentence = |killed, limit| Memory { killed, limit }.sentence();
        assert_eq!(sentence(0, Some(1 << 27)), None);
        let one = "the kernel has killed a process of this container: its memory limit was reached";
        assert_eq!(sentence(1, None).as_deref(), Some(one));
        assert!(
            sentence(2, Some(1 << 27))
                .unwrap()
                .contains("killed 2 processes of this container: its memory limit of 128 MiB")
        );
    }
}
