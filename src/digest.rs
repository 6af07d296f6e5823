//! One digest for everything that is compared by one: what an environment was built from, whose folder it is.
//!
//! SipHash 1-3 of 128 bits: stable across versions and machines, small, and a dependency of the parser anyway. No
//! defence against somebody who looks for two inputs with one digest: they could change the inputs themselves.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// A digest of parts; `ab` and `c` are not `a` and `bc`.
#[derive(Clone, Default)]
pub(crate) struct Digest {
    hasher: SipHasher13,
}

impl Digest {
    /// The digest of these parts.
    pub(crate) fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut digest = Self::default();
        parts.into_iter().for_each(|part| digest.add(part.as_ref()));
        digest
    }

    /// Adds a part.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.hasher.write(&(part.len() as u64).to_le_bytes());
        self.hasher.write(part);
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.hasher.finish128().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_every_part_and_its_bounds_and_stays_the_same() {
        let of = |parts: &[&str]| Digest::of(parts).to_string();
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        for other in [&["a", "bc"][..], &["abc"], &["ab", "c", ""], &["c", "ab"], &[]] {
            assert_ne!(of(&["ab", "c"]), of(other), "{other:?}");
        }
        // Environments carry it: another value would have all of them built anew.
        assert_eq!(of(&["pystart"]), "64fae00fb344f95e195987efebd06fb2");
    }
}
