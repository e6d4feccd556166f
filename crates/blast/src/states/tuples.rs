use super::model::Model;

/// Every combination of values of `strength` columns, numbered, and whether it can happen.
#[derive(Debug)]
pub(super) struct Tuples {
    /// The columns of each group, one group after another, and where the numbers of its combinations begin.
    groups: Vec<(Vec<usize>, usize)>,
    /// By number.
    possible: Vec<bool>,
    /// Values of each parameter.
    widths: Vec<usize>,
    /// For each parameter, the groups that it is in.
    of: Vec<Vec<usize>>,
}

impl Tuples {
    /// `None` where there are more than `limit`.
    pub(super) fn new(model: &Model, strength: usize, limit: usize) -> Option<Self> {
        let columns = model.columns();
        let parameters = model.blank().len();
        let widths: Vec<usize> = (0..parameters).map(|number| model.values(number)).collect();
        let mut tuples = Tuples { groups: Vec::new(), possible: Vec::new(), widths, of: vec![Vec::new(); parameters] };
        let mut chosen: Vec<usize> = (0..strength).collect();
        while strength <= columns.len() {
            let group: Vec<usize> = chosen.iter().filter_map(|at| columns.get(*at).copied()).collect();
            tuples.add(model, group, limit)?;
            // The next choice of columns, in order.
            let Some(at) = (0..strength).rev().find(|at| chosen.get(*at) != Some(&(columns.len() - strength + at)))
            else {
                break;
            };
            let from = chosen.get(at).copied().unwrap_or_default() + 1;
            chosen.iter_mut().skip(at).enumerate().for_each(|(further, place)| *place = from + further);
        }
        Some(tuples)
    }

    fn add(&mut self, model: &Model, group: Vec<usize>, limit: usize) -> Option<()> {
        let width = |number: &usize| self.widths.get(*number).copied().unwrap_or_default();
        let count = group.iter().map(width).try_fold(1_usize, usize::checked_mul)?;
        if self.possible.len().checked_add(count)? > limit {
            return None;
        }
        let base = self.possible.len();
        let is_free = group.iter().all(|number| model.is_free(*number));
        let mut row = model.blank();
        for number in 0..count {
            let mut rest = number;
            for column in group.iter().rev() {
                let width = width(column).max(1);
                if let Some(cell) = row.get_mut(*column) {
                    *cell = Some(rest % width);
                }
                rest /= width;
            }
            self.possible.push(is_free || model.is_possible(&row));
        }
        for column in &group {
            if let Some(groups) = self.of.get_mut(*column) {
                groups.push(self.groups.len());
            }
        }
        self.groups.push((group, base));
        Some(())
    }

    pub(super) fn possible(&self) -> usize {
        self.possible.iter().filter(|possible| **possible).count()
    }

    pub(super) fn impossible(&self) -> usize {
        self.possible.len() - self.possible()
    }

    /// Which are still to be covered when nothing is.
    pub(super) fn open(&self) -> Vec<bool> {
        self.possible.clone()
    }

    /// How many groups a parameter is in: what looking at all of them costs.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The numbers of what a row covers; of groups with an open cell nothing.
    pub(super) fn of_row<'a>(&'a self, row: &'a [Option<usize>]) -> impl Iterator<Item = usize> + 'a {
        self.groups.iter().filter_map(|group| self.number(group, row))
    }

    /// What it covers with the cell of `column`.
    pub(super) fn with_column<'a>(
        &'a self,
        row: &'a [Option<usize>],
        column: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let groups = self.of.get(column).into_iter().flatten();
        groups.filter_map(|group| self.number(self.groups.get(*group)?, row))
    }

    fn number(&self, (columns, base): &(Vec<usize>, usize), row: &[Option<usize>]) -> Option<usize> {
        let mut number = 0;
        for column in columns {
            let value = row.get(*column).copied().flatten()?;
            number = number * self.widths.get(*column)? + value;
        }
        Some(base + number)
    }

    /// Columns and values of a combination.
    pub(super) fn cells(&self, number: usize) -> Vec<(usize, usize)> {
        let at = self.groups.partition_point(|(_, base)| *base <= number).saturating_sub(1);
        let Some((columns, base)) = self.groups.get(at) else { return Vec::new() };
        let mut rest = number - base;
        let mut cells = Vec::new();
        for column in columns.iter().rev() {
            let width = self.widths.get(*column).copied().unwrap_or(1).max(1);
            cells.push((*column, rest % width));
            rest /= width;
        }
        cells
    }
}
