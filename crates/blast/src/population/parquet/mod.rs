//! Parquet, by way of Arrow.

mod values;

use super::builder::Refused;
use super::error::{PopulationError, ProblemKind, Report};
use super::plan::ROOT;
use super::rows::{Cell, Rows};
use super::{ChunkReader, Limits, Mapping, Population};
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Field};
use serde_json::{Map, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use values::{is_supported, text_at, value_at};

impl Population {
    /// Reads Parquet: compressed by Snappy, Zstandard, LZ4 or gzip or not at all, of any nesting. Null is absent, a time
    /// is its milliseconds since 1970.
    ///
    /// # Errors
    /// See [`PopulationError`]; a malformed row is one only where [`Limits::malformed_rows`] says so.
    pub fn from_parquet<R: ChunkReader + 'static>(
        file: R,
        mapping: &Mapping,
        limits: &Limits,
    ) -> Result<(Population, Report), PopulationError> {
        let mut rows = Rows::new(mapping, limits)?;
        let builder = decoded(|| ParquetRecordBatchReaderBuilder::try_new(file))?;
        let schema = builder.schema().clone();
        let mut roots = Vec::new();
        for (root, field) in schema.fields().iter().enumerate() {
            let node = rows.plan.header(field.name(), &[field.name()])?;
            if rows.is_dropped(node) {
                continue;
            }
            if let Some((column, found)) = plan_within(&mut rows, node, field)? {
                return Err(PopulationError::UnsupportedType { column, found });
            }
            roots.push((root, node));
        }
        if let Some((first, second, attribute)) = rows.plan.same_attribute() {
            return Err(PopulationError::SameAttribute { attribute, first, second });
        }
        rows.plan.finish()?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().map(|(root, _)| *root));
        let mut batches = decoded(|| builder.with_projection(mask).with_batch_size(BATCH).build())?;
        let mut row = 0u64;
        while let Some(batch) = decoded(|| batches.next().transpose())? {
            take(&mut rows, &roots, &batch, &mut row)?;
        }
        rows.finish()
    }
}

/// Rows decoded at a time.
const BATCH: usize = 8192;

/// The decoder's own checks do not reach everywhere: in a damaged file some places end in a panic, which is told as what
/// it is.
fn decoded<T, E: std::fmt::Display>(decode: impl FnOnce() -> Result<T, E>) -> Result<T, PopulationError> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => Ok(decoded),
        Ok(Err(error)) => Err(PopulationError::Parquet(error.to_string())),
        Err(_) => Err(PopulationError::Parquet("it is damaged".to_owned())),
    }
}

/// Makes the nodes of what is nested, and finds a column of a type that no attribute has.
fn plan_within(rows: &mut Rows<'_>, node: usize, field: &Field) -> Result<Option<(String, String)>, PopulationError> {
    if rows.is_dropped(node) {
        return Ok(None);
    }
    if let DataType::Struct(fields) = field.data_type() {
        for field in fields {
            let child = rows.plan.child(node, field.name())?;
            if let Some(found) = plan_within(rows, child, field)? {
                return Ok(Some(found));
            }
        }
        return Ok(None);
    }
    let source = rows.plan.node(node).map(|node| node.source.clone()).unwrap_or_default();
    Ok((!is_supported(field.data_type())).then(|| (source, field.data_type().to_string())))
}

fn take(
    rows: &mut Rows<'_>,
    roots: &[(usize, usize)],
    batch: &RecordBatch,
    row: &mut u64,
) -> Result<(), PopulationError> {
    let mut parts = Vec::with_capacity(roots.len());
    for ((_, node), array) in roots.iter().zip(batch.columns()) {
        parts.push(Part::new(rows, *node, array.as_ref())?);
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
