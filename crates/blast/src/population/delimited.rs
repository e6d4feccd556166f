//! CSV: a line of names, then one context a record.

use super::builder::Refused;
use super::error::{PopulationError, ProblemKind, Report};
use super::rows::{Cell, Rows};
use super::{Limits, Mapping, Population};
use csv::{ByteRecord, ReaderBuilder};
use std::cell::Cell as Counter;
use std::io::{self, Read};
use std::rc::Rc;

impl Population {
    /// Reads CSV whose first line names the columns. An empty cell is absent, any other is a text unless the mapping
    /// declares its column as something else. A name with dots is the path to something nested.
    ///
    /// # Errors
    /// See [`PopulationError`]; a malformed record is one only where [`Limits::malformed_rows`] says so.
    pub fn from_csv(
        reader: impl Read,
        mapping: &Mapping,
        limits: &Limits,
    ) -> Result<(Population, Report), PopulationError> {
        let mut rows = Rows::new(mapping, limits)?;
        let read = Rc::new(Counter::new(0));
        let bounded = Bounded { reader, read: Rc::clone(&read), limit: limits.line_bytes.saturating_add(BUFFER) };
        let mut records = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(mapping)?)
            .buffer_capacity(BUFFER)
            .from_reader(bounded);
        let mut record = ByteRecord::new();
        if !next(&mut records, &mut record, limits)? {
            return Err(PopulationError::NoHeader);
        }
        let nodes = header(&mut rows, &record)?;
        loop {
            read.set(0);
            if !next(&mut records, &mut record, limits)? {
                break;
            }
            let line = record.position().map_or(0, csv::Position::line);
            let taken = take(&mut rows, &nodes, &record);
            rows.end(line, taken)?;
        }
        rows.finish()
    }
}

const BUFFER: usize = 1 << 16;

fn delimiter(mapping: &Mapping) -> Result<u8, PopulationError> {
    let Some(given) = mapping.delimiter else { return Ok(b',') };
    match u8::try_from(given) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => Err(PopulationError::Delimiter(given)),
    }
}

fn next<R: Read>(
    records: &mut csv::Reader<R>,
    record: &mut ByteRecord,
    limits: &Limits,
) -> Result<bool, PopulationError> {
    records.read_byte_record(record).map_err(|error| {
        let line = records.position().line();
        match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let kind = ProblemKind::TooLong { limit: limits.line_bytes };
                PopulationError::Malformed { problem: super::Problem { row: line, column: None, kind }, before: 0 }
            }
            csv::ErrorKind::Io(error) => PopulationError::Read(error),
            // Neither lengths nor UTF-8 are looked at by the reader of bytes.
            other => PopulationError::Read(io::Error::new(io::ErrorKind::InvalidData, format!("{other:?}"))),
        }
    })
}

/// The nodes of the columns, by field; what has no name is no attribute.
fn header(rows: &mut Rows<'_>, record: &ByteRecord) -> Result<Vec<Option<usize>>, PopulationError> {
    let mut names = Vec::new();
    for field in record {
        let Ok(name) = std::str::from_utf8(field) else {
            let kind = ProblemKind::NotUtf8;
            return Err(PopulationError::Malformed {
                problem: super::Problem { row: 1, column: None, kind },
                before: 0,
            });
        };
        names.push(name.trim());
    }
    if names.iter().all(|name| name.is_empty()) {
        return Err(PopulationError::NoHeader);
    }
    let mut nodes = Vec::with_capacity(names.len());
    for name in &names {
        if name.is_empty() {
            nodes.push(None);
            continue;
        }
        let mut path: Vec<&str> = name.split('.').collect();
        // `app` beside `app.version` cannot be an object: then the name with its dots is the attribute.
        let within = |other: &&str| name.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
        let around = |other: &&str| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        if path.iter().any(|key| key.is_empty())
            || names.iter().any(|other| !other.is_empty() && (within(other) || around(other)))
        {
            path = vec![name];
        }
        nodes.push(Some(rows.plan.header(name, &path)?));
    }
    if let Some((first, second, attribute)) = rows.plan.same_attribute() {
        return Err(PopulationError::SameAttribute { attribute, first, second });
    }
    rows.plan.finish()?;
    Ok(nodes)
}

fn take(rows: &mut Rows<'_>, nodes: &[Option<usize>], record: &ByteRecord) -> Result<(), Refused> {
    let (found, expected) = (record.len(), nodes.len());
    if found != expected {
        return Err(Refused::Row(None, ProblemKind::Fields { found, expected }));
    }
    let length: usize = record.as_slice().len();
    if length > rows.limits.line_bytes {
        return Err(Refused::Row(None, ProblemKind::TooLong { limit: rows.limits.line_bytes }));
    }
    for (node, field) in nodes.iter().zip(record) {
        let Some(node) = node else { continue };
        let Ok(text) = std::str::from_utf8(field) else {
            return Err(rows.refuse(*node, ProblemKind::NotUtf8));
        };
        if !text.is_empty() {
            rows.put(*node, Cell::Written(text))?;
        }
    }
    Ok(())
}

/// Fails where more is read for one record than a record may have: a quote that is never closed would take all memory.
struct Bounded<R> {
    reader: R,
    read: Rc<Counter<usize>>,
    limit: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.get() > self.limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let count = self.reader.read(buffer)?;
        self.read.set(self.read.get() + count);
        Ok(count)
    }
}
