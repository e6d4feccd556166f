use crate::{Guard, Rules, Seen, Standing};
use serde::{Deserialize, Serialize};

/// All that a guard was told: kept with what it decided, so that anybody can decide again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub rules: Rules,
    pub seen: Vec<Seen>,
}

impl Record {
    /// The guard after the last bucket: the same, to the last digit, on every platform.
    #[must_use]
    pub fn replay(&self) -> Guard {
        let mut guard = Guard::new(self.rules);
        for seen in &self.seen {
            guard.look(seen);
        }
        guard
    }

    /// The first bucket after which the guard spoke of harm, counted from 0, and what it said.
    #[must_use]
    pub fn harmful_at(&self) -> Option<(usize, Standing)> {
        let mut guard = Guard::new(self.rules);
        self.seen.iter().enumerate().find_map(|(at, seen)| match guard.look(seen) {
            harm @ (Standing::Harmful | Standing::Crashing) => Some((at, harm)),
            _ => None,
        })
    }
}
