use crate::automaton::{self, PatternError};
use std::collections::BTreeMap;

/// Most bytes that the automata of one document have together: every client carries them.
const TABLES_LIMIT: usize = 8 * 1024 * 1024;
/// After so many patterns that are too large the others are not looked at: to find one out takes long, and a document can
/// have a million.
const LARGE_LIMIT: usize = 10;

/// Builds each pattern once, and bounds the work.
#[derive(Default)]
pub(super) struct Patterns {
    seen: BTreeMap<String, Result<(), PatternError>>,
    bytes: usize,
    large: usize,
}

impl Patterns {
    pub(super) fn check(&mut self, pattern: &str) -> Result<(), PatternError> {
        if let Some(known) = self.seen.get(pattern) {
            return known.clone();
        }
        if self.large >= LARGE_LIMIT {
            return Ok(());
        }
        let result = automaton::compile(pattern).and_then(|table| self.take(table.len()));
        self.large += usize::from(result.as_ref().is_err_and(|error| error.too_large));
        self.seen.insert(pattern.to_owned(), result.clone());
        result
    }

    fn take(&mut self, bytes: usize) -> Result<(), PatternError> {
        self.bytes += bytes;
        if self.bytes <= TABLES_LIMIT {
            return Ok(());
        }
        Err(PatternError {
            message: "the patterns up to here need automata of more than 8 MiB together".to_owned(),
            help:
                "test literal texts with `contains`, `starts_with` or `ends_with`, and share patterns through a segment"
                    .to_owned(),
            too_large: true,
        })
    }
}
