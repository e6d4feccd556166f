//! Column by column, on all cores: each row group of each column is a piece of work, and all are put together in order.

use super::super::column::Column;
use super::super::dictionary::{Entry, Interner};
use super::super::error::{PopulationError, Report};
use super::super::{Limits, Population, Weights};
use super::decoded;
use super::span::Shared;
use super::values::{text_at, value_at};
use crate::crew::{Crew, cores};
use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use ::parquet::basic::Encoding;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::ChunkReader;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, StringArray};
use arrow_schema::{DataType, Field, Schema};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A column of which each value is one of an attribute, or a weight.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) number: usize,
    pub(super) is_text: bool,
    pub(super) becomes: Becomes,
}

#[derive(Debug)]
pub(super) enum Becomes {
    Attribute(Vec<String>),
    Weight,
}

/// What each row takes of each column.
pub(super) const CODE_BYTES: u64 = 4;

/// Rows decoded at a time.
const BATCH: usize = 1 << 16;

/// `None` where some row has to be looked at as such: one is malformed.
pub(super) fn read<R: ChunkReader>(
    file: &Shared<R>,
    metadata: &ArrowReaderMetadata,
    columns: &[Whole],
    weight_is_named: bool,
    limits: &Limits,
) -> Result<Option<(Population, Report)>, PopulationError> {
    let groups = metadata.metadata().num_row_groups();
    let coded = coded_metadata(metadata, columns);
    let work = Work { file, metadata, coded: coded.as_ref(), taken: AtomicU64::new(0), limit: limits.bytes };
    let stop = AtomicBool::new(false);
    let found: Mutex<Vec<Found>> = Mutex::new(Vec::new());
    let crew = Crew { threads: cores(), cancel: &stop };
    // The row groups of a column one after another: what is read is used up in the order of the file.
    let each = |_: &mut (), unit: usize| {
        let (group, number) = (unit / columns.len().max(1), unit % columns.len().max(1));
        let Some(column) = columns.get(number) else { return };
        let outcome = work.piece(column, group);
        if !matches!(outcome, Ok(Some(_))) {
            stop.store(true, Ordering::Relaxed);
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).push(Found { number, group, outcome });
    };
    // Stopped by ourselves alone.
    let _ = crew.run(groups * columns.len(), || (), each, |_| {});
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|found| (found.number, found.group));
    let mut pieces: Vec<Vec<Piece>> = columns.iter().map(|_| Vec::with_capacity(groups)).collect();
    let mut is_whole = true;
    for Found { number, outcome, .. } in found {
        match (outcome?, pieces.get_mut(number)) {
            (Some(piece), Some(pieces)) => pieces.push(piece),
            (None, _) | (_, None) => is_whole = false,
        }
    }
    if !is_whole {
        return Ok(None);
    }
    let rows = usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
    Ok(put_together(rows, columns, pieces, weight_is_named))
}

/// What became of a row group of a column.
struct Found {
    number: usize,
    group: usize,
    outcome: Result<Option<Piece>, PopulationError>,
}

enum Piece {
    Values(Values),
    /// `None` where a row has none.
    Weights(Vec<Option<f64>>),
}

#[derive(Default)]
struct Values {
    codes: Vec<u32>,
    interner: Interner,
}

struct Work<'a, R> {
    file: &'a Shared<R>,
    metadata: &'a ArrowReaderMetadata,
    /// For columns whose pages hold codes of dictionaries: they are taken over as such.
    coded: Option<&'a ArrowReaderMetadata>,
    /// Bytes of memory so far.
    taken: AtomicU64,
    limit: u64,
}

/// The same with texts as codes and dictionaries.
fn coded_metadata(metadata: &ArrowReaderMetadata, columns: &[Whole]) -> Option<ArrowReaderMetadata> {
    let fields = metadata.schema().fields().iter().enumerate().map(|(number, field)| {
        if !columns.iter().any(|column| column.number == number && column.is_text) {
            return Arc::clone(field);
        }
        let coded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        Arc::new(Field::new(field.name(), coded, field.is_nullable()))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    // Where the reader does not take it, texts are read as such.
    decoded(|| ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)).ok()
}

/// Whether all pages hold codes of a dictionary.
fn is_coded(chunk: &ColumnChunkMetaData) -> bool {
    let is_one = |of: Encoding| chunk.page_encoding_stats_mask().is_some_and(|mask| mask.is_only(of));
    chunk.dictionary_page_offset().is_some() && (is_one(Encoding::RLE_DICTIONARY) || is_one(Encoding::PLAIN_DICTIONARY))
}

impl<R: ChunkReader> Work<'_, R> {
    fn piece(&self, column: &Whole, group: usize) -> Result<Option<Piece>, PopulationError> {
        let file = self.metadata.metadata();
        let leaves = || {
            let root = |leaf: &usize| self.metadata.parquet_schema().get_column_root_idx(*leaf) == column.number;
            (0..self.metadata.parquet_schema().num_columns()).filter(root)
        };
        let span = decoded(|| {
            let group = file.row_group(group);
            let ranges = leaves().map(|leaf| group.column(leaf).byte_range());
            let (start, end) = ranges.fold((u64::MAX, 0), |(start, end), (from, length)| {
                (start.min(from), end.max(from.saturating_add(length)))
            });
            self.file.span(start.min(end), end.saturating_sub(start))
        })?;
        let is_coded =
            decoded(|| Ok::<_, PopulationError>(leaves().all(|leaf| is_coded(file.row_group(group).column(leaf)))))?;
        let metadata = self.coded.filter(|_| column.is_text && is_coded).unwrap_or(self.metadata);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(span, metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [column.number]);
        let builder = builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(BATCH);
        let mut batches = decoded(|| builder.build())?;
        let mut piece = match column.becomes {
            Becomes::Attribute(_) => Piece::Values(Values::default()),
            Becomes::Weight => Piece::Weights(Vec::new()),
        };
        while let Some(batch) = decoded(|| batches.next().transpose())? {
            let Some(array) = batch.columns().first() else { return Ok(None) };
            let Some(grown) = piece.take(array.as_ref()) else { return Ok(None) };
            let taken = self.taken.fetch_add(grown, Ordering::Relaxed) + grown;
            if taken > self.limit {
                let before = file.row_groups().iter().take(group).map(|group| group.num_rows()).sum::<i64>();
                let row = u64::try_from(before).unwrap_or_default() + piece.rows() as u64;
                return Err(PopulationError::TooManyBytes { limit: self.limit, row });
            }
        }
        Ok(Some(piece))
    }
}

impl Piece {
    fn rows(&self) -> usize {
        match self {
            Piece::Values(values) => values.codes.len(),
            Piece::Weights(weights) => weights.len(),
        }
    }

    /// Takes rows; gives by how many bytes it grew. `None` where a row has to be looked at as such.
    fn take(&mut self, array: &dyn Array) -> Option<u64> {
        match self {
            Piece::Values(values) => {
                let grown = values.take(array)?;
                Some(grown + array.len() as u64 * CODE_BYTES)
            }
            Piece::Weights(weights) => {
                for at in 0..array.len() {
                    let weight = if array.is_null(at) { None } else { Some(value_at(array, at).ok()?.as_f64()?) };
                    if weight.is_some_and(|weight| !weight.is_finite() || weight < 0.0) {
                        return None;
                    }
                    weights.push(weight);
                }
                Some(array.len() as u64 * 8)
            }
        }
    }
}

impl Values {
    fn take(&mut self, array: &dyn Array) -> Option<u64> {
        if let Some(coded) = array.as_dictionary_opt::<Int32Type>()
            && let Some(texts) = coded.values().as_string_opt::<i32>()
        {
            return Some(self.take_coded(coded, texts));
        }
        match array.as_string_opt::<i32>() {
            Some(texts) => self.take_texts(texts),
            None => self.take_each(array),
        }
    }

    /// Each text of the dictionary is looked up once, where some row has it.
    fn take_coded(&mut self, coded: &DictionaryArray<Int32Type>, texts: &StringArray) -> u64 {
        let Values { codes, interner } = self;
        let mut known: Vec<u32> = vec![0; texts.len()];
        let mut grown = 0;
        let mut code = |key: Option<usize>| {
            let Some((key, known)) = key.and_then(|key| Some((key, known.get_mut(key)?))) else { return 0 };
            if *known == 0 && texts.is_valid(key) {
                let (code, more) = interner.intern(Entry::Text(texts.value(key)));
                grown += more;
                *known = code;
            }
            *known
        };
        let keys = coded.keys();
        codes.extend(keys.iter().map(|key| code(key.and_then(|key| usize::try_from(key).ok()))));
        grown
    }

    fn take_texts(&mut self, texts: &StringArray) -> Option<u64> {
        let offsets = texts.value_offsets();
        let (first, last) = (*offsets.first()?, *offsets.last()?);
        if texts.null_count() == 0 {
            let at = |offset: i32| usize::try_from(offset - first).unwrap_or_default();
            let bytes = texts.value_data().get(usize::try_from(first).ok()?..usize::try_from(last).ok()?)?;
            let text = std::str::from_utf8(bytes).ok()?;
            if let Some((code, grown)) = self.interner.add_all(text, offsets.iter().skip(1).map(|end| at(*end))) {
                self.codes.extend((code..).take(texts.len()));
                return Some(grown);
            }
        }
        let mut grown = 0;
        for text in texts {
            let code = text.map_or(0, |text| {
                let (code, more) = self.interner.add(text);
                grown += more;
                code
            });
            self.codes.push(code);
        }
        Some(grown)
    }

    fn take_each(&mut self, array: &dyn Array) -> Option<u64> {
        let mut grown = 0;
        for at in 0..array.len() {
            let (code, more) = if array.is_null(at) {
                (0, 0)
            } else if let Some(text) = text_at(array, at) {
                self.interner.add(text.ok()?)
            } else {
                match value_at(array, at).ok()? {
                    // Not a number, or an infinity.
                    Value::Null => (0, 0),
                    Value::String(text) => self.interner.add(&text),
                    value => self.interner.intern_value(&value),
                }
            };
            self.codes.push(code);
            grown += more;
        }
        Some(grown)
    }
}

/// All pieces of all columns as a population. `None` where weights have to be looked at row by row.
fn put_together(
    rows: usize,
    columns: &[Whole],
    pieces: Vec<Vec<Piece>>,
    weight_is_named: bool,
) -> Option<(Population, Report)> {
    if pieces.iter().any(|pieces| pieces.iter().map(Piece::rows).sum::<usize>() != rows) {
        return None;
    }
    let mut made = Vec::with_capacity(columns.len());
    let mut weights: Option<Vec<Option<f64>>> = None;
    for (column, pieces) in columns.iter().zip(pieces) {
        match &column.becomes {
            Becomes::Attribute(path) => made.extend(joined(path.clone(), rows, pieces)),
            Becomes::Weight => {
                let each = pieces.into_iter().filter_map(|piece| match piece {
                    Piece::Weights(weights) => Some(weights),
                    Piece::Values(_) => None,
                });
                weights = Some(each.flatten().collect());
            }
        }
    }
    let mut report = Report { rows: rows as u64, ..Report::default() };
    #[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
    let (mut of_rows, mut total) = (Weights::Even, rows as f64);
    if let Some(weights) = weights.filter(|weights| weights.iter().any(Option::is_some)) {
        let lack = weights.iter().filter(|weight| weight.is_none()).count();
        if lack > 0 && weight_is_named {
            return None;
        }
        report.without_weight = lack as u64;
        let weights: Vec<f64> = weights.into_iter().map(|weight| weight.unwrap_or(1.0)).collect();
        total = weights.iter().fold(0.0, |total, weight| total + weight);
        if !total.is_finite() {
            return None;
        }
        #[expect(clippy::float_cmp, reason = "exactly 1 is what needs no place of its own")]
        if weights.iter().any(|weight| *weight != 1.0) {
            of_rows = Weights::Each(weights);
        }
    } else if weight_is_named && rows > 0 {
        return None;
    }
    Some((Population { rows, columns: made, weights: of_rows, total, sampled: None }, report))
}

/// One column; `None` where no row has anything.
fn joined(path: Vec<String>, rows: usize, pieces: Vec<Piece>) -> Option<Arc<Column>> {
    let mut all = Values { codes: Vec::with_capacity(rows), interner: Interner::default() };
    for (number, piece) in pieces.into_iter().enumerate() {
        let Piece::Values(Values { codes, interner }) = piece else { continue };
        if number == 0 {
            all.interner = interner;
            all.codes.extend(codes);
        } else {
            let joined = all.interner.join(&interner.finish());
            all.codes.extend(codes.into_iter().map(|code| joined.code(code)));
        }
    }
    let any = all.codes.iter().any(|code| *code != 0);
    any.then(|| Arc::new(Column::new(path, all.codes, all.interner.finish())))
}
