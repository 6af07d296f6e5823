//! A moment in words.

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `since 12:03 UTC, 4 min ago`; both in seconds since 1970. The clock of a container is UTC unless somebody set it.
pub(super) fn describe(since: u64, now: u64) -> String {
    let (hour, minute) = (since % DAY / HOUR, since % HOUR / MINUTE);
    format!("since {hour:02}:{minute:02} UTC, {} ago", length(now.saturating_sub(since)))
}

/// In the largest unit that is full.
fn length(seconds: u64) -> String {
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ if seconds < 2 * DAY => "1 day".into(),
        _ => format!("{} days", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clock_and_by_how_long_ago_it_was() {
        // 2026-11-24, 12:03:20 UTC.
        let noon = 1_795_521_800;
        for (later, words) in [
            (0, "0 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (3_599, "59 min ago"),
            (3_600, "1 h ago"),
            (86_399, "23 h ago"),
            (86_400, "1 day ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(describe(noon, noon + later), format!("since 12:03 UTC, {words}"));
        }
        assert!(describe(noon, noon - 5).ends_with(", 0 s ago"), "a clock that was set back");
    }
}
