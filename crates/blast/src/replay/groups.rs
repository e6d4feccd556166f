//! Moved weight by tenant, region, segment and whatever else is asked for.

use super::fixed::Scale;
use super::kept::{Kept, MembersOf};
use super::regions::Regions;
use super::result::{Group, Groups, Within};
use super::segments::{Membership, membership};
use crate::crew::{Cancelled, Crew};
use crate::population::{Column, Entry, Population, Weights};
use downhaul_core::document::{FlagSet, RegionTree};
use hashbrown::HashMap;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that rows are grouped by.
#[derive(Debug)]
pub(super) struct Dimension {
    name: String,
    by: By,
    /// The code of null, where some row has one.
    null: Option<u32>,
    /// By code, the weight of all rows.
    totals: Vec<u64>,
}

#[derive(Debug)]
enum By {
    /// No row has the attribute.
    Nothing,
    Attribute(Arc<Column>),
    Region(Arc<Column>, Regions),
    Segment(Arc<Membership>),
}

impl By {
    fn codes(&self) -> &[u32] {
        match self {
            By::Nothing => &[],
            By::Attribute(column) | By::Region(column, _) => column.codes(),
            By::Segment(membership) => &membership.codes,
        }
    }

    /// Greater than any code.
    fn count(&self) -> usize {
        match self {
            By::Nothing => 1,
            By::Attribute(column) | By::Region(column, _) => column.dictionary().len() + 1,
            By::Segment(membership) => membership.sets.len(),
        }
    }
}

/// Rows, one bit each.
pub(super) type Bits = [u64];

/// The names of the dimensions that are always there.
pub(super) const TENANT: &str = "tenant";
pub(super) const REGION: &str = "region";
pub(super) const SEGMENT: &str = "segment";

/// All dimensions: tenant, region, segment where there are any, and the attributes that were asked for.
pub(super) fn dimensions(
    document: &FlagSet,
    population: &Population,
    kept: &mut Kept,
    attributes: &[String],
    now: Option<&Value>,
    crew: Crew<'_>,
) -> Result<Vec<Arc<Dimension>>, Cancelled> {
    let members_of = MembersOf::new(document, now);
    let membership = match &kept.membership {
        Some((of, known)) if *of == members_of => known.clone(),
        _ => {
            let made = membership(document, population, kept, now, crew)?.map(Arc::new);
            kept.membership.insert((members_of, made)).1.clone()
        }
    };
    let mut names: Vec<&str> = Vec::new();
    for name in [TENANT, REGION].into_iter().chain(attributes.iter().map(String::as_str)) {
        // Of an attribute with the name of segments they are what is meant.
        if !names.contains(&name) && (name != SEGMENT || membership.is_none()) {
            names.push(name);
        }
    }
    let no_regions = RegionTree::default();
    let regions = |name: &str| if name == REGION { &document.regions } else { &no_regions };
    let mut dimensions: Vec<Option<Arc<Dimension>>> = Vec::new();
    let mut missing: Vec<Dimension> = Vec::new();
    for name in &names {
        let known = kept.dimensions.iter().find(|(known, tree, _)| known == name && tree == regions(name));
        let known = known.map(|(_, _, dimension)| Arc::clone(dimension));
        if known.is_none() {
            let by = match kept.column(population, name).map(|column| column.distinct()) {
                None => By::Nothing,
                Some(column) if *name == REGION => {
                    let regions = Regions::of_column(&document.regions, column.dictionary());
                    By::Region(column, regions)
                }
                Some(column) => By::Attribute(column),
            };
            missing.push(Dimension { name: (*name).to_owned(), null: by.null(), by, totals: Vec::new() });
        }
        dimensions.push(known);
    }
    if let Some(membership) = membership {
        let by = By::Segment(membership);
        missing.push(Dimension { name: SEGMENT.to_owned(), null: None, by, totals: Vec::new() });
        dimensions.push(None);
    }
    let totals = each_of(&missing, crew, |dimension| dimension.by.totals(population, kept.scale))?;
    let mut made =
        missing.into_iter().zip(totals).map(|(dimension, totals)| Arc::new(Dimension { totals, ..dimension }));
    let dimensions: Vec<Arc<Dimension>> =
        dimensions.into_iter().filter_map(|known| known.or_else(|| made.next())).collect();
    // Of segments their membership is kept.
    let by_attribute = dimensions.iter().filter(|dimension| !matches!(dimension.by, By::Segment(_)));
    kept.dimensions = by_attribute
        .map(|dimension| (dimension.name.clone(), regions(&dimension.name).clone(), Arc::clone(dimension)))
        .collect();
    Ok(dimensions)
}

impl By {
    fn null(&self) -> Option<u32> {
        let (By::Attribute(column) | By::Region(column, _)) = self else { return None };
        let dictionary = column.dictionary();
        (1u32..).take(dictionary.len()).find(|code| dictionary.entry(*code) == Some(NULL))
    }

    /// The weight of all rows, by code.
    fn totals(&self, population: &Population, scale: Scale) -> Vec<u64> {
        let mut totals = vec![0u64; self.count()];
        if let By::Nothing = self {
            let all = (0..population.rows()).map(|row| scale.fixed(population.row_weight(row))).sum();
            totals.fill(all);
            return totals;
        }
        let codes = self.codes();
        let mut add = |code: &u32, weight: u64| {
            if let Some(total) = totals.get_mut(*code as usize) {
                *total += weight;
            }
        };
        match population.weights() {
            Weights::Even => codes.iter().for_each(|code| add(code, scale.fixed(1.0))),
            Weights::Each(weights) => {
                codes.iter().zip(weights).for_each(|(code, weight)| add(code, scale.fixed(*weight)));
            }
        }
        totals
    }
}

/// One result for each dimension, each made by one thread.
fn each_of<D: Sync, T: Send>(
    dimensions: &[D],
    crew: Crew<'_>,
    make: impl Fn(&D) -> T + Sync,
) -> Result<Vec<T>, Cancelled> {
    let work = |own: &mut Vec<(usize, T)>, number: usize| {
        own.extend(dimensions.get(number).map(|dimension| (number, make(dimension))));
    };
    let made = crew.run(dimensions.len(), Vec::new, work, |_| {})?;
    let mut all: Vec<(usize, T)> = made.into_iter().flatten().collect();
    all.sort_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

/// The moved rows by every dimension; `limit` groups are listed of each.
pub(super) fn grouped(
    dimensions: &[Arc<Dimension>],
    population: &Population,
    moved: &Bits,
    limit: usize,
    scale: Scale,
    crew: Crew<'_>,
) -> Result<BTreeMap<String, Groups>, Cancelled> {
    let count: usize = moved.iter().map(|word| word.count_ones() as usize).sum();
    let made = each_of(dimensions, crew, |dimension| {
        let sums = sums(dimension, population, moved, count, scale);
        dimension.groups(&sums, limit, scale)
    })?;
    Ok(dimensions.iter().map(|dimension| dimension.name.clone()).zip(made).collect())
}

/// The moved weight by code, in the order of codes; without those of which nothing moved.
pub(super) fn sums(
    dimension: &Dimension,
    population: &Population,
    moved: &Bits,
    count: usize,
    scale: Scale,
) -> Vec<(u32, u64)> {
    let codes = dimension.by.codes();
    let weight = |row: usize| scale.fixed(population.row_weight(row));
    let each = |add: &mut dyn FnMut(u32, u64)| {
        each_bit(moved, |row| add(codes.get(row).copied().unwrap_or(0), weight(row)));
    };
    let is_some = |(_, sum): &(u32, u64)| *sum > 0;
    let size = dimension.by.count();
    if size / 4 > count {
        let mut sums: HashMap<u32, u64> = HashMap::new();
        each(&mut |code, weight| *sums.entry(code).or_default() += weight);
        let mut sums: Vec<(u32, u64)> = sums.into_iter().filter(is_some).collect();
        sums.sort_unstable();
        return sums;
    }
    let mut sums = vec![0u64; size];
    each(&mut |code, weight| {
        if let Some(sum) = sums.get_mut(code as usize) {
            *sum += weight;
        }
    });
    (0u32..).zip(sums).filter(is_some).collect()
}

/// Calls `each` with every row whose bit is set, in order.
pub(super) fn each_bit(bits: &Bits, mut each: impl FnMut(usize)) {
    for (number, word) in bits.iter().enumerate() {
        let mut rest = *word;
        while rest != 0 {
            each(number * 64 + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
}

/// A group before it is written: moved weight, weight of all, and the value.
pub(super) type Found<'a> = (u64, u64, Entry<'a>);

const NULL: Entry<'static> = Entry::Json("null");

/// The heaviest first; of the same weight texts before others, each in their order.
fn heaviest_first(one: &Found<'_>, other: &Found<'_>) -> Ordering {
    let place = |entry: Entry<'_>| matches!(entry, Entry::Json(_));
    let weights = (other.0, other.1).cmp(&(one.0, one.1));
    weights.then_with(|| place(one.2).cmp(&place(other.2))).then_with(|| one.2.text().cmp(other.2.text()))
}

/// Those of which most weight moves, and what lies within regions.
pub(super) fn listed(mut found: Vec<Found<'_>>, within: Vec<Within>, limit: usize, scale: Scale) -> Groups {
    let touched = found.len();
    if limit < found.len() && limit > 0 {
        found.select_nth_unstable_by(limit - 1, heaviest_first);
    }
    let others: u64 = found.iter().skip(limit).map(|(moved, _, _)| moved).sum();
    found.truncate(limit);
    found.sort_by(heaviest_first);
    let groups = found.into_iter().map(|(moved, of, entry)| Group {
        value: entry.value(),
        moved: scale.weight(moved),
        of: scale.weight(of),
    });
    Groups { touched, groups: groups.collect(), others: scale.weight(others), within }
}

impl Dimension {
    fn groups(&self, sums: &[(u32, u64)], limit: usize, scale: Scale) -> Groups {
        let found: Vec<Found<'_>> = match &self.by {
            By::Segment(membership) => membership.folded(sums, &self.totals),
            By::Attribute(column) | By::Region(column, _) => self.by_value(sums, column),
            By::Nothing => sums.iter().map(|(_, sum)| (*sum, self.totals.iter().sum(), NULL)).collect(),
        };
        let within = match &self.by {
            By::Region(_, regions) => regions.within(|code| (of_code(sums, code), self.total(code)), limit, scale),
            By::Nothing | By::Attribute(_) | By::Segment(_) => Vec::new(),
        };
        listed(found, within, limit, scale)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What rows with a code have: the keys of segments, or one value; as JSON text.
    pub(super) fn each_value(&self, code: u32, each: &mut dyn FnMut(Cow<'_, str>)) {
        match &self.by {
            By::Segment(membership) => membership.each_key(code, |key| each(Value::from(key).to_string().into())),
            By::Nothing => each("null".into()),
            By::Attribute(column) | By::Region(column, _) => match column.dictionary().entry(code) {
                Some(Entry::Text(text)) => each(Value::from(text).to_string().into()),
                Some(Entry::Json(json)) => each(json.into()),
                None => each("null".into()),
            },
        }
    }

    /// By code, the weight of all rows.
    pub(super) fn totals(&self) -> &[u64] {
        &self.totals
    }

    /// The weight of all rows with a code.
    fn total(&self, code: u32) -> u64 {
        self.totals.get(code as usize).copied().unwrap_or(0)
    }

    fn by_value<'a>(&self, sums: &[(u32, u64)], column: &'a Column) -> Vec<Found<'a>> {
        let mut absent = (0, 0);
        let mut found = Vec::with_capacity(sums.len());
        for (code, sum) in sums {
            match column.dictionary().entry(*code) {
                // Null reads as absent.
                None | Some(NULL) => absent.0 += sum,
                Some(entry) => found.push((*sum, self.total(*code), entry)),
            }
        }
        if absent.0 > 0 {
            absent.1 = self.total(0) + self.null.map_or(0, |null| self.total(null));
            found.push((absent.0, absent.1, NULL));
        }
        found
    }
}

/// The sum of a code, in sums that are sorted by code.
fn of_code(sums: &[(u32, u64)], code: u32) -> u64 {
    let at = sums.binary_search_by_key(&code, |(own, _)| *own).ok();
    at.and_then(|at| sums.get(at)).map_or(0, |(_, sum)| *sum)
}
