//! What was typed, nothing computed: the command line in the form that [`Settings::new`](super::Settings::new) takes.

use std::ffi::{OsStr, OsString};

use super::row::Row;

/// The flags of one subcommand, by their long names, and the words of the custom command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    values: Vec<(&'static str, OsString)>,
    /// The words of the custom command.
    pub command: Vec<OsString>,
}

impl Flags {
    /// These words of a custom command, and no flag.
    #[must_use]
    pub fn of_command<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::default().with_command(words)
    }

    /// The same with these words of a custom command.
    #[must_use]
    pub fn with_command<W: Into<OsString>>(self, words: impl IntoIterator<Item = W>) -> Self {
        Self { command: words.into_iter().map(Into::into).collect(), ..self }
    }

    /// The same with a flag of the table set; a switch has the value `1`. Of a row that has no flag nothing is kept.
    #[must_use]
    pub fn with(mut self, row: &Row, value: impl Into<OsString>) -> Self {
        if let Some(long) = row.usage.long() {
            self.set(long, value.into());
        }
        self
    }

    /// Sorted by name, so that equal flags are equal whatever the order in which they were typed.
    fn set(&mut self, long: &'static str, value: OsString) {
        match self.values.binary_search_by_key(&long, |(own, _)| *own) {
            Ok(at) => self.values[at].1 = value,
            Err(at) => self.values.insert(at, (long, value)),
        }
    }

    /// The value of a flag, if it was typed.
    pub(super) fn get(&self, long: &str) -> Option<&OsStr> {
        self.values.iter().find(|(own, _)| *own == long).map(|(_, value)| value.as_os_str())
    }

    /// Was this switch typed?
    #[must_use]
    pub fn has(&self, row: &Row) -> bool {
        row.usage.long().is_some_and(|long| self.get(long).is_some())
    }

    /// These, and for everything that was not typed here, `others`.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        for (long, value) in others.values {
            if self.get(long).is_none() {
                self.set(long, value);
            }
        }
        if self.command.is_empty() {
            self.command = others.command;
        }
        self
    }
}
