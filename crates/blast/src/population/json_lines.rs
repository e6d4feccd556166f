//! JSON lines: one context a line.

use super::builder::Refused;
use super::error::{PopulationError, ProblemKind, Report};
use super::plan::ROOT;
use super::rows::{Cell, Rows};
use super::{Limits, Mapping, Population};
use crate::strict_json::{Checked, DEEP, DEPTH_LIMIT, DUPLICATE, kind};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use std::io::{BufRead, BufReader, Read};

impl Population {
    /// Reads one context a line; blank lines are none. Columns go by their key, nested ones by a dotted path.
    ///
    /// # Errors
    /// See [`PopulationError`]; a malformed line is one only where [`Limits::malformed_rows`] says so.
    pub fn from_json_lines(
        reader: impl Read,
        mapping: &Mapping,
        limits: &Limits,
    ) -> Result<(Population, Report), PopulationError> {
        let mut rows = Rows::new(mapping, limits)?;
        let mut lines =
            Lines { reader: BufReader::with_capacity(1 << 18, reader), limit: limits.line_bytes, number: 0 };
        let mut line = Vec::new();
        while let Some(length) = lines.next(&mut line)? {
            let read = match length {
                Length::Fits if line.iter().all(u8::is_ascii_whitespace) => continue,
                Length::Fits => read_line(&line, &mut rows),
                Length::Beyond => Err(Refused::Row(None, ProblemKind::TooLong { limit: limits.line_bytes })),
            };
            rows.end(lines.number, read)?;
        }
        rows.finish()
    }
}

struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
    /// Of the last line given, from 1.
    number: u64,
}

enum Length {
    Fits,
    Beyond,
}

impl<R: Read> Lines<R> {
    /// Reads a line without its end; no more of it than the limit is held. `None` at the end.
    fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<Length>, PopulationError> {
        line.clear();
        let most = (self.limit as u64).saturating_add(1);
        if self.reader.by_ref().take(most).read_until(b'\n', line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() > self.limit {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Length::Beyond));
        }
        if self.number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Some(Length::Fits))
    }
}

/// Some programs begin UTF-8 files with it.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

fn read_line(line: &[u8], rows: &mut Rows<'_>) -> Result<(), Refused> {
    let Ok(text) = std::str::from_utf8(line) else {
        return Err(Refused::Row(None, ProblemKind::NotUtf8));
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    // Levels are counted here, so that the limit is the one that is documented.
    let mut refused = None;
    let read = Part { rows, refused: &mut refused, node: ROOT, level: 1 }.deserialize(&mut reader);
    match (refused, read.and_then(|()| reader.end())) {
        (Some(refused), _) => Err(refused),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Refused::Row(None, described(&error))),
    }
}

/// Without the line, which is always the first.
fn described(error: &serde_json::Error) -> ProblemKind {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    match text {
        DEEP => ProblemKind::TooDeep,
        _ if text.starts_with(DUPLICATE) => ProblemKind::Twice,
        _ => ProblemKind::NotJson(format!("{text} at column {}", error.column())),
    }
}

/// Reads what stands at a node into the row, without making a value of it first.
struct Part<'r, 'a> {
    rows: &'r mut Rows<'a>,
    /// Why reading ended, where JSON is not to blame.
    refused: &'r mut Option<Refused>,
    node: usize,
    level: usize,
}

impl Part<'_, '_> {
    fn put<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        if self.node == ROOT {
            let found = match cell {
                Cell::Written(_) | Cell::Text(_) => "a text",
                Cell::Value(value) => kind(value),
            };
            *self.refused = Some(Refused::Row(None, ProblemKind::NotAnObject(found)));
            return Err(E::custom("refused"));
        }
        let done = self.rows.put(self.node, cell);
        done.map_err(|refused| {
            *self.refused = Some(refused);
            E::custom("refused")
        })
    }

    fn too_deep<E: Error>(&mut self) -> Result<(), E> {
        if self.level <= DEPTH_LIMIT {
            return Ok(());
        }
        *self.refused = Some(self.rows.refuse(self.node, ProblemKind::TooDeep));
        Err(E::custom("refused"))
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Cell::Value(&Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(Cell::Value(&Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(Cell::Value(&Value::from(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(Cell::Value(&Value::from(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(Cell::Value(&Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(Cell::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.too_deep()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Checked { level: self.level + 1 })? {
            list.push(item);
        }
        self.put(Cell::Value(&Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.too_deep()?;
        if self.rows.is_dropped(self.node) {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        if let Err(refused) = self.rows.open(self.node) {
            *self.refused = Some(refused);
            return Err(A::Error::custom("refused"));
        }
        let mut is_empty = true;
        while let Some(node) =
            members.next_key_seed(Key { rows: &mut *self.rows, refused: &mut *self.refused, parent: self.node })?
        {
            is_empty = false;
            let rows = &mut *self.rows;
            members.next_value_seed(Part { rows, refused: &mut *self.refused, node, level: self.level + 1 })?;
        }
        if is_empty && self.node != ROOT { self.put(Cell::Value(&Value::Object(Map::new()))) } else { Ok(()) }
    }
}

/// Reads a key and gives its node.
struct Key<'r, 'a> {
    rows: &'r mut Rows<'a>,
    refused: &'r mut Option<Refused>,
    parent: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<usize, E> {
        self.rows.member(self.parent, key).map_err(|refused| {
            *self.refused = Some(refused);
            E::custom("refused")
        })
    }
}
