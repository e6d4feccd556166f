//! From a context as JSON to slots.

use crate::bucket::murmur3_x86_32;
use crate::context::{Prepared, Slot};
use crate::kills::Loaded;
use crate::program::{SlotRecord, word};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What a context has for a name.
#[derive(Debug, Clone)]
pub enum Given<'a> {
    Text(&'a str),
    Value(Cow<'a, Value>),
}

impl<'a> From<&'a Value> for Given<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::String(text) => Given::Text(text),
            value => Given::Value(Cow::Borrowed(value)),
        }
    }
}

/// A context, ready for evaluation.
pub fn prepare(loaded: &Loaded, context: &Map<String, Value>) -> Prepared {
    let mut prepared = Prepared::new(loaded);
    prepare_into(loaded, context, &mut prepared);
    prepared
}

/// As [`prepare`], into what an earlier context left, whose memory is used again.
pub fn prepare_into(loaded: &Loaded, context: &Map<String, Value>, prepared: &mut Prepared) {
    prepare_from(loaded, |number| look_up(context, loaded.program.slot_name(number)).map(Given::from), prepared);
}

/// As [`prepare_into`], of a context that is no JSON: `given` is asked for what it has for each slot's name. Where a value is
/// an object, what lies within does not matter.
pub fn prepare_from<'a>(loaded: &Loaded, mut given: impl FnMut(usize) -> Option<Given<'a>>, prepared: &mut Prepared) {
    prepared.clear(loaded);
    for number in 0..loaded.program.slot_count() {
        let Some(record) = loaded.program.slots.get(number) else { break };
        if record.flags & SlotRecord::OF_TENANT != 0 {
            continue;
        }
        let Some(given) = given(number) else { continue };
        let filled = match given {
            Given::Text(text) => of_text(loaded, text, prepared),
            Given::Value(value) => slot(loaded, &value, prepared),
        };
        if let Some(slot) = prepared.context.slots.get_mut(number) {
            *slot = filled;
        }
    }
    prepared.derive(loaded);
}

/// An attribute by its name: the own key if there is one, else the dotted path through objects.
pub fn look_up<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = attributes.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    let mut value = attributes.get(first)?;
    for segment in rest.split('.') {
        value = value.as_object()?.get(segment)?;
    }
    Some(value)
}

fn slot(loaded: &Loaded, value: &Value, prepared: &mut Prepared) -> Slot {
    let Value::Array(items) = value else {
        return scalar(loaded, value, prepared);
    };
    let start = word(prepared.context.elements.len());
    for item in items {
        let element = if item.is_array() { Slot::of(Slot::OBJECT) } else { scalar(loaded, item, prepared) };
        prepared.context.elements.push(element);
    }
    Slot::run(Slot::LIST, start, word(items.len()))
}

fn scalar(loaded: &Loaded, value: &Value, prepared: &mut Prepared) -> Slot {
    match value {
        Value::Null => Slot::of(Slot::ABSENT),
        Value::Bool(false) => Slot::of(Slot::FALSE),
        Value::Bool(true) => Slot::of(Slot::TRUE),
        Value::Number(number) => match number.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Slot::number(number),
            None => Slot::of(Slot::ABSENT),
        },
        Value::String(text) => of_text(loaded, text, prepared),
        Value::Array(_) | Value::Object(_) => Slot::of(Slot::OBJECT),
    }
}

fn of_text(loaded: &Loaded, text: &str, prepared: &mut Prepared) -> Slot {
    match loaded.index.find(text, |id| loaded.string(id)) {
        Some(id) => Slot::interned(id),
        None => {
            let start = word(prepared.context.texts.len());
            prepared.context.texts.extend_from_slice(text.as_bytes());
            Slot::run(Slot::TEXT, start, word(text.len()))
        }
    }
}

/// Whether a context that was prepared for the one is prepared for the other, once [`Prepared::forget`] was called: both read
/// the same names, know the same texts, and declare the same of tenants. If in doubt, it is not.
pub fn prepares_as(one: &Loaded, other: &Loaded) -> bool {
    let (a, b) = (&one.program, &other.program);
    a.slots == b.slots
        && (&a.strings, &a.text, &one.extra) == (&b.strings, &b.text, &other.extra)
        && (&a.tenants, &a.ids) == (&b.tenants, &b.ids)
        && a.numbers.iter().map(|number| number.to_bits()).eq(b.numbers.iter().map(|number| number.to_bits()))
        && (a.flags.len(), a.segments.len()) == (b.flags.len(), b.segments.len())
}

/// Finds the id of a text: open addressing, at most half full.
#[derive(Debug, Clone, Default)]
pub(crate) struct StringIndex {
    /// Id + 1, or 0 for none; a power of two long.
    table: Vec<u32>,
}

impl StringIndex {
    pub(crate) fn new<'a>(count: u32, string: impl Fn(u32) -> Option<&'a str>) -> Self {
        let mut table = vec![0; (count as usize * 2).next_power_of_two().max(2)];
        let mask = table.len() - 1;
        for id in 0..count {
            let mut at = murmur3_x86_32(string(id).unwrap_or("").as_bytes(), 0) as usize & mask;
            while table.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) & mask;
            }
            if let Some(place) = table.get_mut(at) {
                *place = id + 1;
            }
        }
        StringIndex { table }
    }

    pub(crate) fn find<'a>(&self, text: &str, string: impl Fn(u32) -> Option<&'a str>) -> Option<u32> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = murmur3_x86_32(text.as_bytes(), 0) as usize & mask;
        loop {
            let id = self.table.get(at)?.checked_sub(1)?;
            if string(id) == Some(text) {
                return Some(id);
            }
            at = (at + 1) & mask;
        }
    }
}
