//! Samples: a population small enough for a page, as bytes.
//!
//! Numbers are LEB128 unless said otherwise; a text is its length in bytes and its UTF-8.
//!
//! | part | content |
//! |---|---|
//! | `DHS1` | the format and its version |
//! | 4 bytes | murmur3 of all that follows, little-endian |
//! | rows | |
//! | drawn from | 0, or 1 with rows and weight (a double, little-endian) |
//! | weights | 0 where each row weighs 1, else 1, how many different ones, these as doubles, and codes |
//! | columns | how many; each its path (how many keys, texts), dictionary (how many values; each its length doubled, 1 more where it is JSON, and the text) and codes |
//!
//! Codes are one number a row, of 1, 2 or 4 bytes by how large the largest may be, little-endian.

mod decode;
mod encode;

use super::dictionary::{Entry, Interner};
use super::{Column, Population, Sampled, Weights};
use downhaul_core::bucket::{Decimal, integer, murmur3_x86_32};
use hashbrown::HashMap;
use serde_json::Value;
use std::collections::BinaryHeap;
use std::sync::Arc;

const MAGIC: [u8; 4] = *b"DHS1";

impl Population {
    /// A sample of at most so many rows, each as likely as any other whatever it weighs, and always the same: those
    /// whose targetingKeys hash lowest. So two populations of the same people are sampled alike.
    #[must_use]
    pub fn sample(&self, rows: usize) -> Population {
        if rows >= self.rows {
            return self.clone();
        }
        let keys = self.attribute("targetingKey");
        let mut lowest: BinaryHeap<(u64, usize)> = BinaryHeap::new();
        for row in 0..self.rows {
            let value = keys.as_ref().and_then(|keys| keys.dictionary().entry(keys.code(row)?));
            let hashed = (hash(value, row), row);
            if lowest.len() < rows {
                lowest.push(hashed);
            } else if let Some(mut greatest) = lowest.peek_mut()
                && hashed < *greatest
            {
                *greatest = hashed;
            }
        }
        let mut chosen: Vec<usize> = lowest.into_iter().map(|(_, row)| row).collect();
        chosen.sort_unstable();
        let weights = match &self.weights {
            Weights::Even => Weights::Even,
            Weights::Each(_) => Weights::Each(chosen.iter().map(|row| self.row_weight(*row)).collect()),
        };
        let columns = self.columns.iter().map(|column| pruned(column, &chosen));
        Population {
            rows: chosen.len(),
            columns: columns.filter(|column| !column.dictionary().is_empty()).map(Arc::new).collect(),
            total: chosen.iter().map(|row| self.row_weight(*row)).sum(),
            weights,
            sampled: Some(self.sampled.unwrap_or(Sampled { rows: self.rows as u64, weight: self.total })),
        }
    }

    /// All of it as bytes, for [`Population::from_sample_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// [`Population::sample`] as bytes, for [`Population::from_sample_bytes`].
    pub fn to_sample_bytes(&self, rows: usize) -> Vec<u8> {
        if rows < self.rows { encode::encode(&self.sample(rows)) } else { encode::encode(self) }
    }
}

/// A row without a targetingKey is drawn by its number.
fn hash(key: Option<Entry<'_>>, row: usize) -> u64 {
    let both = |bytes: &[u8], kind: u32| {
        u64::from(murmur3_x86_32(bytes, kind)) << 32 | u64::from(murmur3_x86_32(bytes, kind + 1))
    };
    match key {
        Some(Entry::Text(text)) => both(text.as_bytes(), 1),
        // A number is the same person as its text.
        Some(entry) => match entry.value().as_f64().and_then(integer) {
            Some(whole) => both(Decimal::new(whole).as_bytes(), 1),
            None => both(&(row as u64).to_le_bytes(), 3),
        },
        None => both(&(row as u64).to_le_bytes(), 3),
    }
}

/// The column of these rows, with the values that they have.
fn pruned(column: &Column, rows: &[usize]) -> Column {
    let mut interner = Interner::default();
    let mut known: HashMap<u32, u32> = HashMap::new();
    let codes = rows.iter().map(|row| {
        let code = column.code(*row).unwrap_or(0);
        match column.dictionary().entry(code) {
            None => 0,
            Some(entry) => *known.entry(code).or_insert_with(|| interner.intern(entry).0),
        }
    });
    let codes = codes.collect();
    Column::new(column.path().to_vec(), codes, interner.finish())
}

/// What a column may hold as JSON.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::String(_) => false,
        Value::Object(members) => members.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => true,
    }
}
