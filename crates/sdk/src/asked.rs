use std::collections::{BTreeMap, BTreeSet};

/// A flag that is asked for all the time is told of once in this time.
const AGAIN_MS: i64 = 3_600_000;
/// Keys in one acknowledgement; docs/reference/protocol.md.
const MOST: usize = 256;

/// Which flags the application asks for: keys alone, so that flags that nobody needs are found.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    waiting: BTreeSet<String>,
    due: BTreeMap<String, i64>,
}

impl Asked {
    pub(crate) fn add(&mut self, key: &str) {
        if !self.waiting.contains(key) {
            self.waiting.insert(key.to_owned());
        }
    }

    /// Those that are to be told now.
    pub(crate) fn take(&mut self, now_ms: i64) -> Vec<String> {
        let mut told = Vec::new();
        while told.len() < MOST
            && let Some(key) = self.waiting.pop_first()
        {
            if self.due.get(&key).is_some_and(|due| now_ms < *due) {
                continue;
            }
            self.due.insert(key.clone(), now_ms + AGAIN_MS);
            told.push(key);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_an_hour_and_so_many_at_a_time() {
        let mut asked = Asked::default();
        asked.add("a");
        asked.add("a");
        assert_eq!(asked.take(0), ["a"]);
        asked.add("a");
        asked.add("b");
        assert_eq!(asked.take(AGAIN_MS - 1), ["b"]);
        asked.add("a");
        assert_eq!(asked.take(AGAIN_MS), ["a"]);
        for number in 0..300 {
            asked.add(&format!("f{number:03}"));
        }
        assert_eq!((asked.take(AGAIN_MS).len(), asked.take(AGAIN_MS).len()), (256, 44));
    }
}
