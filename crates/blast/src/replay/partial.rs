//! What a replay has found in some of the rows, in whole numbers: it can be added to what was found in others.

use super::fixed::Scale;
use super::groups::{Dimension, Found, REGION, listed};
use super::pass::{Kind, Pair, Tally};
use super::regions::Regions;
use super::report;
use super::result::{Example, Groups, Replay};
use crate::population::Entry;
use downhaul_core::document::RegionTree;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What was found in some rows of a population.
///
/// Adding up gives the same in whatever order, so rows may be parted in any way. It is serialised to travel between
/// threads and machines of one version, and to be kept nowhere.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Partial {
    pub(super) rows: u64,
    pub(super) weight: u64,
    /// Those that some flag moves.
    pub(super) moved: Sum,
    /// By name.
    pub(super) dimensions: BTreeMap<String, Values>,
    pub(super) flags: BTreeMap<String, FlagPartial>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) weight: u64,
    pub(super) rows: u64,
}

impl Sum {
    pub(super) fn add(&mut self, other: Sum) {
        self.weight += other.weight;
        self.rows += other.rows;
    }
}

/// What rows have of one dimension.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Values {
    /// As JSON, each once, in the order in which they were met.
    known: Vec<Box<str>>,
    #[serde(skip)]
    places: HashMap<Box<str>, usize>,
    /// By place in `known`.
    totals: Vec<u64>,
    moved: Vec<u64>,
    /// There were more than may be kept, and none are.
    too_many: bool,
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        (&self.known, &self.totals, &self.moved, self.too_many)
            == (&other.known, &other.totals, &other.moved, other.too_many)
    }
}

impl Values {
    /// `None` where there are more than `limit`: the same however rows are parted, as all have to be found in the end.
    pub(super) fn place(&mut self, value: &str, limit: usize) -> Option<usize> {
        if self.too_many {
            return None;
        }
        if self.places.len() < self.known.len() {
            self.places = self.known.iter().cloned().zip(0..).collect();
        }
        if let Some(place) = self.places.get(value) {
            return Some(*place);
        }
        if self.known.len() >= limit {
            *self = Values { too_many: true, ..Values::default() };
            return None;
        }
        let place = self.known.len();
        self.known.push(value.into());
        self.places.insert(value.into(), place);
        self.totals.push(0);
        self.moved.push(0);
        Some(place)
    }

    /// For each code of a dimension of some rows, the places of what it stands for.
    pub(super) fn places_of(&mut self, dimension: &Dimension, limit: usize) -> Vec<Vec<usize>> {
        let mut places = Vec::with_capacity(dimension.totals().len());
        for (code, total) in (0u32..).zip(dimension.totals()) {
            let mut own = Vec::new();
            // Codes may stand for what no row has.
            if *total > 0 {
                dimension.each_value(code, &mut |value| {
                    if let Some(place) = self.place(&value, limit) {
                        add_at(&mut self.totals, place, *total);
                        own.push(place);
                    }
                });
            }
            places.push(own);
        }
        places
    }

    pub(super) fn add_moved(&mut self, place: usize, weight: u64) {
        add_at(&mut self.moved, place, weight);
    }

    /// `moved` is by place; `regions` are given where the values are such.
    fn groups(&self, moved: &[u64], regions: Option<&RegionTree>, limit: usize, scale: Scale) -> Groups {
        let moved_at = |place: usize| moved.get(place).copied().unwrap_or(0);
        let touched = |place: &usize| moved_at(*place) > 0;
        // Texts as such: they are listed in their own order.
        let texts: BTreeMap<usize, String> = (0..self.known.len())
            .filter(|place| regions.is_some() || touched(place))
            .filter_map(|place| Some((place, serde_json::from_str(self.known.get(place)?).ok()?)))
            .collect();
        let found = (0..self.known.len()).filter(touched).filter_map(|place| -> Option<Found<'_>> {
            let json = || self.known.get(place).map(|json| Entry::Json(json));
            let entry = texts.get(&place).map(|text| Entry::Text(text)).or_else(json)?;
            Some((moved_at(place), self.totals.get(place).copied().unwrap_or(0), entry))
        });
        let within = regions.map_or_else(Vec::new, |tree| {
            let codes = texts.iter().filter_map(|(place, text)| Some((u32::try_from(place + 1).ok()?, text.as_str())));
            let of_code = |code: u32| {
                let place = (code as usize).saturating_sub(1);
                (moved_at(place), self.totals.get(place).copied().unwrap_or(0))
            };
            Regions::new(tree, codes).within(of_code, limit, scale)
        });
        listed(found.collect(), within, limit, scale)
    }
}

/// Adds where it belongs, making room.
pub(super) fn add_at(sums: &mut Vec<u64>, place: usize, weight: u64) {
    if sums.len() <= place {
        sums.resize(place + 1, 0);
    }
    if let Some(sum) = sums.get_mut(place) {
        *sum += weight;
    }
}

/// What was found of one flag.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct FlagPartial {
    #[serde(with = "entries")]
    pub(super) outcomes: BTreeMap<Pair, Sum>,
    /// By dimension, the weight moved by place of the value.
    pub(super) by: BTreeMap<String, Vec<u64>>,
    #[serde(with = "entries")]
    pub(super) drawn: BTreeMap<Draw, Drawn>,
}

/// A context, and what it is drawn by. The lowest are kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Draw {
    pub(super) by: u64,
    /// As JSON.
    pub(super) context: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Drawn {
    /// The greatest of rows with this context.
    pub(super) weight: f64,
    pub(super) pair: Pair,
}

/// Contexts that are kept of a flag, for examples to be chosen from.
pub(super) const DRAWN: usize = 32;

impl FlagPartial {
    /// Whether a row drawn by this is among those kept.
    pub(super) fn would_keep(&self, by: u64) -> bool {
        self.drawn.len() < DRAWN || self.drawn.last_key_value().is_some_and(|(last, _)| by <= last.by)
    }

    pub(super) fn keep(&mut self, draw: Draw, drawn: Drawn) {
        let known = self.drawn.entry(draw).or_insert_with(|| drawn.clone());
        known.weight = known.weight.max(drawn.weight);
        if self.drawn.len() > DRAWN {
            self.drawn.pop_last();
        }
    }

    /// Of each outcome in turn, the heaviest first.
    fn examples(&self, most: usize) -> Vec<Example> {
        let mut by_outcome: BTreeMap<&Pair, Vec<(&Draw, &Drawn)>> = BTreeMap::new();
        for (draw, drawn) in &self.drawn {
            by_outcome.entry(&drawn.pair).or_default().push((draw, drawn));
        }
        let mut outcomes: Vec<_> = by_outcome.into_iter().collect();
        let sum = |pair: &Pair| self.outcomes.get(pair).map(|sum| (sum.weight, sum.rows));
        outcomes.sort_by_key(|(pair, _)| std::cmp::Reverse(sum(pair)));
        let in_turn = (0..most).flat_map(|turn| outcomes.iter().filter_map(move |(_, rows)| rows.get(turn)));
        let example = |(draw, drawn): &(&Draw, &Drawn)| {
            let context: Map<String, Value> = serde_json::from_str(&draw.context).ok()?;
            let (from, to) = (drawn.pair.from.clone()?, drawn.pair.to.clone()?);
            Some(Example { row: None, weight: drawn.weight, context, from, to, before: None, after: None })
        };
        in_turn.filter_map(example).take(most).collect()
    }

    fn tallies(&self) -> BTreeMap<Pair, Tally> {
        let tally = |sum: &Sum| Tally { weight: sum.weight, rows: sum.rows, ..Tally::default() };
        self.outcomes.iter().map(|(pair, sum)| (pair.clone(), tally(sum))).collect()
    }

    fn has_moved(&self) -> bool {
        self.outcomes.keys().any(|pair| pair.kind == Kind::Moved)
    }
}

impl Partial {
    /// Rows looked at so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// About how many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        let values = self.dimensions.values().map(|values| {
            let texts: usize = values.known.iter().map(|text| 2 * text.len() + 48).sum();
            texts + 16 * values.totals.len()
        });
        let flags = self.flags.values().map(|flag| {
            let by: usize = flag.by.values().map(|sums| 8 * sums.len()).sum();
            let drawn: usize = flag.drawn.keys().map(|draw| draw.context.len() + 256).sum();
            by + drawn + 256 * flag.outcomes.len()
        });
        values.sum::<usize>() + flags.sum::<usize>()
    }

    /// Adds what was found in other rows; `limit` values are kept of an attribute.
    pub(super) fn merge(&mut self, other: Partial, limit: usize) {
        self.rows += other.rows;
        self.weight += other.weight;
        self.moved.add(other.moved);
        let mut places: BTreeMap<String, Vec<Option<usize>>> = BTreeMap::new();
        for (name, values) in other.dimensions {
            let own = self.dimensions.entry(name.clone()).or_default();
            if values.too_many {
                *own = Values { too_many: true, ..Values::default() };
            }
            let mut of_other = Vec::with_capacity(values.known.len());
            for ((value, total), moved) in values.known.iter().zip(&values.totals).zip(&values.moved) {
                let place = own.place(value, limit);
                if let Some(place) = place {
                    add_at(&mut own.totals, place, *total);
                    add_at(&mut own.moved, place, *moved);
                }
                of_other.push(place);
            }
            places.insert(name, of_other);
        }
        for (key, flag) in other.flags {
            let own = self.flags.entry(key).or_default();
            for (pair, sum) in flag.outcomes {
                own.outcomes.entry(pair).or_default().add(sum);
            }
            for (name, moved) in flag.by {
                let sums = own.by.entry(name.clone()).or_default();
                let places = places.get(&name).map(Vec::as_slice).unwrap_or_default();
                for (place, moved) in places.iter().zip(&moved) {
                    if let Some(place) = place {
                        add_at(sums, *place, *moved);
                    }
                }
            }
            for (draw, drawn) in flag.drawn {
                own.keep(draw, drawn);
            }
        }
        self.drop_overfull();
    }

    /// Of what has too many values nothing is kept by flag either.
    pub(super) fn drop_overfull(&mut self) {
        for (name, _) in self.dimensions.iter().filter(|(_, values)| values.too_many) {
            for flag in self.flags.values_mut() {
                flag.by.remove(name);
            }
        }
    }

    /// Attributes that have more values than are kept: nothing is grouped by them.
    pub fn overfull(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().filter(|(_, values)| values.too_many).map(|(name, _)| name.as_str())
    }

    /// What was found, as of a population of these rows, by the tree of `regions`; `both` says of a flag whether it is in the old document and in
    /// the new one.
    pub(super) fn finish(
        &self,
        compared: usize,
        regions: &RegionTree,
        both: impl Fn(&str) -> (bool, bool),
        scale: Scale,
        examples: usize,
        groups: usize,
    ) -> Replay {
        let of = scale.weight(self.weight);
        let mut found = Replay {
            rows: self.rows,
            of,
            moved: scale.weight(self.moved.weight),
            moved_rows: self.moved.rows,
            sampled: None,
            by: BTreeMap::new(),
            tenants: Vec::new(),
            flags: BTreeMap::new(),
            compared,
            added: BTreeMap::new(),
            removed: BTreeMap::new(),
        };
        let by = |moved: &dyn Fn(&str, &Values) -> Groups| -> BTreeMap<String, Groups> {
            let kept = self.dimensions.iter().filter(|(_, values)| !values.too_many);
            kept.map(|(name, values)| (name.clone(), moved(name, values))).collect()
        };
        let tree = |name: &str| (name == REGION).then_some(regions);
        for (key, flag) in &self.flags {
            let outcomes = flag.tallies();
            match both(key) {
                (true, true) if report::differs(&outcomes) => {
                    let of_value = |name: &str, values: &Values| {
                        let moved = flag.by.get(name).map(Vec::as_slice).unwrap_or_default();
                        values.groups(moved, tree(name), groups, scale)
                    };
                    let by = if flag.has_moved() { by(&of_value) } else { BTreeMap::new() };
                    found.flags.insert(key.clone(), report::flag(&outcomes, scale, by, of, flag.examples(examples)));
                }
                (true, true) => {}
                (false, _) => drop(found.added.insert(key.clone(), report::given(&outcomes, scale))),
                (_, false) => drop(found.removed.insert(key.clone(), report::given(&outcomes, scale))),
            }
        }
        if self.moved.rows > 0 {
            found.by = by(&|name, values| values.groups(&values.moved, tree(name), groups, scale));
            found.tenants = report::top_tenants(&found.by);
        }
        found
    }
}

/// Maps of which keys are no texts, as lists.
mod entries {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
