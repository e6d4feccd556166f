use super::binary;
use super::model::{Model, Row};
use super::tuples::Tuples;

/// Looks at a group's combination that the search may take, in all.
const WORK: usize = 40_000_000;
/// Rows that are tried for each one taken, at most.
const MOST_CANDIDATES: usize = 30;
/// Times that the whole search is begun anew, at most.
const MOST_STARTS: usize = 30;

/// Rows that cover every possible combination; the fewest of several searches.
pub(super) fn build(model: &Model, tuples: &Tuples) -> Vec<Vec<usize>> {
    let seeds = binary::rows(model);
    // About what one row costs, and how many rows there will be.
    let row = tuples.groups().max(1) * 4;
    let rows = 16;
    let candidates = (WORK / (row * rows)).clamp(1, MOST_CANDIDATES);
    let starts = (WORK / (row * rows * candidates)).clamp(1, MOST_STARTS);
    let mut best: Option<Vec<Vec<usize>>> = None;
    for start in 0..starts {
        for seeds in [seeds.as_slice(), &[]] {
            let mut search = Search { model, tuples, open: tuples.open(), order: Order(start as u64), candidates };
            let found = search.run(seeds);
            let found = reduced(tuples, found);
            if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
    }
    best.unwrap_or_default()
}

struct Search<'a> {
    model: &'a Model,
    tuples: &'a Tuples,
    open: Vec<bool>,
    order: Order,
    candidates: usize,
}

impl Search<'_> {
    fn run(&mut self, seeds: &[Row]) -> Vec<Vec<usize>> {
        let mut rows = Vec::new();
        for seed in seeds {
            let row = self.filled(seed.clone());
            rows.push(self.take(&row));
        }
        let mut from = 0;
        while let Some(first) = self.next_open(from) {
            from = first;
            let mut best: Option<(usize, Row)> = None;
            for _ in 0..self.candidates {
                let mut row = self.model.blank();
                for (column, value) in self.tuples.cells(self.some_open(first)) {
                    set(&mut row, column, Some(value));
                }
                let row = self.filled(row);
                let gain = self.gain(self.tuples.of_row(&row));
                if best.as_ref().is_none_or(|(most, _)| gain > *most) {
                    best = Some((gain, row));
                }
            }
            let Some((_, row)) = best else { break };
            rows.push(self.take(&row));
        }
        rows
    }

    fn next_open(&self, from: usize) -> Option<usize> {
        self.open.iter().skip(from).position(|open| *open).map(|at| at + from)
    }

    /// One that is still open, from anywhere.
    fn some_open(&mut self, first: usize) -> usize {
        let from = first + self.order.below(self.open.len() - first);
        self.next_open(from).unwrap_or(first)
    }

    /// Gives each open cell, in any order, the value that covers most of what is still to be covered.
    fn filled(&mut self, mut row: Row) -> Row {
        let mut columns: Vec<usize> =
            self.model.columns().iter().copied().filter(|column| row.get(*column) == Some(&None)).collect();
        self.order.shuffle(&mut columns);
        for column in columns {
            let mut best: Option<(usize, usize)> = None;
            let values = self.model.values(column);
            let turn = self.order.below(values.max(1));
            for value in (0..values).map(|value| (value + turn) % values) {
                set(&mut row, column, Some(value));
                let gain = self.gain(self.tuples.with_column(&row, column));
                let is_better = best.is_none_or(|(most, _)| gain > most);
                if is_better && (self.model.is_free(column) || self.model.is_possible(&row)) {
                    best = Some((gain, value));
                }
            }
            set(&mut row, column, best.map(|(_, value)| value));
        }
        row
    }

    fn gain(&self, numbers: impl Iterator<Item = usize>) -> usize {
        numbers.filter(|number| self.open.get(*number) == Some(&true)).count()
    }

    fn take(&mut self, row: &Row) -> Vec<usize> {
        for number in self.tuples.of_row(row) {
            if let Some(open) = self.open.get_mut(number) {
                *open = false;
            }
        }
        self.model.completed(row).unwrap_or_default()
    }
}

/// Leaves out, last first, the rows whose every combination another one has as well.
fn reduced(tuples: &Tuples, mut rows: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let as_row = |row: &Vec<usize>| -> Row { row.iter().copied().map(Some).collect() };
    let mut times = vec![0_u32; tuples.open().len()];
    for number in rows.iter().flat_map(|row| tuples.of_row(&as_row(row)).collect::<Vec<_>>()) {
        if let Some(times) = times.get_mut(number) {
            *times += 1;
        }
    }
    let mut at = rows.len();
    while at > 0 {
        at -= 1;
        let Some(row) = rows.get(at) else { continue };
        let is_needed = tuples.of_row(&as_row(row)).any(|number| times.get(number) == Some(&1));
        if !is_needed && rows.len() > 1 {
            for number in tuples.of_row(&as_row(row)) {
                if let Some(times) = times.get_mut(number) {
                    *times -= 1;
                }
            }
            rows.remove(at);
        }
    }
    rows
}

fn set(row: &mut Row, column: usize, value: Option<usize>) {
    if let Some(cell) = row.get_mut(column) {
        *cell = value;
    }
}

/// An arbitrary order that is the same each time (SplitMix64).
struct Order(u64);

impl Order {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    fn shuffle(&mut self, list: &mut [usize]) {
        for at in (1..list.len()).rev() {
            let with = self.below(at + 1);
            list.swap(at, with);
        }
    }
}
