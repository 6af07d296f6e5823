//! A table of words, in an order that may count.
//!
//! Tests delete one word at a time and ask that some case notices it: a word without a case is a word that nobody
//! needs.

/// A table of words.
pub(super) struct Words {
    /// What the table is called, for the tests that delete from it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests name the table from which they delete"))]
    name: &'static str,
    words: &'static [&'static str],
}

impl Words {
    pub(super) const fn new(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, words }
    }

    /// Every word, in the table's order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.words.iter().copied().filter(|word| self.is_there(word))
    }

    /// Is this word in the table?
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains(&word) && self.is_there(word)
    }

    /// The place of a word in the table; past the end for one that is not there.
    pub(super) fn rank(&self, word: &str) -> usize {
        let found = self.words.iter().position(|known| *known == word).filter(|_| self.is_there(word));
        found.unwrap_or(self.words.len())
    }

    /// What the table is called.
    #[cfg(test)]
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "only tests delete words")]
    fn is_there(&self, _word: &str) -> bool {
        true
    }

    #[cfg(test)]
    fn is_there(&self, word: &str) -> bool {
        !deletion::is_deleted(self.name, word)
    }
}

/// Deletes one entry of one table, for tests.
#[cfg(test)]
pub(super) mod deletion {
    use std::cell::RefCell;

    thread_local! {
        static DELETED: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    }

    /// Is this entry of this table deleted at the moment?
    pub(in crate::detect) fn is_deleted(table: &str, entry: &str) -> bool {
        DELETED.with_borrow(|deleted| deleted.as_ref().is_some_and(|(of, word)| of == table && word == entry))
    }

    /// Does something as if an entry were not in its table.
    pub(in crate::detect) fn without<R>(table: &str, entry: &str, run: impl FnOnce() -> R) -> R {
        DELETED.set(Some((table.to_owned(), entry.to_owned())));
        let result = run();
        DELETED.set(None);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_word_is_neither_found_nor_listed() {
        const TABLE: Words = Words::new("TABLE", &["one", "two"]);
        assert_eq!((TABLE.has("one"), TABLE.rank("two"), TABLE.rank("three")), (true, 1, 2));
        deletion::without("TABLE", "one", || {
            assert_eq!((TABLE.has("one"), TABLE.rank("one"), TABLE.iter().collect()), (false, 2, vec!["two"]));
        });
        assert!(TABLE.has("one"));
    }
}
