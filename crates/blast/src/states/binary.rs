use super::model::{Model, Row};

/// Rows that cover every pair of the columns with two values that nothing else decides; the fewest there can be.
///
/// Kleitman and Spencer: with `n` rows, give each column another set of half of the rows, all with the first row in
/// common. Two such sets meet in the first row, neither holds the other, and the complements meet as well.
pub(super) fn rows(model: &Model) -> Vec<Row> {
    let columns: Vec<usize> =
        model.columns().iter().copied().filter(|number| model.values(*number) == 2 && model.is_free(*number)).collect();
    if columns.len() < 2 {
        return Vec::new();
    }
    let count = (4..).find(|rows| choices(rows - 1, rows / 2 - 1) >= columns.len()).unwrap_or(4);
    let mut rows = vec![model.blank(); count];
    let mut chosen: Vec<usize> = (0..count / 2 - 1).collect();
    for column in columns {
        for (at, row) in rows.iter_mut().enumerate() {
            // Row 0 is in every set.
            let is_in = at == 0 || chosen.contains(&(at - 1));
            if let Some(cell) = row.get_mut(column) {
                *cell = Some(usize::from(!is_in));
            }
        }
        let (picks, of) = (chosen.len(), count - 1);
        if let Some(at) = (0..picks).rev().find(|at| chosen.get(*at) != Some(&(of - picks + at))) {
            let from = chosen.get(at).copied().unwrap_or_default() + 1;
            chosen.iter_mut().skip(at).enumerate().for_each(|(further, place)| *place = from + further);
        }
    }
    rows
}

/// In how many ways `k` of `n` can be chosen.
fn choices(n: usize, k: usize) -> usize {
    (0..k).fold(1_usize, |ways, at| ways.saturating_mul(n - at) / (at + 1))
}
