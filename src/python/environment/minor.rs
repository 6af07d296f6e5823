//! A version of Python, as far as names of files tell it.

use std::fmt;

/// A Python 3 version, as far as it decides which packages fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(pub u8);

impl Minor {
    /// Reads `python3.12` (also `python3.12m`, `python3.13t`).
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("python3.")?;
        let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok().map(Self)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "3.{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        for (name, minor) in [("python3.12", Some(12)), ("python3.13t", Some(13)), ("python3.7m", Some(7))] {
            assert_eq!(Minor::of_name(name), minor.map(Minor), "{name}");
        }
        for name in ["python3", "python", "python3.", "pypy3.10", "python2.7"] {
            assert_eq!(Minor::of_name(name), None, "{name}");
        }
    }
}
