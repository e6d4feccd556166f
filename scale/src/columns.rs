//! Rows of contexts from Arrow arrays, as many as a replay looks at at once.
//!
//! What a value becomes is what `downhaul plan` makes of Parquet: null is absent, a time is its milliseconds since 1970.

use crate::failure::Failure;
use crate::order::Order;
use crate::values::{text_at, value_at};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use datafusion::arrow::buffer::NullBuffer;
use downhaul_blast::population::{ColumnBuilder, Population};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Rows after which they are replayed, and memory.
const ROWS: usize = 1 << 18;
const BYTES: u64 = 64 << 20;

/// Rows as they come.
#[derive(Debug, Default)]
pub struct Rows {
    rows: usize,
    columns: Vec<ColumnBuilder>,
    by_path: HashMap<Vec<String>, usize>,
    weights: Option<Vec<f64>>,
}

/// Where a part of a row stands.
#[derive(Debug, Clone)]
struct At {
    /// Its name in the file.
    source: String,
    /// The attribute's.
    path: Vec<String>,
}

impl At {
    fn below(&self, key: &str, order: &Order) -> At {
        let source = format!("{}.{key}", self.source);
        let path = match order.roles.get(&source) {
            Some(role) => vec![role.clone()],
            None => self.path.iter().cloned().chain([key.to_owned()]).collect(),
        };
        At { source, path }
    }
}

impl Rows {
    /// Whether it is time to replay them.
    pub fn are_many(&self) -> bool {
        self.rows >= ROWS || self.bytes() > BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Of memory, about.
    pub fn bytes(&self) -> u64 {
        let weights = self.weights.as_ref().map_or(0, |weights| 8 * weights.len() as u64);
        weights + self.columns.iter().map(ColumnBuilder::bytes).sum::<u64>()
    }

    /// Takes rows of the columns that the order names.
    ///
    /// # Errors
    /// Where a value cannot be one, such as a weight that is negative.
    pub fn take(&mut self, order: &Order, arrays: &[ArrayRef]) -> Result<(), Failure> {
        let count = arrays.first().map_or(0, |array| array.len());
        for (name, array) in order.columns.iter().zip(arrays) {
            let path = vec![order.roles.get(name).unwrap_or(name).clone()];
            self.put(order, &At { source: name.clone(), path }, array.as_ref(), None, None)?;
        }
        self.rows += count;
        if let Some(weights) = &mut self.weights {
            weights.resize(self.rows, 1.0);
        }
        Ok(())
    }

    /// What came so far, to be replayed; from here on it is empty again.
    ///
    /// # Errors
    /// Where the rows are none together.
    pub fn finish(&mut self) -> Result<Population, Failure> {
        let Rows { rows, columns, weights, .. } = std::mem::take(self);
        Ok(Population::from_columns(rows, columns, weights)?)
    }

    fn column(&mut self, path: &[String]) -> usize {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        let number = self.columns.len();
        self.columns.push(ColumnBuilder::new(path.to_vec()));
        self.by_path.insert(path.to_vec(), number);
        number
    }

    /// Puts an array where it belongs. `around` is what it lies in; `present` gets the rows that have something.
    fn put(
        &mut self,
        order: &Order,
        at: &At,
        array: &dyn Array,
        around: Option<&NullBuffer>,
        present: Option<&mut [bool]>,
    ) -> Result<(), Failure> {
        let nulls = NullBuffer::union(around, array.nulls());
        if let Some(weight) = order.weight.as_ref().filter(|weight| weight.source == at.source) {
            return self.put_weights(weight.named, at, array, nulls.as_ref());
        }
        match array.data_type() {
            DataType::Struct(_) => self.put_struct(order, at, array, nulls.as_ref(), present),
            _ => self.put_leaves(order, at, array, nulls.as_ref(), present),
        }
    }

    fn put_struct(
        &mut self,
        order: &Order,
        at: &At,
        array: &dyn Array,
        nulls: Option<&NullBuffer>,
        present: Option<&mut [bool]>,
    ) -> Result<(), Failure> {
        let Some(object) = array.as_struct_opt() else { return Ok(()) };
        let mut any = vec![false; array.len()];
        for (field, member) in object.fields().iter().zip(object.columns()) {
            self.put(order, &at.below(field.name(), order), member.as_ref(), nulls, Some(&mut any))?;
        }
        let is_there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        let empty: Vec<usize> =
            any.iter().enumerate().filter(|(row, any)| !**any && is_there(*row)).map(|(row, _)| row).collect();
        if !empty.is_empty() {
            // Rules may ask whether it exists.
            let column = self.column(&at.path);
            for row in empty {
                self.put_value(column, row, &Value::Object(Map::new()));
            }
        }
        if let Some(present) = present {
            present.iter_mut().enumerate().for_each(|(row, present)| *present |= is_there(row));
        }
        Ok(())
    }

    fn put_value(&mut self, column: usize, row: usize, value: &Value) {
        let start = self.rows;
        if let Some(column) = self.columns.get_mut(column) {
            let code = column.code_of_value(value);
            column.pad(start + row);
            column.push(code);
        }
    }

    fn put_leaves(
        &mut self,
        order: &Order,
        at: &At,
        array: &dyn Array,
        nulls: Option<&NullBuffer>,
        mut present: Option<&mut [bool]>,
    ) -> Result<(), Failure> {
        let number = self.column(&at.path);
        let start = self.rows;
        let Some(column) = self.columns.get_mut(number) else { return Ok(()) };
        column.pad(start);
        let is_there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        match array.data_type() {
            DataType::Utf8View if present.is_none() => {
                let Some(texts) = array.as_string_view_opt() else { return Ok(()) };
                for (row, text) in texts.iter().enumerate() {
                    let code = text.filter(|_| is_there(row)).map_or(0, |text| column.code_of_text(text));
                    column.push(code);
                }
            }
            DataType::Utf8 if present.is_none() => {
                let Some(texts) = array.as_string_opt::<i32>() else { return Ok(()) };
                for (row, text) in texts.iter().enumerate() {
                    let code = text.filter(|_| is_there(row)).map_or(0, |text| column.code_of_text(text));
                    column.push(code);
                }
            }
            _ => {
                for row in (0..array.len()).filter(|row| is_there(*row)) {
                    if self.put_leaf(order, at, number, array, row)?
                        && let Some(present) = present.as_deref_mut().and_then(|present| present.get_mut(row))
                    {
                        *present = true;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether there was something.
    fn put_leaf(
        &mut self,
        order: &Order,
        at: &At,
        number: usize,
        array: &dyn Array,
        row: usize,
    ) -> Result<bool, Failure> {
        let not_utf8 = |_| refused(at, "it is not UTF-8", "write the file as UTF-8");
        if let Some(text) = text_at(array, row) {
            let text = text.map_err(not_utf8)?;
            let start = self.rows;
            if let Some(column) = self.columns.get_mut(number) {
                let code = column.code_of_text(text);
                column.pad(start + row);
                column.push(code);
            }
            return Ok(true);
        }
        match value_at(array, row).map_err(not_utf8)? {
            Value::Null => Ok(false),
            Value::Object(members) if !members.is_empty() => {
                self.put_members(order, at, row, &members);
                Ok(true)
            }
            value => {
                self.put_value(number, row, &value);
                Ok(true)
            }
        }
    }

    /// Objects of which the keys are data.
    fn put_members(&mut self, order: &Order, at: &At, row: usize, members: &Map<String, Value>) {
        for (key, value) in members {
            let at = at.below(key, order);
            match value {
                Value::Object(members) if !members.is_empty() => self.put_members(order, &at, row, members),
                value => {
                    let column = self.column(&at.path);
                    self.put_value(column, row, value);
                }
            }
        }
    }

    fn put_weights(
        &mut self,
        named: bool,
        at: &At,
        array: &dyn Array,
        nulls: Option<&NullBuffer>,
    ) -> Result<(), Failure> {
        let start = self.rows;
        let mut found = Vec::with_capacity(array.len());
        for row in 0..array.len() {
            found.push(match weight_at(at, array, nulls, row)? {
                Some(weight) => weight,
                None if named => {
                    return Err(refused(
                        at,
                        "a row has no weight",
                        "give each row a weight, or name another column for it",
                    ));
                }
                None => 1.0,
            });
        }
        let weights = self.weights.get_or_insert_default();
        weights.resize(start, 1.0);
        weights.append(&mut found);
        Ok(())
    }
}

/// The weight of a row; `None` where it has none.
fn weight_at(at: &At, array: &dyn Array, nulls: Option<&NullBuffer>, row: usize) -> Result<Option<f64>, Failure> {
    if nulls.is_some_and(|nulls| nulls.is_null(row)) || array.is_null(row) {
        return Ok(None);
    }
    let (weight, written) = match text_at(array, row) {
        Some(Ok(text)) => (text.trim().parse().ok(), format!("`{text}`")),
        Some(Err(_)) => return Err(refused(at, "it is not UTF-8", "write the file as UTF-8")),
        None => match value_at(array, row) {
            Ok(Value::Null) => (None, "NaN or an infinity".to_owned()),
            Ok(value) => (value.as_f64(), value.to_string()),
            Err(_) => return Err(refused(at, "it is not UTF-8", "write the file as UTF-8")),
        },
    };
    match weight.filter(|weight: &f64| weight.is_finite() && *weight >= 0.0) {
        Some(weight) => Ok(Some(weight)),
        None => {
            let written: String = written.chars().take(60).collect();
            Err(refused(at, &format!("{written} is no weight"), "a weight is a finite number that is not negative"))
        }
    }
}

fn refused(at: &At, why: &str, help: &str) -> Failure {
    Failure::invalid("population-malformed", format!("column `{}`: {why}", at.source)).help(help)
}

/// The weights of an array.
///
/// # Errors
/// Where one is none.
pub fn weights(order: &Order, array: &ArrayRef) -> Result<Vec<f64>, Failure> {
    let mut rows = Rows::default();
    rows.take(order, std::slice::from_ref(array))?;
    Ok(rows.weights.unwrap_or_default())
}
