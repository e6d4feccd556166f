//! Which rows of a long list are drawn: those in sight, and about a screen above and below them.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Lists up to here are drawn whole.
pub const WHOLE: usize = 80;
/// The range changes by so many rows at once: few, so that each frame of fast scrolling draws its own share and none draws
/// that of the next ones too.
const STEP: usize = 2;
/// In pixels; what a row is taken for as long as none has been measured.
const GUESS: f64 = 56.0;

/// The rows that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    pub from: usize,
    /// The first that is not.
    pub to: usize,
}

/// Heights of rows as they were measured, by their key: the list changes, and what is known of a row stays.
#[derive(Debug, Default)]
pub struct Heights {
    known: BTreeMap<String, f64>,
    sum: f64,
    keys: Rc<[String]>,
    /// Of each row of the list, so that scrolling looks nothing up.
    rows: Vec<Option<f64>>,
}

impl Heights {
    /// From now on the list is this one.
    pub fn list(&mut self, keys: &Rc<[String]>) {
        if !Rc::ptr_eq(&self.keys, keys) {
            self.rows = keys.iter().map(|key| self.known.get(key).copied()).collect();
            self.keys = Rc::clone(keys);
        }
    }

    pub fn measured(&mut self, row: usize, height: f64) {
        let (Some(place), Some(key)) = (self.rows.get_mut(row), self.keys.get(row)) else { return };
        if *place == Some(height) {
            return;
        }
        self.sum += height - place.unwrap_or(0.0);
        *place = Some(height);
        self.known.insert(key.clone(), height);
    }

    /// On another screen all are others.
    pub fn forget(&mut self) {
        self.known.clear();
        self.sum = 0.0;
        self.rows.fill(None);
    }

    /// Of one that was not measured yet, that of the others.
    fn usual(&self) -> f64 {
        if self.known.is_empty() { GUESS } else { self.sum / self.known.len() as f64 }
    }

    /// Of all these rows together.
    pub fn over(&self, rows: std::ops::Range<usize>) -> f64 {
        let usual = self.usual();
        self.rows.get(rows).unwrap_or_default().iter().map(|height| height.unwrap_or(usual)).sum()
    }

    /// What is drawn where the list begins `above` pixels over the upper edge of a screen of this height.
    pub fn range(&self, above: f64, screen: f64) -> Range {
        let count = self.rows.len();
        if count <= WHOLE {
            return Range { from: 0, to: count };
        }
        let usual = self.usual();
        let (first, last) = (above - screen, above + 2.0 * screen);
        let (mut from, mut to, mut end) = (None, count, 0.0);
        for (at, height) in self.rows.iter().enumerate() {
            end += height.unwrap_or(usual);
            if from.is_none() && end > first {
                from = Some(at);
            }
            if end >= last {
                to = at + 1;
                break;
            }
        }
        let from = from.unwrap_or(count.saturating_sub(STEP));
        Range { from: from - from % STEP, to: to.next_multiple_of(STEP).min(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heights(count: usize) -> Heights {
        let mut heights = Heights::default();
        heights.list(&keys(0..count));
        heights
    }

    fn keys(of: std::ops::Range<usize>) -> Rc<[String]> {
        of.map(|at| format!("flag-{at}")).collect()
    }

    #[test]
    fn a_short_list_is_drawn_whole() {
        assert_eq!(heights(WHOLE).range(9_000.0, 900.0), Range { from: 0, to: WHOLE });
    }

    #[test]
    fn of_a_long_list_what_is_in_sight_and_a_screen_around_it() {
        let mut heights = heights(2_000);
        heights.measured(0, 50.0);
        assert_eq!(heights.range(-200.0, 1_000.0), Range { from: 0, to: 36 });
        assert_eq!(heights.range(50_000.0, 1_000.0), Range { from: 980, to: 1_040 });
        assert_eq!(heights.range(99_500.0, 1_000.0), Range { from: 1_970, to: 2_000 });
        // Far below its end, as when the list has just become shorter.
        assert_eq!(heights.range(1e9, 1_000.0).to, 2_000);
    }

    #[test]
    fn what_was_measured_counts() {
        let mut heights = heights(3);
        assert_eq!(heights.over(0..2), 2.0 * GUESS);
        heights.measured(0, 100.0);
        heights.measured(0, 80.0);
        heights.measured(1, 40.0);
        assert_eq!(heights.over(0..3), 80.0 + 40.0 + 60.0);
        // What is known of a row stays with it when the list is another one.
        heights.list(&keys(1..4));
        assert_eq!((heights.over(0..1), heights.over(1..2)), (40.0, 60.0));
        heights.measured(0, 70.0);
        heights.list(&keys(0..2));
        assert_eq!((heights.over(0..1), heights.over(1..2)), (80.0, 70.0));
        heights.forget();
        assert_eq!(heights.over(0..2), 2.0 * GUESS);
    }

    proptest! {
        #[test]
        fn nothing_in_sight_is_left_out(rows in 81usize..500, above in -2_000.0f64..30_000.0, tall in 20.0f64..90.0) {
            let mut heights = heights(rows);
            for at in 0..rows {
                heights.measured(at, tall + (at % 3) as f64 * 10.0);
            }
            let range = heights.range(above, 800.0);
            prop_assert!(range.from <= range.to && range.to <= rows);
            let mut end = 0.0;
            for at in 0..rows {
                let start = end;
                end += heights.over(at..at + 1);
                let in_sight = end > above && start < above + 800.0;
                prop_assert!(!in_sight || (range.from..range.to).contains(&at), "row {at} of {range:?}");
            }
        }
    }
}
