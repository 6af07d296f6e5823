//! What the parts of a tar archive are made of.

/// The unit of a tar archive, in bytes.
pub(super) const BLOCK: usize = 512;

/// Digits and nothing else.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}
