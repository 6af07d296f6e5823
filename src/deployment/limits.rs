//! How much may come out of an archive before it is taken for a bomb.

use super::archive::fault::Cause;

/// More members than any app has, unless it is allowed to be larger.
const MOST_MEMBERS: u64 = 1_000_000;

/// Of the bytes that somebody allows, so many allow a member as well: its header in a tar archive, and a block of content.
pub(super) const BYTES_OF_A_MEMBER: u64 = 1024;

/// Up to here the size alone says nothing: 1 GiB.
const ALWAYS_ALLOWED: u64 = 1 << 30;

/// What is larger must not be more than so many times the archive. Text packs to a fifth, logs to a fiftieth; deflate
/// cannot do more than 1032.
const MOST_TIMES: u64 = 100;

/// When it is too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes, if somebody said so (`PYSTART_UNPACK_LIMIT`).
    pub bytes: Option<u64>,
}

/// What was in an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// How many members.
    pub members: u64,
    /// How many bytes, decompressed.
    pub bytes: u64,
}

/// Counts what comes out of an archive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    most_bytes: u64,
    most_members: u64,
    content: Content,
}

impl Meter {
    /// For an archive of `size` bytes.
    pub(super) fn new(limits: Limits, size: u64) -> Self {
        let most_bytes = limits.bytes.unwrap_or_else(|| ALWAYS_ALLOWED.max(size.saturating_mul(MOST_TIMES)));
        let most_members = MOST_MEMBERS.max(limits.bytes.unwrap_or_default() / BYTES_OF_A_MEMBER);
        Self { most_bytes, most_members, content: Content::default() }
    }

    /// One more member.
    pub(super) fn member(&mut self) -> Result<(), Cause> {
        self.content.members += 1;
        if self.content.members > self.most_members {
            return Err(Cause::TooMuch(format!("there are more than {} members in it", self.most_members)));
        }
        Ok(())
    }

    /// More bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Result<(), Cause> {
        self.content.bytes = self.content.bytes.saturating_add(count as u64);
        if self.content.bytes > self.most_bytes {
            return Err(Cause::TooMuch(format!("there are more than {} bytes in it", self.most_bytes)));
        }
        Ok(())
    }

    /// What was counted.
    pub(super) fn content(&self) -> Content {
        self.content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gibibyte_or_a_hundred_times_the_archive_is_allowed_and_a_word_of_the_user_counts_first() {
        let allowed =
            |limits, size, bytes: u64| Meter::new(limits, size).bytes(usize::try_from(bytes).unwrap()).is_ok();
        let none = Limits::default();
        assert!(allowed(none, 10, 1 << 30) && !allowed(none, 10, (1 << 30) + 1));
        assert!(allowed(none, 1 << 30, 100 << 30) && !allowed(none, 1 << 30, (100 << 30) + 1));
        let own = Limits { bytes: Some(5) };
        assert!(allowed(own, 1 << 30, 5) && !allowed(own, 1 << 30, 6));
    }

    #[test]
    fn a_million_members_are_allowed() {
        let mut meter = Meter::new(Limits::default(), 0);
        meter.content.members = MOST_MEMBERS - 1;
        assert!(meter.member().is_ok() && meter.member().is_err());
        let allowed = Limits { bytes: Some(2_000_000 * BYTES_OF_A_MEMBER) };
        let mut meter = Meter::new(allowed, 0);
        meter.content.members = 1_999_999;
        assert!(meter.member().is_ok() && meter.member().is_err());
        let small = Meter::new(Limits { bytes: Some(1) }, 0);
        assert_eq!(small.most_members, MOST_MEMBERS);
    }
}
