//! What was worked out about a population, so that the next flag, and the next replay, need not do it again.

use super::classes::Trait;
use super::fixed::Scale;
use super::groups::Dimension;
use super::question::Asked;
use super::segments::Membership;
use crate::population::{Column, Population};
use downhaul_core::document::{FlagSet, RegionTree, Segment};
use downhaul_core::ids::{SegmentKey, TenantId};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All of one population, and nothing of it changes what is found.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) scale: Scale,
    /// The weight of all rows.
    pub(super) total: u64,
    columns: BTreeMap<String, Option<Arc<Column>>>,
    /// By what is asked about an attribute.
    pub(super) traits: Shelf<Asked, Trait>,
    /// Bucket by code of a column, by attribute, seed, and what rows have that lack the attribute.
    pub(super) buckets: Shelf<(String, u32, Option<Value>), Arc<Vec<u32>>>,
    pub(super) membership: Option<(MembersOf, Option<Arc<Membership>>)>,
    /// By attribute, and the tree of regions where they are these.
    pub(super) dimensions: Vec<(String, RegionTree, Arc<Dimension>)>,
}

/// Bytes that classes of values may take, beside those in use.
const TRAIT_ROOM: usize = 256 << 20;
/// And buckets.
const BUCKET_ROOM: usize = 64 << 20;

impl Kept {
    pub(super) fn new(population: &Population) -> Self {
        Kept::scaled(population, Scale::of(population))
    }

    /// Of a population that is a part of a greater one, to which the scale belongs.
    pub(super) fn scaled(population: &Population, scale: Scale) -> Self {
        Kept {
            scale,
            total: (0..population.rows()).map(|row| scale.fixed(population.row_weight(row))).sum(),
            columns: BTreeMap::new(),
            traits: Shelf::new(TRAIT_ROOM),
            buckets: Shelf::new(BUCKET_ROOM),
            membership: None,
            dimensions: Vec::new(),
        }
    }

    /// The column of a name that rules use, put together once. `None` where no row has anything.
    pub(super) fn column(&mut self, population: &Population, name: &str) -> Option<Arc<Column>> {
        if let Some(known) = self.columns.get(name) {
            return known.clone();
        }
        let column = population.attribute(name);
        self.columns.insert(name.to_owned(), column.clone());
        column
    }
}

/// What decides who is in which segment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MembersOf {
    segments: BTreeMap<SegmentKey, Segment>,
    regions: RegionTree,
    tenants: BTreeMap<TenantId, Map<String, Value>>,
    now: Option<Value>,
}

impl MembersOf {
    pub(super) fn new(document: &FlagSet, now: Option<&Value>) -> Self {
        MembersOf {
            segments: document.segments.clone(),
            regions: document.regions.clone(),
            tenants: document.tenants.clone(),
            now: now.cloned(),
        }
    }
}

/// Things by what they were made from; those not asked for longest go when there is no room.
#[derive(Debug)]
pub(super) struct Shelf<K, V> {
    room: usize,
    taken: usize,
    /// Counts what is asked for.
    clock: u64,
    things: Vec<Thing<K, V>>,
}

#[derive(Debug)]
struct Thing<K, V> {
    key: K,
    value: V,
    bytes: usize,
    asked: u64,
}

impl<K: PartialEq, V: Clone> Shelf<K, V> {
    fn new(room: usize) -> Self {
        Shelf { room, taken: 0, clock: 0, things: Vec::new() }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        self.clock += 1;
        let found = self.things.iter_mut().find(|thing| thing.key == *key)?;
        found.asked = self.clock;
        Some(found.value.clone())
    }

    /// Keeps a thing that takes so many bytes, if it finds room at all.
    pub(super) fn put(&mut self, key: K, value: V, bytes: usize) {
        if bytes > self.room {
            return;
        }
        while self.taken + bytes > self.room {
            let Some(oldest) = (0..self.things.len()).min_by_key(|at| self.things.get(*at).map(|thing| thing.asked))
            else {
                break;
            };
            self.taken = self.taken.saturating_sub(self.things.swap_remove(oldest).bytes);
        }
        self.taken += bytes;
        self.things.push(Thing { key, value, bytes, asked: self.clock });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unasked_goes_first() {
        let mut shelf: Shelf<u8, u8> = Shelf::new(10);
        for key in [1, 2, 3] {
            assert_eq!(shelf.get(&key), None);
            shelf.put(key, key * 10, 3);
        }
        assert_eq!(shelf.get(&1), Some(10));
        shelf.put(4, 40, 4);
        assert_eq!([1, 2, 3, 4].map(|key| shelf.get(&key)), [Some(10), None, Some(30), Some(40)]);
        assert_eq!(shelf.taken, 10);
        shelf.put(5, 50, 11);
        assert_eq!(shelf.get(&5), None);
        shelf.put(6, 60, 10);
        assert_eq!([1, 3, 4, 6].map(|key| shelf.get(&key)), [None, None, None, Some(60)]);
        assert_eq!(shelf.taken, 10);
    }
}
