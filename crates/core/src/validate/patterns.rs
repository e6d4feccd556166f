use crate::automaton::{self, PatternError};
use std::collections::BTreeMap;

/// Most bytes that the automata of one document have together; more would not fit into an envelope.
pub(crate) const TABLES_LIMIT: usize = 32 * 1024 * 1024;
/// After so many refused patterns the others are not looked at: an automaton takes milliseconds, and a document can name a
/// million.
const REFUSED_LIMIT: usize = 100;

/// Builds each pattern once, and bounds the work.
#[derive(Default)]
pub(super) struct Patterns {
    seen: BTreeMap<String, Result<(), PatternError>>,
    bytes: usize,
    refused: usize,
}

impl Patterns {
    pub(super) fn check(&mut self, pattern: &str) -> Result<(), PatternError> {
        if let Some(known) = self.seen.get(pattern) {
            return known.clone();
        }
        if self.refused >= REFUSED_LIMIT {
            return Ok(());
        }
        let result = automaton::compile(pattern).and_then(|table| self.take(table.len()));
        self.refused += usize::from(result.is_err());
        self.seen.insert(pattern.to_owned(), result.clone());
        result
    }

    fn take(&mut self, bytes: usize) -> Result<(), PatternError> {
        self.bytes += bytes;
        if self.bytes <= TABLES_LIMIT {
            return Ok(());
        }
        Err(PatternError {
            message: "the patterns up to here need automata of more than 32 MiB together".to_owned(),
            help:
                "test literal texts with `contains`, `starts_with` or `ends_with`, and share patterns through a segment"
                    .to_owned(),
        })
    }
}
