//! A row of the table with the form of its value: how it is read from flags and variables.

use std::ffi::OsStr;

use super::flags::Flags;
use super::form::Form;
use super::row::Row;
use crate::environ::Environ;
use crate::error::Failure;

/// A setting whose value is a `T`.
pub struct Setting<T: 'static> {
    /// Everything but the type.
    pub row: Row,
    form: Form<T>,
}

/// A value as it was given.
pub(super) struct Given<'a> {
    /// The flag or variable, as it is written.
    pub(super) place: String,
    /// The value.
    pub(super) value: &'a OsStr,
}

impl<T> Setting<T> {
    pub(super) const fn new(form: Form<T>, row: Row) -> Self {
        Self { row, form }
    }

    /// The value that counts: the flag's, else that of the first variable that is not empty.
    ///
    /// # Errors
    ///
    /// It is not of the accepted form; the message names the flag or variable and that form.
    pub fn read(&self, flags: &Flags, environ: &Environ) -> Result<Option<T>, Failure> {
        let Some(given) = self.row.given(flags, environ) else { return Ok(None) };
        match (self.form.parse)(given.value) {
            Some(value) => Ok(Some(value)),
            None => Err(bad_value(&given.place, self.form.described)),
        }
    }
}

impl Row {
    /// What was given for it, and where.
    pub(super) fn given<'a>(&self, flags: &'a Flags, environ: &'a Environ) -> Option<Given<'a>> {
        self.all_given(flags, environ).next()
    }

    /// Everything that was given for it, what counts first.
    pub(super) fn all_given<'a>(
        &self,
        flags: &'a Flags,
        environ: &'a Environ,
    ) -> impl Iterator<Item = Given<'a>> + use<'a> {
        let typed = self.usage.long().and_then(|long| Some((long, flags.get(long)?)));
        let typed = typed.map(|(long, value)| Given { place: format!("--{long}"), value });
        let set = self.variables.iter().filter_map(|name| Some((*name, environ.filled(name)?)));
        typed.into_iter().chain(set.map(|(name, value)| Given { place: name.to_owned(), value }))
    }
}

/// A row of the table together with the accepted form of its value.
pub trait Described: Sync {
    /// The row.
    fn row(&self) -> &Row;

    /// What a value must be, as the end of a sentence that begins "it must be".
    fn form(&self) -> &'static str;
}

impl<T> Described for Setting<T> {
    fn row(&self) -> &Row {
        &self.row
    }

    fn form(&self) -> &'static str {
        self.form.described
    }
}

/// The value itself is never shown: a secret may have landed in the wrong variable.
fn bad_value(place: &str, form: &str) -> Failure {
    let kind = if place.starts_with("--") { "option" } else { "variable" };
    Failure::usage(format!("the value of the {kind} `{place}` is not valid")).with_hint(format!("it must be {form}"))
}
