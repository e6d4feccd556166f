//! Row by row: whatever a row holds, and rows that are left out.

use super::super::builder::Refused;
use super::super::error::{PopulationError, ProblemKind};
use super::super::plan::ROOT;
use super::super::rows::{Cell, Rows};
use super::values::{text_at, value_at};
use super::{Root, decoded};
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use ::parquet::file::reader::ChunkReader;
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use serde_json::{Map, Value};

/// Rows decoded at a time.
const BATCH: usize = 8192;

pub(super) fn read<R: ChunkReader + 'static>(
    file: R,
    metadata: ArrowReaderMetadata,
    roots: &[Root],
    rows: &mut Rows<'_>,
) -> Result<(), PopulationError> {
    let mask = ProjectionMask::roots(metadata.parquet_schema(), roots.iter().map(|root| root.number));
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let mut batches = decoded(|| builder.with_projection(mask).with_batch_size(BATCH).build())?;
    let mut row = 0u64;
    while let Some(batch) = decoded(|| batches.next().transpose())? {
        take(rows, roots, &batch, &mut row)?;
    }
    Ok(())
}

fn take(rows: &mut Rows<'_>, roots: &[Root], batch: &RecordBatch, row: &mut u64) -> Result<(), PopulationError> {
    let mut parts = Vec::with_capacity(roots.len());
    for (root, array) in roots.iter().zip(batch.columns()) {
        parts.push(Part::new(rows, root.node, array.as_ref())?);
    }
    for at in 0..batch.num_rows() {
        *row += 1;
        let taken = parts.iter().try_for_each(|part| part.take(rows, at).map(|_| ()));
        rows.end(*row, taken)?;
    }
    Ok(())
}

/// A column of a batch, ready to be read row by row.
enum Part<'a> {
    Dropped,
    Leaf {
        node: usize,
        array: &'a dyn Array,
    },
    /// Each value once; the key of a row says which.
    Coded {
        node: usize,
        array: &'a dyn Array,
        values: &'a dyn Array,
        keys: Vec<usize>,
    },
    Object {
        node: usize,
        array: &'a StructArray,
        members: Vec<Part<'a>>,
    },
}

impl<'a> Part<'a> {
    fn new(rows: &mut Rows<'_>, node: usize, array: &'a dyn Array) -> Result<Self, PopulationError> {
        if rows.is_dropped(node) {
            return Ok(Part::Dropped);
        }
        if let Some(object) = array.as_struct_opt() {
            let mut members = Vec::new();
            for (field, array) in object.fields().iter().zip(object.columns()) {
                let child = rows.plan.child(node, field.name())?;
                members.push(Part::new(rows, child, array.as_ref())?);
            }
            return Ok(Part::Object { node, array: object, members });
        }
        match array.as_any_dictionary_opt() {
            // Without values all rows are null, and there is nothing that keys could point to.
            Some(coded) if !coded.values().is_empty() => {
                Ok(Part::Coded { node, array, values: coded.values().as_ref(), keys: coded.normalized_keys() })
            }
            Some(_) => Ok(Part::Dropped),
            None => Ok(Part::Leaf { node, array }),
        }
    }

    /// Puts the value of a row; whether there was one.
    fn take(&self, rows: &mut Rows<'_>, at: usize) -> Result<bool, Refused> {
        match self {
            Part::Dropped => Ok(false),
            Part::Leaf { node, array } => leaf(rows, *node, *array, at),
            Part::Coded { array, .. } if array.is_null(at) => Ok(false),
            Part::Coded { node, values, keys, .. } => match keys.get(at) {
                Some(key) if *key < values.len() => leaf(rows, *node, *values, *key),
                _ => Ok(false),
            },
            Part::Object { array, .. } if array.is_null(at) => Ok(false),
            Part::Object { node, members, .. } => {
                rows.open(*node)?;
                let mut any = false;
                for member in members {
                    any |= member.take(rows, at)?;
                }
                if !any && *node != ROOT {
                    // Rules may ask whether it exists.
                    rows.put(*node, Cell::Value(&Value::Object(Map::new())))?;
                }
                Ok(true)
            }
        }
    }
}

fn leaf(rows: &mut Rows<'_>, node: usize, array: &dyn Array, at: usize) -> Result<bool, Refused> {
    if array.is_null(at) {
        return Ok(false);
    }
    match text_at(array, at) {
        Some(Ok(text)) => rows.put(node, Cell::Written(text))?,
        Some(Err(_)) => return Err(rows.refuse(node, ProblemKind::NotUtf8)),
        None => match value_at(array, at) {
            Ok(Value::Null) if rows.is_weight(node) => {
                return Err(rows.refuse(node, ProblemKind::Weight("NaN or an infinity".to_owned())));
            }
            Ok(Value::Null) => return Ok(false),
            Ok(value @ Value::Object(_)) => rows.tree(node, &value)?,
            Ok(value) => rows.put(node, Cell::Value(&value))?,
            Err(_) => return Err(rows.refuse(node, ProblemKind::NotUtf8)),
        },
    }
    Ok(true)
}
