use super::dictionary::Dictionary;

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

    /// The code of a row; `None` beyond the last.
    pub fn code(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied()
    }

    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }
}
