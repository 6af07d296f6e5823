//! Numbers for tests that try many inputs.

/// Numbers that look like random ones (xorshift64, Marsaglia 2003) and are the same each time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// Below `bound`, or 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % bound.max(1)
    }
}
