//! Which rows of a long list are drawn: those in sight, and about a screen above and below them.

use std::collections::BTreeMap;

/// Lists up to here are drawn whole.
pub const WHOLE: usize = 80;
/// The range changes by so many rows at once, so that scrolling seldom draws.
const STEP: usize = 8;
/// In pixels; what a row is taken for as long as none has been measured.
const GUESS: f64 = 56.0;

/// The rows that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    pub from: usize,
    /// The first that is not.
    pub to: usize,
}

/// Heights of rows by their key, as they were measured.
#[derive(Debug, Default)]
pub struct Heights {
    known: BTreeMap<String, f64>,
    sum: f64,
}

impl Heights {
    pub fn measured(&mut self, key: &str, height: f64) {
        match self.known.get_mut(key) {
            Some(known) => {
                self.sum += height - *known;
                *known = height;
            }
            None => {
                self.sum += height;
                self.known.insert(key.to_owned(), height);
            }
        }
    }

    /// On another screen all are others.
    pub fn forget(&mut self) {
        *self = Heights::default();
    }

    /// Of one that was not measured yet, that of the others.
    fn of(&self, key: &str) -> f64 {
        self.known.get(key).copied().unwrap_or_else(|| self.usual())
    }

    fn usual(&self) -> f64 {
        if self.known.is_empty() { GUESS } else { self.sum / self.known.len() as f64 }
    }

    /// Of all these together.
    pub fn over<'a>(&self, keys: impl IntoIterator<Item = &'a String>) -> f64 {
        keys.into_iter().map(|key| self.of(key)).sum()
    }

    /// What is drawn where the list begins `above` pixels over the upper edge of a screen of this height.
    pub fn range(&self, keys: &[String], above: f64, screen: f64) -> Range {
        if keys.len() <= WHOLE {
            return Range { from: 0, to: keys.len() };
        }
        let (first, last) = (above - screen, above + 2.0 * screen);
        let (mut from, mut to, mut end) = (None, keys.len(), 0.0);
        for (at, key) in keys.iter().enumerate() {
            end += self.of(key);
            if from.is_none() && end > first {
                from = Some(at);
            }
            if end >= last {
                to = at + 1;
                break;
            }
        }
        let from = from.unwrap_or(keys.len().saturating_sub(STEP));
        Range { from: from - from % STEP, to: to.next_multiple_of(STEP).min(keys.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("flag-{at}")).collect()
    }

    #[test]
    fn a_short_list_is_drawn_whole() {
        assert_eq!(Heights::default().range(&keys(WHOLE), 9_000.0, 900.0), Range { from: 0, to: WHOLE });
    }

    #[test]
    fn of_a_long_list_what_is_in_sight_and_a_screen_around_it() {
        let (keys, mut heights) = (keys(2_000), Heights::default());
        heights.measured("flag-0", 50.0);
        assert_eq!(heights.range(&keys, -200.0, 1_000.0), Range { from: 0, to: 40 });
        assert_eq!(heights.range(&keys, 50_000.0, 1_000.0), Range { from: 976, to: 1_040 });
        assert_eq!(heights.range(&keys, 99_500.0, 1_000.0), Range { from: 1_968, to: 2_000 });
        // Far below its end, as when the list has just become shorter.
        assert_eq!(heights.range(&keys, 1e9, 1_000.0).to, 2_000);
    }

    #[test]
    fn what_was_measured_counts() {
        let mut heights = Heights::default();
        assert_eq!(heights.over(&keys(2)), 2.0 * GUESS);
        heights.measured("flag-0", 100.0);
        heights.measured("flag-0", 80.0);
        heights.measured("flag-1", 40.0);
        assert_eq!(heights.over(&keys(3)), 80.0 + 40.0 + 60.0);
    }

    proptest! {
        #[test]
        fn nothing_in_sight_is_left_out(rows in 81usize..500, above in -2_000.0f64..30_000.0, tall in 20.0f64..90.0) {
            let (keys, mut heights) = (keys(rows), Heights::default());
            for (at, key) in keys.iter().enumerate() {
                heights.measured(key, tall + (at % 3) as f64 * 10.0);
            }
            let range = heights.range(&keys, above, 800.0);
            prop_assert!(range.from <= range.to && range.to <= rows);
            let mut end = 0.0;
            for (at, key) in keys.iter().enumerate() {
                let start = end;
                end += heights.over([key]);
                let in_sight = end > above && start < above + 800.0;
                prop_assert!(!in_sight || (range.from..range.to).contains(&at), "row {at} of {range:?}");
            }
        }
    }
}
