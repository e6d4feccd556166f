use super::dictionary::{Dictionary, Interner};
use std::sync::Arc;

/// One leaf of the contexts: an attribute, or something within one.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    path: Vec<String>,
    codes: Vec<u32>,
    dictionary: Dictionary,
}

impl Column {
    pub(crate) fn new(path: Vec<String>, codes: Vec<u32>, dictionary: Dictionary) -> Self {
        Column { path, codes, dictionary }
    }

    /// The keys that lead to it, from the outermost; a key may have dots of its own.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// As rules write it.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// By row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The code of a row; `None` beyond the last. Rows with the same code have the same value.
    pub fn code(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied()
    }

    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The same with a dictionary in which each value stands once: then rows with one value have one code.
    pub fn distinct(self: &Arc<Self>) -> Arc<Column> {
        if !self.dictionary.repeats() {
            return Arc::clone(self);
        }
        let mut interner = Interner::default();
        let entries = (1..).map_while(|code| self.dictionary.entry(code));
        let known: Vec<u32> = std::iter::once(0).chain(entries.map(|entry| interner.intern(entry).0)).collect();
        let codes = self.codes.iter().map(|code| known.get(*code as usize).copied().unwrap_or(0)).collect();
        Arc::new(Column::new(self.path.clone(), codes, interner.finish()))
    }
}
