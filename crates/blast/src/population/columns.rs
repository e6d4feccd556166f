//! A population of columns that are at hand, each made whole, such as those of an Arrow batch.

use super::column::Column;
use super::dictionary::{Entry, Interner};
use super::error::{PopulationError, Problem, ProblemKind};
use super::{Population, Weights};
use serde_json::Value;
use std::sync::Arc;

/// A column as it grows, row by row.
#[derive(Debug)]
pub struct ColumnBuilder {
    path: Vec<String>,
    codes: Vec<u32>,
    interner: Interner,
    bytes: u64,
}

impl ColumnBuilder {
    /// The keys that lead to it, from the outermost.
    pub fn new(path: Vec<String>) -> Self {
        ColumnBuilder { path, codes: Vec::new(), interner: Interner::default(), bytes: 0 }
    }

    /// As rules write it.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    pub fn rows(&self) -> usize {
        self.codes.len()
    }

    /// Of memory, about.
    pub fn bytes(&self) -> u64 {
        self.bytes + 4 * self.codes.len() as u64
    }

    /// The code of a text, to be pushed for each row that has it.
    pub fn code_of_text(&mut self, text: &str) -> u32 {
        let (code, grown) = self.interner.intern(Entry::Text(text));
        self.bytes += grown;
        code
    }

    /// The code of a value: anything but an object with members, which has columns of its own.
    pub fn code_of_value(&mut self, value: &Value) -> u32 {
        let (code, grown) = self.interner.intern_value(value);
        self.bytes += grown;
        code
    }

    /// The next row has this code; 0 for nothing.
    pub fn push(&mut self, code: u32) {
        self.codes.push(code);
    }

    /// Up to this row there is nothing more.
    pub fn pad(&mut self, rows: usize) {
        self.codes.resize(rows.max(self.codes.len()), 0);
    }
}

impl Population {
    /// Takes columns, which may end before the last row, and a weight for each row; each row weighs 1 without.
    ///
    /// # Errors
    /// Where two columns have one path, a weight is none, or a row has a value both at a path and below it.
    pub fn from_columns(
        rows: usize,
        columns: Vec<ColumnBuilder>,
        weights: Option<Vec<f64>>,
    ) -> Result<Population, PopulationError> {
        let mut made = Vec::with_capacity(columns.len());
        for mut column in columns {
            column.codes.resize(rows, 0);
            if column.codes.iter().any(|code| *code != 0) {
                made.push(Column::new(column.path, column.codes, column.interner.finish()));
            }
        }
        check_paths(&made)?;
        let (weights, total) = match weights {
            Some(weights) => checked(weights, rows)?,
            #[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
            None => (Weights::Even, rows as f64),
        };
        Ok(Population { rows, columns: made.into_iter().map(Arc::new).collect(), weights, total, sampled: None })
    }
}

fn malformed(row: usize, column: Option<String>, kind: ProblemKind) -> PopulationError {
    PopulationError::Malformed { problem: Problem { row: row as u64 + 1, column, kind }, before: 0 }
}

fn check_paths(columns: &[Column]) -> Result<(), PopulationError> {
    for (at, outer) in columns.iter().enumerate() {
        for (other, inner) in columns.iter().enumerate().filter(|(other, _)| *other != at) {
            if inner.path() == outer.path() && at < other {
                let (first, second, attribute) = (outer.name(), inner.name(), outer.name());
                return Err(PopulationError::SameAttribute { attribute, first, second });
            }
            if inner.path().len() > outer.path().len() && inner.path().starts_with(outer.path()) {
                let both = |(one, other): (&u32, &u32)| *one != 0 && *other != 0;
                if let Some(row) = outer.codes().iter().zip(inner.codes()).position(both) {
                    return Err(malformed(row, Some(inner.name()), ProblemKind::ValueAndObject(outer.name())));
                }
            }
        }
    }
    Ok(())
}

fn checked(mut weights: Vec<f64>, rows: usize) -> Result<(Weights, f64), PopulationError> {
    weights.resize(rows, 1.0);
    let wrong = |weight: &f64| !weight.is_finite() || *weight < 0.0;
    if let Some((row, weight)) = weights.iter().enumerate().find(|(_, weight)| wrong(weight)) {
        return Err(malformed(row, None, ProblemKind::Weight(weight.to_string())));
    }
    let total: f64 = weights.iter().sum();
    if !total.is_finite() {
        return Err(PopulationError::TotalWeight { row: rows as u64 });
    }
    #[expect(clippy::float_cmp, reason = "exactly 1 is what needs no place of its own")]
    let even = weights.iter().all(|weight| *weight == 1.0);
    Ok((if even { Weights::Even } else { Weights::Each(weights) }, total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(path: &[&str], values: &[Value]) -> ColumnBuilder {
        let mut column = ColumnBuilder::new(path.iter().map(|key| (*key).to_owned()).collect());
        for value in values {
            let code = if value.is_null() { 0 } else { column.code_of_value(value) };
            column.push(code);
        }
        column
    }

    #[test]
    fn rows_are_those_of_the_columns() {
        let columns = vec![
            column(&["tenant"], &[json!("acme"), json!(null), json!("acme")]),
            column(&["app", "version"], &[json!("2"), json!(2)]),
            column(&["empty"], &[json!(null)]),
        ];
        let made = Population::from_columns(3, columns, Some(vec![1.0, 0.5])).unwrap();
        let context = |row| Value::Object(made.context(row));
        assert_eq!(context(0), json!({ "tenant": "acme", "app": { "version": "2" } }));
        assert_eq!(context(1), json!({ "app": { "version": 2 } }));
        assert_eq!(context(2), json!({ "tenant": "acme" }));
        assert_eq!((made.rows(), made.weight(), made.row_weight(1), made.columns().len()), (3, 2.5, 0.5, 2));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let x = || column(&["x"], &[json!(null), json!("x")]);
        let within = |value: Value| column(&["x", "y"], &[json!(1), value]);
        let cases = [
            (vec![x(), x()], None, "population-same-attribute"),
            (vec![within(json!(1)), x()], None, "population-malformed"),
            (vec![x()], Some(vec![1.0, -1.0]), "population-malformed"),
            (vec![x()], Some(vec![f64::MAX, f64::MAX]), "population-total-weight"),
        ];
        for (columns, weights, code) in cases {
            assert_eq!(Population::from_columns(2, columns, weights).unwrap_err().code(), code);
        }
        assert!(Population::from_columns(2, vec![within(json!(null)), x()], None).is_ok());
    }
}
