//! Populations: contexts with weights, held as columns.
//!
//! A context is taken apart into its leaves: `{"app": {"version": "2.4"}}` is a value of the column `app` > `version`.
//! Each column holds one small number a row, the place of the value in the column's [`Dictionary`]; 0 is absent.
//! Nothing is lost on the way: [`Population::context`] gives the context back, and [`Population::attribute`] looks a
//! name up as the evaluator does, its own key before the dotted path.
//!
//! Readers take what they read from; they open nothing. Start from [`Population::from_json_lines`].

mod builder;
mod column;
mod columns;
#[cfg(feature = "files")]
mod delimited;
mod dictionary;
mod error;
mod json_lines;
mod limits;
mod lookup;
mod mapping;
#[cfg(feature = "files")]
mod parquet;
mod plan;
mod rows;
mod sample;
mod values;

pub use builder::{Builder, ColumnId};
pub use column::Column;
pub use columns::ColumnBuilder;
pub use dictionary::{Dictionary, Entry};
pub use error::{PopulationError, Problem, ProblemKind, Report};
pub use limits::Limits;
pub use mapping::{ColumnType, Mapping, WeightColumn};
pub use values::AttributeValues;

use serde_json::{Map, Value};
use std::sync::Arc;

#[cfg(feature = "files")]
pub use parquet::is_decoding;

/// What a Parquet file is read from: [`Bytes`] and [`std::fs::File`] are such.
#[cfg(feature = "files")]
pub use {::parquet::file::reader::ChunkReader, bytes::Bytes};

/// Contexts with weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    // INVARIANT: every column has `rows` codes, each at most its dictionary's length; no row has a value both at a path
    // and below it; weights are finite and not negative, and so is their sum.
    rows: usize,
    columns: Vec<Arc<Column>>,
    weights: Weights,
    total: f64,
    sampled: Option<Sampled>,
}

/// Weights by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Weights {
    /// Each row weighs 1.
    Even,
    Each(Vec<f64>),
}

/// What a sample was drawn from.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Sampled {
    pub rows: u64,
    pub weight: f64,
}

impl Population {
    /// How many contexts there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The sum of all weights.
    pub fn weight(&self) -> f64 {
        self.total
    }

    /// The weight of a row; 0 beyond the last.
    pub fn row_weight(&self, row: usize) -> f64 {
        match &self.weights {
            Weights::Even => f64::from(u8::from(row < self.rows)),
            Weights::Each(weights) => weights.get(row).copied().unwrap_or(0.0),
        }
    }

    pub(crate) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// In the order in which they were first met.
    pub fn columns(&self) -> &[Arc<Column>] {
        &self.columns
    }

    /// What it was drawn from, if it is a sample.
    pub fn sampled(&self) -> Option<Sampled> {
        self.sampled
    }

    /// The context of a row; empty beyond the last.
    pub fn context(&self, row: usize) -> Map<String, Value> {
        let mut context = Map::new();
        for column in &self.columns {
            if let Some(value) = column.code(row).and_then(|code| column.dictionary().value(code)) {
                put(&mut context, column.path(), value);
            }
        }
        context
    }
}

/// Puts a value where its path leads, making objects on the way.
fn put(into: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            into.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let below = into.entry(first.as_str()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}
