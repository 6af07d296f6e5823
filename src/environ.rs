//! The process environment as a value, so that nothing below `main` asks the process.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A snapshot of an environment: names and values are bytes, in the order in which the process received them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environ {
    vars: Vec<(OsString, OsString)>,
}

impl Environ {
    /// The environment of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The variables of a block as `/proc/PID/environ` holds it: `NAME=VALUE`, each ended by a NUL byte.
    ///
    /// A piece without `=` is dropped: no program can look it up.
    #[must_use]
    pub fn from_block(block: &[u8]) -> Self {
        block
            .split(|byte| *byte == 0)
            .filter_map(|entry| {
                // As getenv(3): a `=` in first place belongs to the name.
                let equals = 1 + entry.iter().skip(1).position(|byte| *byte == b'=')?;
                let (name, value) = entry.split_at(equals);
                Some((OsStr::from_bytes(name).to_owned(), OsString::from_vec(value[1..].to_vec())))
            })
            .collect()
    }

    /// The value of `name`, empty ones included.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str())
    }

    /// The value of `name` unless it is empty: an empty variable is an unset one (contract, section 2).
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Sets `name`, in its old place if it has one.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        match self.vars.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.vars.push((name.into(), value.into())),
        }
    }

    /// Removes every variable called `name`.
    pub fn remove(&mut self, name: &str) {
        self.vars.retain(|(key, _)| key != name);
    }

    /// Every variable, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environ {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(vars: I) -> Self {
        Self { vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_bytes_and_drops_what_no_program_can_look_up() {
        let environ = Environ::from_block(b"A=1\0B=x=y\0=C=2\0broken\0E=\0F=\xff\n'\0");
        let pairs: Vec<_> = environ.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let expected: [(&[u8], &[u8]); 5] =
            [(b"A", b"1"), (b"B", b"x=y"), (b"=C", b"2"), (b"E", b""), (b"F", b"\xff\n'")];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environ: Environ = [("PORT", "")].into_iter().collect();
        assert_eq!(environ.get("PORT"), Some(OsStr::new("")));
        assert_eq!(environ.filled("PORT"), None);
    }

    #[test]
    fn setting_keeps_the_place_and_removing_takes_every_copy() {
        let mut environ: Environ = [("A", "1"), ("B", "2"), ("A", "3")].into_iter().collect();
        environ.set("A", "9");
        environ.set("C", "4");
        assert_eq!(environ, [("A", "9"), ("B", "2"), ("A", "3"), ("C", "4")].into_iter().collect());
        environ.remove("A");
        assert_eq!(environ, [("B", "2"), ("C", "4")].into_iter().collect());
    }
}
