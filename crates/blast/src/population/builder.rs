//! A population as it grows, row by row.

use super::column::Column;
use super::dictionary::{Entry, Interner};
use super::error::{PopulationError, ProblemKind};
use super::limits::Limits;
use super::{Population, Weights};
use hashbrown::HashMap;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Makes a population of rows that are at hand, without a file. Readers use it as well.
#[derive(Debug)]
pub struct Builder {
    limits: Limits,
    rows: u64,
    columns: Vec<Growing>,
    by_path: HashMap<Vec<String>, usize>,
    /// Columns that the row being made has a value of.
    touched: Vec<usize>,
    weights: Weights,
    total: f64,
    bytes: u64,
}

/// What each row takes of each column.
const CODE_BYTES: u64 = 4;

#[derive(Debug)]
struct Growing {
    path: Vec<String>,
    /// The columns that this one lies within: no row may have both.
    around: Vec<usize>,
    /// May end before the last row: what lacks is absent.
    codes: Vec<u32>,
    interner: Interner,
}

/// A column of the builder that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnId(usize);

/// Why a row is not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// This row only. The column is its name in the file.
    Row(Option<String>, ProblemKind),
    /// And there is no use in going on.
    All(PopulationError),
}

impl From<PopulationError> for Refused {
    fn from(error: PopulationError) -> Self {
        Refused::All(error)
    }
}

impl Builder {
    pub fn new(limits: &Limits) -> Self {
        let mut limits = limits.clone();
        // Codes are numbers of 32 bits.
        limits.rows = limits.rows.min(u64::from(u32::MAX) - 1);
        Builder {
            limits,
            rows: 0,
            columns: Vec::new(),
            by_path: HashMap::new(),
            touched: Vec::new(),
            weights: Weights::Even,
            total: 0.0,
            bytes: 0,
        }
    }

    /// Takes a context as a row.
    ///
    /// # Errors
    /// Where a limit is reached, or the weight is none.
    pub fn push(&mut self, context: &Map<String, Value>, weight: f64) -> Result<(), PopulationError> {
        let mut path = Vec::new();
        let taken = self.put_members(&mut path, context).and_then(|()| self.end_row(weight));
        taken.map_err(|refused| {
            self.drop_row();
            self.refusal(refused)
        })
    }

    /// The column of an attribute, for [`Builder::push_texts`].
    ///
    /// # Errors
    /// Where there are too many columns.
    pub fn attribute(&mut self, name: &str) -> Result<ColumnId, PopulationError> {
        self.column(&[name]).map(ColumnId)
    }

    /// As [`Builder::push`], for rows of which all values are texts.
    ///
    /// # Errors
    /// As [`Builder::push`].
    pub fn push_texts(&mut self, texts: &[(ColumnId, &str)], weight: f64) -> Result<(), PopulationError> {
        let taken = texts.iter().try_for_each(|(column, text)| self.put_text(column.0, text));
        taken.and_then(|()| self.end_row(weight)).map_err(|refused| {
            self.drop_row();
            self.refusal(refused)
        })
    }

    fn refusal(&self, refused: Refused) -> PopulationError {
        match refused {
            Refused::All(error) => error,
            Refused::Row(column, kind) => {
                PopulationError::Malformed { problem: super::Problem { row: self.rows + 1, column, kind }, before: 0 }
            }
        }
    }

    fn put_members(&mut self, path: &mut Vec<String>, members: &Map<String, Value>) -> Result<(), Refused> {
        for (key, value) in members {
            path.push(key.clone());
            self.put_tree(path, value)?;
            path.pop();
        }
        Ok(())
    }

    /// Takes a value, objects apart into their leaves.
    pub(crate) fn put_tree(&mut self, path: &mut Vec<String>, value: &Value) -> Result<(), Refused> {
        match value {
            Value::Object(members) if !members.is_empty() => self.put_members(path, members),
            leaf => {
                let column = self.column(path)?;
                self.put_value(column, leaf)
            }
        }
    }

    /// The rows that are complete.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    fn row_count(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }

    /// The number of the column with this path.
    pub(crate) fn column<S: AsRef<str>>(&mut self, path: &[S]) -> Result<usize, PopulationError> {
        let path: Vec<String> = path.iter().map(|key| key.as_ref().to_owned()).collect();
        if let Some(number) = self.by_path.get(&path) {
            return Ok(*number);
        }
        if self.columns.len() >= self.limits.columns {
            let mut column = path.join(".");
            if column.len() > 100 {
                column = column.chars().take(100).collect::<String>() + "…";
            }
            return Err(PopulationError::TooManyColumns { limit: self.limits.columns, column });
        }
        let number = self.columns.len();
        let mut around = Vec::new();
        for (other, column) in self.columns.iter_mut().enumerate() {
            if path.starts_with(&column.path) {
                around.push(other);
            } else if column.path.starts_with(&path) {
                column.around.push(number);
            }
        }
        self.bytes += self.rows * CODE_BYTES + path.iter().map(|key| 2 * key.len() as u64 + 64).sum::<u64>();
        self.by_path.insert(path.clone(), number);
        self.columns.push(Growing { path, around, codes: Vec::new(), interner: Interner::default() });
        Ok(number)
    }

    /// Whether the row being made has a value of the column.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|column| column.codes.len() as u64 > self.rows)
    }

    pub(crate) fn put_text(&mut self, column: usize, text: &str) -> Result<(), Refused> {
        self.put(column, |interner| interner.intern(Entry::Text(text)))
    }

    pub(crate) fn put_value(&mut self, column: usize, value: &Value) -> Result<(), Refused> {
        self.put(column, |interner| interner.intern_value(value))
    }

    fn put(&mut self, number: usize, intern: impl FnOnce(&mut Interner) -> (u32, u64)) -> Result<(), Refused> {
        if self.has(number) {
            let attribute = self.columns.get(number).map(|column| column.path.join(".")).unwrap_or_default();
            return Err(Refused::Row(None, ProblemKind::SameAttribute(attribute)));
        }
        let Some(column) = self.columns.get_mut(number) else { return Ok(()) };
        let (code, grown) = intern(&mut column.interner);
        self.bytes += grown;
        // Before memory is taken: a column may first be met in the last of many rows.
        self.check_bytes()?;
        let rows = self.row_count();
        let Some(column) = self.columns.get_mut(number) else { return Ok(()) };
        column.codes.resize(rows, 0);
        column.codes.push(code);
        self.touched.push(number);
        Ok(())
    }

    fn check_bytes(&self) -> Result<(), PopulationError> {
        if self.bytes > self.limits.bytes {
            return Err(PopulationError::TooManyBytes { limit: self.limits.bytes, row: self.rows + 1 });
        }
        Ok(())
    }

    /// Completes the row. Where it is refused, [`Builder::drop_row`] has to follow.
    pub(crate) fn end_row(&mut self, weight: f64) -> Result<(), Refused> {
        let columns = self.touched.iter().filter_map(|column| self.columns.get(*column));
        if let Some(outer) = columns.flat_map(|column| &column.around).find(|outer| self.has(**outer)) {
            let path = self.columns.get(*outer).map(|column| column.path.join(".")).unwrap_or_default();
            return Err(Refused::Row(None, ProblemKind::ValueAndObject(path)));
        }
        if !weight.is_finite() || weight < 0.0 {
            return Err(Refused::Row(None, ProblemKind::Weight(weight.to_string())));
        }
        self.check_bytes()?;
        if self.rows >= self.limits.rows {
            return Err(PopulationError::TooManyRows { limit: self.limits.rows }.into());
        }
        let total = self.total + weight;
        if !total.is_finite() {
            return Err(PopulationError::TotalWeight { row: self.rows + 1 }.into());
        }
        #[expect(clippy::float_cmp, reason = "exactly 1 is what needs no place of its own")]
        let even = weight == 1.0;
        match &mut self.weights {
            Weights::Even if even => {}
            Weights::Even => {
                self.bytes += (self.rows + 1) * 8;
                self.check_bytes()?;
                let mut weights = vec![1.0; self.row_count()];
                weights.push(weight);
                self.weights = Weights::Each(weights);
            }
            Weights::Each(weights) => {
                weights.push(weight);
                self.bytes += 8;
            }
        }
        self.bytes += self.columns.len() as u64 * CODE_BYTES;
        self.total = total;
        self.rows += 1;
        self.touched.clear();
        Ok(())
    }

    /// Forgets what was put into the row being made.
    pub(crate) fn drop_row(&mut self) {
        let rows = self.row_count();
        for number in self.touched.drain(..) {
            if let Some(column) = self.columns.get_mut(number) {
                column.codes.truncate(rows);
            }
        }
    }

    pub fn finish(self) -> Population {
        let rows = self.row_count();
        let columns = self.columns.into_iter().map(|column| {
            let mut codes = column.codes;
            codes.resize(rows, 0);
            codes.shrink_to_fit();
            Column::new(column.path, codes, column.interner.finish())
        });
        // A column of which every row was refused holds nothing.
        let columns = columns.filter(|column| column.codes().iter().any(|code| *code != 0));
        Population {
            rows,
            columns: columns.map(Arc::new).collect(),
            weights: self.weights,
            total: self.total,
            sampled: None,
        }
    }
}
