//! A row as the slots of a program, straight from its columns: a context as JSON would be made only to be taken apart.

use super::classes::NOW;
use super::kept::Kept;
use super::question::is_of_tenant;
use crate::population::{Column, Entry, Population};
use downhaul_core::context::Prepared;
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::{Given, prepare_from};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// Where each slot of a program is filled from.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    loaded: &'a Loaded,
    columns: Vec<Option<Arc<Column>>>,
    /// The slot of `now`, and what rows have that lack it.
    now: Option<(usize, &'a Value)>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(loaded: &'a Loaded, population: &Population, kept: &mut Kept, now: Option<&'a Value>) -> Self {
        let names = || (0..loaded.program.slot_count()).map(|slot| loaded.program.slot_name(slot));
        let columns = names().map(|name| if is_of_tenant(name) { None } else { kept.column(population, name) });
        let columns = columns.collect();
        let now = now.and_then(|now| Some((names().position(|name| name == NOW)?, now)));
        Rows { loaded, columns, now }
    }

    /// Prepares the context of a row.
    pub(super) fn prepare(&self, row: usize, prepared: &mut Prepared) {
        let given = |slot: usize| {
            let column = self.columns.get(slot)?.as_deref();
            let entry = column.and_then(|column| column.dictionary().entry(column.code(row)?));
            match entry {
                Some(Entry::Text(text)) => Some(Given::Text(text)),
                Some(json @ Entry::Json(_)) => Some(Given::Value(Cow::Owned(json.value()))),
                None => self.now.filter(|(number, _)| *number == slot).map(|(_, now)| Given::from(now)),
            }
        };
        prepare_from(self.loaded, given, prepared);
    }
}
