//! The different values of a column.

use hashbrown::{DefaultHashBuilder, HashTable};
use serde_json::Value;
use std::fmt::Write as _;
use std::hash::BuildHasher;

/// Values; the first has code 1, and code 0 stands for absent.
///
/// Each stands once, unless there are so many that finding that out would take longer than anything else:
/// see [`Dictionary::repeats`]. Texts lie one after another in one piece of memory: there may be as many as rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dictionary {
    text: String,
    /// For each value the end of its text, doubled, and 1 more where the text is JSON.
    ends: Vec<u64>,
    repeats: bool,
}

/// A value as it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    Text(&'a str),
    /// The JSON text of null, a boolean, a number, a list or an empty object.
    Json(&'a str),
}

impl<'a> Entry<'a> {
    /// As it is held.
    pub fn text(self) -> &'a str {
        let (Entry::Text(text) | Entry::Json(text)) = self;
        text
    }

    pub fn value(self) -> Value {
        match self {
            Entry::Text(text) => Value::from(text),
            // It was written by us, or looked at when the sample was read.
            Entry::Json(json) => serde_json::from_str(json).unwrap_or_default(),
        }
    }
}

impl Dictionary {
    /// How many values there are; the greatest code.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether a value may stand more than once.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// The value of a code; `None` for 0 and for codes beyond the last.
    pub fn entry(&self, code: u32) -> Option<Entry<'_>> {
        let at = (code as usize).checked_sub(1)?;
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end >> 1);
        let text = self.text.get(offset(start)..offset(end >> 1))?;
        Some(if end & 1 == 0 { Entry::Text(text) } else { Entry::Json(text) })
    }

    /// As [`Dictionary::entry`], as JSON.
    pub fn value(&self, code: u32) -> Option<Value> {
        self.entry(code).map(Entry::value)
    }

    fn push(&mut self, entry: Entry<'_>) {
        let (text, json) = match entry {
            Entry::Text(text) => (text, 0),
            Entry::Json(text) => (text, 1),
        };
        self.text.push_str(text);
        self.ends.push((self.text.len() as u64) << 1 | json);
    }
}

/// An offset into a text that is in memory.
#[expect(clippy::cast_possible_truncation, reason = "no text in memory is longer than usize")]
fn offset(value: u64) -> usize {
    value as usize
}

/// A dictionary as it grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interner {
    dictionary: Dictionary,
    /// How many texts [`Interner::add`] was asked for.
    #[cfg(feature = "files")]
    added: u64,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    scratch: String,
}

/// What a value costs besides its text: its end, and its place in the index.
const ENTRY_BYTES: u64 = 16;
#[cfg(feature = "files")]
const END_BYTES: u64 = 8;

/// So many texts are looked up before it is judged whether that is of use.
#[cfg(feature = "files")]
const LOOKED_UP: u64 = 1 << 16;

/// What became of the codes of another dictionary.
#[cfg(feature = "files")]
#[derive(Debug)]
pub(crate) enum Joined {
    /// Each is greater by so much.
    Shifted(u32),
    /// By code.
    Each(Vec<u32>),
}

#[cfg(feature = "files")]
impl Joined {
    pub(crate) fn code(&self, code: u32) -> u32 {
        match self {
            Joined::Shifted(_) if code == 0 => 0,
            Joined::Shifted(by) => code.saturating_add(*by),
            Joined::Each(codes) => codes.get(code as usize).copied().unwrap_or(0),
        }
    }
}

impl Interner {
    /// The code of a value, and by how many bytes the dictionary grew.
    pub(crate) fn intern(&mut self, entry: Entry<'_>) -> (u32, u64) {
        let Interner { dictionary, index, hasher, .. } = self;
        let hash = |entry: Entry<'_>| match entry {
            Entry::Text(text) => hasher.hash_one(text),
            Entry::Json(text) => !hasher.hash_one(text),
        };
        let own = hash(entry);
        if let Some(code) = index.find(own, |code| dictionary.entry(*code) == Some(entry)) {
            return (*code, 0);
        }
        dictionary.push(entry);
        // Rows are counted in 32 bits, and a row has at most one value of a column.
        let code = u32::try_from(dictionary.len()).unwrap_or(u32::MAX);
        index.insert_unique(own, code, |code| dictionary.entry(*code).map_or(0, hash));
        let (Entry::Text(text) | Entry::Json(text)) = entry;
        (code, text.len() as u64 + ENTRY_BYTES)
    }

    /// As [`Interner::intern`]. A non-empty object is no leaf; it is held as JSON all the same.
    pub(crate) fn intern_value(&mut self, value: &Value) -> (u32, u64) {
        if let Value::String(text) = value {
            return self.intern(Entry::Text(text));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        // Writing into memory cannot fail.
        let _ = write!(scratch, "{value}");
        let interned = self.intern(Entry::Json(&scratch));
        self.scratch = scratch;
        interned
    }

    pub(crate) fn finish(self) -> Dictionary {
        let mut dictionary = self.dictionary;
        dictionary.text.shrink_to_fit();
        dictionary.ends.shrink_to_fit();
        dictionary
    }
}

/// Of many texts at once, as files hold them.
#[cfg(feature = "files")]
impl Interner {
    /// As [`Interner::intern`], of one text of many: where most of them are new, such as ids, they are no longer looked up.
    pub(crate) fn add(&mut self, text: &str) -> (u32, u64) {
        if self.dictionary.repeats {
            self.dictionary.push(Entry::Text(text));
            let code = u32::try_from(self.dictionary.len()).unwrap_or(u32::MAX);
            return (code, text.len() as u64 + END_BYTES);
        }
        let added = self.intern(Entry::Text(text));
        self.added += 1;
        if self.added >= LOOKED_UP && self.added.is_power_of_two() && self.dictionary.len() as u64 > self.added / 2 {
            self.dictionary.repeats = true;
            self.index = HashTable::new();
        }
        added
    }

    /// Adds texts that lie one after another, each to where it ends, if they need not be looked up; gives the code of
    /// the first, and by how many bytes the dictionary grew.
    pub(crate) fn add_all(&mut self, text: &str, ends: impl Iterator<Item = usize>) -> Option<(u32, u64)> {
        let dictionary = &mut self.dictionary;
        if !dictionary.repeats {
            return None;
        }
        let (start, first) = (dictionary.text.len(), dictionary.ends.len());
        dictionary.text.push_str(text);
        dictionary.ends.extend(ends.map(|end| ((start + end) as u64) << 1));
        let grown = text.len() as u64 + (dictionary.ends.len() - first) as u64 * END_BYTES;
        Some((u32::try_from(first + 1).unwrap_or(u32::MAX), grown))
    }

    /// Adds the values of another dictionary. Gives for each of its codes the one here.
    pub(crate) fn join(&mut self, other: &Dictionary) -> Joined {
        let dictionary = &mut self.dictionary;
        if dictionary.repeats || other.repeats {
            dictionary.repeats = true;
            self.index = HashTable::new();
            let (start, shift) = (dictionary.text.len() as u64, dictionary.ends.len());
            dictionary.text.push_str(&other.text);
            dictionary.ends.extend(other.ends.iter().map(|end| end + (start << 1)));
            return Joined::Shifted(u32::try_from(shift).unwrap_or(u32::MAX));
        }
        let entries = (1..).map_while(|code| other.entry(code));
        let codes = entries.map(|entry| match entry {
            Entry::Text(text) => self.add(text).0,
            json @ Entry::Json(_) => self.intern(json).0,
        });
        Joined::Each(std::iter::once(0).chain(codes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_value_has_one_code_and_comes_back() {
        let mut interner = Interner::default();
        let values =
            [json!("1"), json!(1), json!(1.0), json!(null), json!("null"), json!([1, "a"]), json!({}), json!("")];
        let codes: Vec<u32> = values.iter().map(|value| interner.intern_value(value).0).collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(interner.intern_value(&json!("null")), (5, 0));
        let dictionary = interner.finish();
        for (code, value) in (1..).zip(&values) {
            assert_eq!(dictionary.value(code).as_ref(), Some(value));
        }
        assert_eq!(dictionary.entry(0), None);
        assert_eq!(dictionary.entry(9), None);
    }

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let mut interner = Interner::default();
        for value in [json!(-0.0), json!(0.1), json!(1e300), json!(5e-324), json!(u64::MAX), json!(i64::MIN)] {
            let (code, _) = interner.intern_value(&value);
            let back = interner.dictionary.value(code).unwrap();
            assert_eq!(back, value);
            assert_eq!(back.as_f64().map(f64::to_bits), value.as_f64().map(f64::to_bits), "{value}");
        }
    }
}
