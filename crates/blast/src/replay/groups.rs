//! Moved weight by tenant, region, segment and whatever else is asked for.

use super::chunks::{Cancelled, Crew};
use super::classes::Columns;
use super::fixed::Scale;
use super::result::{Group, Groups};
use super::segments::Membership;
use crate::population::{Column, Entry, Population, Weights};
use hashbrown::HashMap;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that rows are grouped by.
#[derive(Debug)]
pub(super) struct Dimension<'p> {
    pub(super) name: String,
    by: By<'p>,
    /// By code, the weight of all rows.
    totals: Vec<u64>,
}

#[derive(Debug)]
enum By<'p> {
    /// No row has the attribute.
    Nothing,
    Attribute(Arc<Cow<'p, Column>>),
    Segment(Membership),
}

impl By<'_> {
    fn codes(&self) -> &[u32] {
        match self {
            By::Nothing => &[],
            By::Attribute(column) => column.codes(),
            By::Segment(membership) => &membership.codes,
        }
    }

    /// Greater than any code.
    fn count(&self) -> usize {
        match self {
            By::Nothing => 1,
            By::Attribute(column) => column.dictionary().len() + 1,
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
pub(super) fn dimensions<'p>(
    columns: &mut Columns<'p>,
    membership: Option<Membership>,
    attributes: &[String],
    scale: Scale,
    crew: Crew<'_>,
) -> Result<Vec<Dimension<'p>>, Cancelled> {
    let mut dimensions: Vec<Dimension<'p>> = Vec::new();
    for name in [TENANT, REGION].into_iter().chain(attributes.iter().map(String::as_str)) {
        if !dimensions.iter().any(|known| known.name == name) {
            let by = columns.get(name).map_or(By::Nothing, By::Attribute);
            dimensions.push(Dimension { name: name.to_owned(), by, totals: Vec::new() });
        }
    }
    if let Some(membership) = membership {
        // An attribute of that name is not what is meant.
        dimensions.retain(|known| known.name != SEGMENT);
        dimensions.push(Dimension { name: SEGMENT.to_owned(), by: By::Segment(membership), totals: Vec::new() });
    }
    let population = columns.population;
    let totals = each_of(&dimensions, crew, |dimension| {
        let mut totals = vec![0u64; dimension.by.count()];
        if let By::Nothing = dimension.by {
            let all = (0..population.rows()).map(|row| scale.fixed(population.row_weight(row))).sum();
            totals.fill(all);
            return totals;
        }
        let codes = dimension.by.codes();
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
    })?;
    for (dimension, totals) in dimensions.iter_mut().zip(totals) {
        dimension.totals = totals;
    }
    Ok(dimensions)
}

/// One result for each dimension, each made by one thread.
fn each_of<T: Send>(
    dimensions: &[Dimension<'_>],
    crew: Crew<'_>,
    make: impl Fn(&Dimension<'_>) -> T + Sync,
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
    dimensions: &[Dimension<'_>],
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

/// The moved weight by code.
pub(super) fn sums(
    dimension: &Dimension<'_>,
    population: &Population,
    moved: &Bits,
    count: usize,
    scale: Scale,
) -> BTreeMap<u32, u64> {
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
        return sums.into_iter().filter(is_some).collect();
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

/// Groups of moved weight, weight of all and value: those of which most weight moves.
pub(super) fn listed(mut found: Vec<(u64, u64, Value)>, limit: usize, scale: Scale) -> Groups {
    let touched = found.len();
    let by_weight = |one: &(u64, u64, Value), other: &(u64, u64, Value)| {
        let weights = (other.0, other.1).cmp(&(one.0, one.1));
        weights.then_with(|| one.2.to_string().cmp(&other.2.to_string()))
    };
    if limit < found.len() && limit > 0 {
        found.select_nth_unstable_by(limit - 1, by_weight);
    }
    let others: u64 = found.iter().skip(limit).map(|(moved, _, _)| moved).sum();
    found.truncate(limit);
    found.sort_by(by_weight);
    let groups =
        found.into_iter().map(|(moved, of, value)| Group { value, moved: scale.weight(moved), of: scale.weight(of) });
    Groups { touched, groups: groups.collect(), others: scale.weight(others) }
}

impl Dimension<'_> {
    fn groups(&self, sums: &BTreeMap<u32, u64>, limit: usize, scale: Scale) -> Groups {
        let found: Vec<(u64, u64, Value)> = match &self.by {
            By::Segment(membership) => membership.folded(sums, &self.totals),
            By::Attribute(column) => self.by_value(sums, column),
            By::Nothing => sums.values().map(|sum| (*sum, self.totals.iter().sum(), Value::Null)).collect(),
        };
        listed(found, limit, scale)
    }

    /// What rows with a code have: the numbers of segments, or one value; as JSON text.
    pub(super) fn each_value(&self, code: u32, each: &mut dyn FnMut(Cow<'_, str>)) {
        match &self.by {
            By::Segment(membership) => membership.each_key(code, |key| each(Value::from(key).to_string().into())),
            By::Nothing => each("null".into()),
            By::Attribute(column) => match column.dictionary().entry(code) {
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

    fn by_value(&self, sums: &BTreeMap<u32, u64>, column: &Column) -> Vec<(u64, u64, Value)> {
        let total = |code: u32| self.totals.get(code as usize).copied().unwrap_or(0);
        let mut absent = (0, 0);
        let mut found = Vec::with_capacity(sums.len());
        for (code, sum) in sums {
            match column.dictionary().entry(*code) {
                // Null reads as absent.
                None | Some(Entry::Json("null")) => absent.0 += sum,
                Some(entry) => found.push((*sum, total(*code), entry.value())),
            }
        }
        if absent.0 > 0 {
            let nulls = (1u32..).take(column.dictionary().len());
            let null = nulls.clone().find(|code| column.dictionary().entry(*code) == Some(Entry::Json("null")));
            absent.1 = total(0) + null.map_or(0, total);
            found.push((absent.0, absent.1, Value::Null));
        }
        found
    }
}
