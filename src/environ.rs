//! The process environment as a value, so that nothing below `main` asks the process.
#![forbid(unsafe_code)]

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

/// A snapshot of an environment: names and values are bytes, in the order in which the process received them.
///
/// A copy is cheap: it shares the variables that both have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environ {
    vars: Vec<Variable>,
}

/// A variable in the form in which `execve(2)` takes it, `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    entry: Rc<CStr>,
    /// Where the `=` is.
    equals: usize,
}

impl Variable {
    /// From its two parts. A NUL byte ends the value: the kernel would read no further either.
    fn new(name: &OsStr, value: &OsStr) -> Self {
        let mut entry = Vec::with_capacity(name.len() + value.len() + 2);
        entry.extend_from_slice(name.as_bytes());
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        entry.push(0);
        let entry: Rc<CStr> = CStr::from_bytes_until_nul(&entry).unwrap_or_default().into();
        Self { equals: name.len().min(entry.count_bytes()), entry }
    }

    fn name(&self) -> &OsStr {
        OsStr::from_bytes(&self.entry.to_bytes()[..self.equals])
    }

    fn value(&self) -> &OsStr {
        OsStr::from_bytes(self.entry.to_bytes().get(self.equals + 1..).unwrap_or_default())
    }
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
                Some((OsStr::from_bytes(name), OsStr::from_bytes(&value[1..])))
            })
            .collect()
    }

    /// The value of `name`, empty ones included.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.iter().find(|variable| variable.name() == name).map(Variable::value)
    }

    /// The value of `name` unless it is empty: an empty variable is an unset one (contract, section 2).
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Sets `name`, in its old place if it has one.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let new = Variable::new(OsStr::new(name), value.as_ref());
        match self.vars.iter_mut().find(|variable| variable.name() == name) {
            Some(old) => *old = new,
            None => self.vars.push(new),
        }
    }

    /// Removes every variable called `name`.
    pub fn remove(&mut self, name: &str) {
        self.vars.retain(|variable| variable.name() != name);
    }

    /// Every variable, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|variable| (variable.name(), variable.value()))
    }

    /// Every variable as `execve(2)` takes it, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Rc<CStr>> {
        self.vars.iter().map(|variable| &variable.entry)
    }
}

impl<N: AsRef<OsStr>, V: AsRef<OsStr>> FromIterator<(N, V)> for Environ {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(vars: I) -> Self {
        Self { vars: vars.into_iter().map(|(name, value)| Variable::new(name.as_ref(), value.as_ref())).collect() }
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
