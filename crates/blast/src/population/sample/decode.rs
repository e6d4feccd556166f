use super::encode::width;
use super::{MAGIC, is_leaf};
use crate::population::dictionary::{Entry, Interner};
use crate::population::{Column, Limits, Population, PopulationError, Sampled, Weights};
use crate::strict_json::DEPTH_LIMIT;
use downhaul_core::bucket::murmur3_x86_32;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Population {
    /// Reads what [`Population::to_sample_bytes`] wrote, and checks all of it.
    ///
    /// # Errors
    /// Where the bytes are none such, or hold more than the limits allow.
    pub fn from_sample_bytes(bytes: &[u8], limits: &Limits) -> Result<Population, PopulationError> {
        if bytes.len() as u64 > limits.bytes {
            return Err(PopulationError::TooManyBytes { limit: limits.bytes, row: 0 });
        }
        let body = bytes.strip_prefix(&MAGIC).ok_or(refused("it does not begin as one does"))?;
        let (checksum, body) = body.split_first_chunk().ok_or(CUT_SHORT)?;
        if u32::from_le_bytes(*checksum) != murmur3_x86_32(body, 0) {
            return Err(refused("it was damaged on its way"));
        }
        let mut reader = Reader { bytes: body };
        let rows = reader.number()?;
        if rows > limits.rows.min(u64::from(u32::MAX) - 1) {
            return Err(PopulationError::TooManyRows { limit: limits.rows });
        }
        let rows = usize::try_from(rows).map_err(|_| CUT_SHORT)?;
        let sampled = match reader.byte()? {
            0 => None,
            1 => Some(Sampled { rows: reader.number()?, weight: reader.double()? }),
            _ => return Err(MALFORMED),
        };
        if sampled.is_some_and(|sampled| !sampled.weight.is_finite() || sampled.weight < 0.0) {
            return Err(MALFORMED);
        }
        let weights = match reader.byte()? {
            0 => Weights::Even,
            1 => Weights::Each(reader.weights(rows)?),
            _ => return Err(MALFORMED),
        };
        #[expect(clippy::cast_precision_loss, reason = "below 2^32")]
        let total = match &weights {
            Weights::Even => rows as f64,
            Weights::Each(weights) => weights.iter().sum(),
        };
        if !total.is_finite() {
            return Err(MALFORMED);
        }
        let count = reader.number()?;
        if count > limits.columns as u64 {
            let column = "?".to_owned();
            return Err(PopulationError::TooManyColumns { limit: limits.columns, column });
        }
        let mut columns = Vec::new();
        for _ in 0..count {
            columns.push(Arc::new(reader.column(rows)?));
        }
        if !reader.bytes.is_empty() || !is_sound(&columns) {
            return Err(MALFORMED);
        }
        Ok(Population { rows, columns, weights, total, sampled })
    }
}

const fn refused(why: &'static str) -> PopulationError {
    PopulationError::Sample(why)
}

const CUT_SHORT: PopulationError = refused("it is cut short");
const MALFORMED: PopulationError = refused("a part of it is not what it should be");

/// Whether no path stands twice, and no row has a value both at a path and below it.
fn is_sound(columns: &[Arc<Column>]) -> bool {
    let paths: BTreeSet<&[String]> = columns.iter().map(|column| column.path()).collect();
    if paths.len() != columns.len() {
        return false;
    }
    let clash = |outer: &Column, inner: &Column| {
        inner.path().starts_with(outer.path())
            && outer.codes().iter().zip(inner.codes()).any(|(outer, inner)| *outer != 0 && *inner != 0)
    };
    // Paths that begin alike stand together.
    let mut sorted: Vec<&Column> = columns.iter().map(Arc::as_ref).collect();
    sorted.sort_by_key(|column| column.path());
    sorted.iter().enumerate().all(|(at, outer)| {
        let inner = sorted.iter().skip(at + 1).take_while(|inner| inner.path().starts_with(outer.path()));
        !inner.into_iter().any(|inner| clash(outer, inner))
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PopulationError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(CUT_SHORT)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, PopulationError> {
        let (byte, rest) = self.bytes.split_first().ok_or(CUT_SHORT)?;
        self.bytes = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64, PopulationError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(MALFORMED);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(MALFORMED)
    }

    /// How many things follow, each of which takes a byte at least.
    fn count(&mut self) -> Result<usize, PopulationError> {
        let count = usize::try_from(self.number()?).map_err(|_| CUT_SHORT)?;
        if count > self.bytes.len() { Err(CUT_SHORT) } else { Ok(count) }
    }

    fn double(&mut self) -> Result<f64, PopulationError> {
        let (bytes, rest) = self.bytes.split_first_chunk().ok_or(CUT_SHORT)?;
        self.bytes = rest;
        Ok(f64::from_le_bytes(*bytes))
    }

    fn text(&mut self, length: usize) -> Result<&'a str, PopulationError> {
        str::from_utf8(self.take(length)?).map_err(|_| refused("a text of it is not UTF-8"))
    }

    fn codes(&mut self, rows: usize, greatest: usize) -> Result<Vec<u32>, PopulationError> {
        let width = width(greatest);
        let bytes = self.take(rows.checked_mul(width).ok_or(CUT_SHORT)?)?;
        let codes = bytes.chunks(width);
        let codes: Vec<u32> =
            codes.map(|code| code.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))).collect();
        if codes.iter().any(|code| *code as usize > greatest) { Err(MALFORMED) } else { Ok(codes) }
    }

    fn weights(&mut self, rows: usize) -> Result<Vec<f64>, PopulationError> {
        let count = self.count()?;
        let mut known = Vec::new();
        for _ in 0..count {
            let weight = self.double()?;
            if !weight.is_finite() || weight < 0.0 {
                return Err(MALFORMED);
            }
            known.push(weight);
        }
        let codes = self.codes(rows, count.saturating_sub(1))?;
        codes.iter().map(|code| known.get(*code as usize).copied().ok_or(MALFORMED)).collect()
    }

    fn column(&mut self, rows: usize) -> Result<Column, PopulationError> {
        let keys = self.count()?;
        // Contexts are nested no deeper, the context itself being level 1.
        if keys == 0 || keys > DEPTH_LIMIT {
            return Err(MALFORMED);
        }
        let mut path = Vec::new();
        for _ in 0..keys {
            let length = self.count()?;
            path.push(self.text(length)?.to_owned());
        }
        let count = self.count()?;
        let mut interner = Interner::default();
        for _ in 0..count {
            let head = self.number()?;
            let text = self.text(usize::try_from(head >> 1).map_err(|_| CUT_SHORT)?)?;
            let entry = if head & 1 == 0 { Entry::Text(text) } else { Entry::Json(text) };
            if let Entry::Json(text) = entry {
                let value: Value = serde_json::from_str(text).map_err(|_| MALFORMED)?;
                let written = value.to_string();
                if !is_leaf(&value) || written != text {
                    return Err(MALFORMED);
                }
            }
            let (_, grown) = interner.intern(entry);
            if grown == 0 {
                // It stands there twice.
                return Err(MALFORMED);
            }
        }
        let codes = self.codes(rows, count)?;
        Ok(Column::new(path, codes, interner.finish()))
    }
}
