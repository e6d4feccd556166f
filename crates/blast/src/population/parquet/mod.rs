//! Parquet, by way of Arrow.
//!
//! Columns are decoded on all cores, each row group of each apart (`by_column`). Where what a row holds matters, as where
//! one is malformed or something is nested, all is read row by row (`by_row`); both give the same.

mod by_column;
mod by_row;
mod span;
mod values;

use super::error::{PopulationError, Report};
use super::plan::Place;
use super::rows::Rows;
use super::{ChunkReader, ColumnType, Limits, Mapping, Population};
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use arrow_schema::{DataType, Field};
use span::Shared;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use values::is_supported;

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
        let file = Shared::new(file);
        let mut rows = Rows::new(mapping, limits)?;
        let metadata = decoded(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()))?;
        let mut roots = Vec::new();
        for (number, field) in metadata.schema().fields().iter().enumerate() {
            let node = rows.plan.header(field.name(), &[field.name()])?;
            if rows.is_dropped(node) {
                continue;
            }
            if let Some((column, found)) = plan_within(&mut rows, node, field)? {
                return Err(PopulationError::UnsupportedType { column, found });
            }
            roots.push(Root { number, node });
        }
        if let Some((first, second, attribute)) = rows.plan.same_attribute() {
            return Err(PopulationError::SameAttribute { attribute, first, second });
        }
        rows.plan.finish()?;
        check_size(&metadata, roots.len(), limits)?;
        let whole: Option<Vec<by_column::Whole>> =
            roots.iter().map(|root| whole(&rows, *root, metadata.schema().field(root.number))).collect();
        if let Some(columns) = whole
            && let Some(read) = by_column::read(&file, &metadata, &columns, rows.plan.weight_is_named(), limits)?
        {
            return Ok(read);
        }
        by_row::read(file, metadata, &roots, &mut rows)?;
        rows.finish()
    }
}

/// A column of the file that is no part of another.
#[derive(Debug, Clone, Copy)]
struct Root {
    /// Among all of them.
    number: usize,
    /// In the plan.
    node: usize,
}

/// Refuses at once what the file itself says to be too much.
fn check_size(metadata: &ArrowReaderMetadata, columns: usize, limits: &Limits) -> Result<(), PopulationError> {
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
    if rows > limits.rows {
        return Err(PopulationError::TooManyRows { limit: limits.rows });
    }
    let row = by_column::CODE_BYTES.saturating_mul(columns as u64);
    if rows.saturating_mul(row) > limits.bytes {
        let row = limits.bytes.checked_div(row).unwrap_or_default();
        return Err(PopulationError::TooManyBytes { limit: limits.bytes, row });
    }
    Ok(())
}

/// What a column becomes, if all its values do alike.
fn whole(rows: &Rows<'_>, root: Root, field: &Field) -> Option<by_column::Whole> {
    let node = rows.plan.node(root.node)?;
    let of = field.data_type();
    let is_text = matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let becomes = match &node.place {
        Place::Attribute { path, .. } => match (of, node.declared) {
            // Apart into what lies within.
            (DataType::Struct(_) | DataType::Map(..), _) => return None,
            (_, None) => by_column::Becomes::Attribute(path.clone()),
            (_, Some(ColumnType::Text)) if is_text => by_column::Becomes::Attribute(path.clone()),
            (_, Some(_)) => return None,
        },
        Place::Weight if of.is_numeric() => by_column::Becomes::Weight,
        Place::Weight | Place::Dropped { .. } => return None,
    };
    Some(by_column::Whole { number: root.number, is_text, becomes })
}

thread_local! {
    static IS_DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread decodes Parquet. A panic is then told as a damaged file, and nothing that a panic hook need print.
pub fn is_decoding() -> bool {
    IS_DECODING.get()
}

/// The decoder's own checks do not reach everywhere: in a damaged file some places end in a panic, which is told as what
/// it is.
fn decoded<T, E: std::fmt::Display>(decode: impl FnOnce() -> Result<T, E>) -> Result<T, PopulationError> {
    let was_decoding = IS_DECODING.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    IS_DECODING.set(was_decoding);
    match decoded {
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
