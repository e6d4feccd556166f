//! Which rows of a long list are drawn: those in sight, and about a screen above and below them.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Lists up to here are drawn whole.
pub const WHOLE: usize = 80;
/// In pixels; what a row is taken for as long as none has been measured.
const GUESS: f64 = 56.0;

/// The rows that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    pub from: usize,
    /// The first that is not.
    pub to: usize,
}

impl Range {
    pub fn holds(self, row: usize) -> bool {
        (self.from..self.to).contains(&row)
    }
}

/// Heights of rows as they were measured, by their key: the list changes, and what is known of a row stays.
#[derive(Debug)]
pub struct Heights {
    known: BTreeMap<String, f64>,
    sum: f64,
    /// What a row that was not measured is taken for. It changes while nobody scrolls: all below would move with it.
    usual: f64,
    keys: Rc<[String]>,
    /// Of each row of the list, so that scrolling looks nothing up.
    rows: Vec<Option<f64>>,
}

impl Default for Heights {
    fn default() -> Self {
        Heights { known: BTreeMap::new(), sum: 0.0, usual: GUESS, keys: Rc::from([]), rows: Vec::new() }
    }
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

    /// Takes rows that were not measured for what the others are on the average.
    pub fn settle(&mut self) {
        self.usual = if self.known.is_empty() { GUESS } else { self.sum / self.known.len() as f64 };
    }

    /// On another screen all are others.
    pub fn forget(&mut self) {
        self.known.clear();
        self.sum = 0.0;
        self.rows.fill(None);
    }

    pub fn count(&self) -> usize {
        self.rows.len()
    }

    pub fn of(&self, row: usize) -> f64 {
        self.rows.get(row).copied().flatten().unwrap_or(self.usual)
    }

    /// Of all these rows together.
    pub fn over(&self, rows: std::ops::Range<usize>) -> f64 {
        self.rows.get(rows).unwrap_or_default().iter().map(|height| height.unwrap_or(self.usual)).sum()
    }

    /// The rows of which some is between `above`, in pixels below the list's upper edge, and `height` further down.
    pub fn between(&self, above: f64, height: f64) -> Range {
        let count = self.rows.len();
        let (mut from, mut to, mut end) = (None, count, 0.0);
        for (at, row) in self.rows.iter().enumerate() {
            end += row.unwrap_or(self.usual);
            if from.is_none() && end > above {
                from = Some(at);
            }
            if end >= above + height {
                to = at + 1;
                break;
            }
        }
        Range { from: from.unwrap_or(count), to }
    }
}

/// The rows that are missing in `wanted`, those in sight first, then the nearest. `shown` are rows that are drawn.
pub fn missing(shown: &[usize], wanted: Range, sight: Range) -> Vec<usize> {
    let mut is_shown = vec![false; wanted.to.saturating_sub(wanted.from)];
    for row in shown.iter().filter_map(|row| row.checked_sub(wanted.from)) {
        if let Some(place) = is_shown.get_mut(row) {
            *place = true;
        }
    }
    let rows = (wanted.from..wanted.to).zip(is_shown);
    let mut missing: Vec<usize> = rows.filter(|(_, is_shown)| !is_shown).map(|(row, _)| row).collect();
    missing.sort_by_key(|row| match () {
        () if *row < sight.from => sight.from - row,
        () if *row >= sight.to => row + 1 - sight.to,
        () => 0,
    });
    missing
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
    fn what_is_between_two_heights() {
        let mut heights = heights(2_000);
        heights.measured(0, 50.0);
        heights.settle();
        assert_eq!(heights.between(-200.0, 1_000.0), Range { from: 0, to: 16 });
        assert_eq!(heights.between(50_000.0, 1_000.0), Range { from: 1_000, to: 1_020 });
        assert_eq!(heights.between(50_010.0, 1_000.0), Range { from: 1_000, to: 1_021 });
        assert_eq!(heights.between(99_500.0, 1_000.0), Range { from: 1_990, to: 2_000 });
        // Far below its end, as when the list has just become shorter.
        assert_eq!(heights.between(1e9, 1_000.0), Range { from: 2_000, to: 2_000 });
    }

    #[test]
    fn what_was_measured_counts() {
        let mut heights = heights(3);
        assert_eq!(heights.over(0..2), 2.0 * GUESS);
        heights.measured(0, 100.0);
        heights.measured(0, 80.0);
        heights.measured(1, 40.0);
        assert_eq!(heights.over(0..3), 80.0 + 40.0 + GUESS, "while somebody scrolls the others stay");
        heights.settle();
        assert_eq!(heights.over(0..3), 80.0 + 40.0 + 60.0);
        // What is known of a row stays with it when the list is another one.
        heights.list(&keys(1..4));
        assert_eq!((heights.over(0..1), heights.over(1..2)), (40.0, 60.0));
        heights.measured(0, 70.0);
        heights.list(&keys(0..2));
        assert_eq!((heights.over(0..1), heights.over(1..2)), (80.0, 70.0));
        heights.forget();
        heights.settle();
        assert_eq!(heights.over(0..2), 2.0 * GUESS);
    }

    #[test]
    fn what_is_in_sight_is_drawn_first() {
        let (wanted, sight) = (Range { from: 2, to: 12 }, Range { from: 5, to: 8 });
        assert_eq!(missing(&[], wanted, sight), [5, 6, 7, 4, 8, 3, 9, 2, 10, 11]);
        assert_eq!(missing(&[6, 4, 99, 0, 8, 11], wanted, sight), [5, 7, 3, 9, 2, 10]);
        assert_eq!(missing(&[2, 3], Range { from: 2, to: 4 }, sight), [0; 0]);
        assert_eq!(missing(&[2, 3], Range { from: 9, to: 9 }, sight), [0; 0]);
    }

    proptest! {
        #[test]
        fn nothing_in_sight_is_left_out(rows in 0usize..500, above in -2_000.0f64..30_000.0, tall in 20.0f64..90.0) {
            let mut heights = heights(rows);
            for at in 0..rows {
                heights.measured(at, tall + (at % 3) as f64 * 10.0);
            }
            let range = heights.between(above, 800.0);
            prop_assert!(range.from <= range.to && range.to <= rows);
            let mut end = 0.0;
            for at in 0..rows {
                let start = end;
                end += heights.over(at..at + 1);
                let in_sight = end > above && start < above + 800.0;
                prop_assert!(!in_sight || range.holds(at), "row {at} of {range:?}");
            }
        }

        #[test]
        fn what_is_missing_and_what_is_shown_make_what_is_wanted(
            shown in proptest::collection::btree_set(0usize..60, 0..40), from in 0usize..60, count in 0usize..40, sight in 0usize..60,
        ) {
            let shown: Vec<usize> = shown.into_iter().collect();
            let wanted = Range { from, to: from + count };
            let mut all = missing(&shown, wanted, Range { from: sight, to: sight + 5 });
            all.extend(shown.iter().filter(|row| wanted.holds(**row)));
            all.sort_unstable();
            prop_assert_eq!(all, (wanted.from..wanted.to).collect::<Vec<usize>>());
        }
    }
}
