//! From tallies to what people read.

use super::fixed::Scale;
use super::groups::TENANT;
use super::pass::{Kind, Pair, Pass, Passed, Tally};
use super::result::{Example, FlagReplay, Given, Group, Groups, ReasonOnly, RuleMove, Transition, Why};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Whether any row's decision differs.
pub(super) fn differs(outcomes: &BTreeMap<Pair, Tally>) -> bool {
    outcomes.keys().any(|pair| pair.kind != Kind::Same)
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Sum {
    weight: u64,
    rows: u64,
}

impl AddAssign<&Tally> for Sum {
    fn add_assign(&mut self, tally: &Tally) {
        self.weight += tally.weight;
        self.rows += tally.rows;
    }
}

/// The heaviest first; of the same weight in the order of their keys.
fn by_weight<K: Ord>(sums: BTreeMap<K, Sum>) -> Vec<(K, Sum)> {
    let mut sums: Vec<(K, Sum)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    sums
}

pub(super) fn flag(
    outcomes: &BTreeMap<Pair, Tally>,
    scale: Scale,
    by: BTreeMap<String, Groups>,
    of: f64,
    examples: Vec<Example>,
) -> FlagReplay {
    let mut moved = Sum::default();
    let mut transitions: BTreeMap<(&str, &str, bool), Sum> = BTreeMap::new();
    let mut rules: BTreeMap<(&Why, &Why), Sum> = BTreeMap::new();
    let mut kept = Sum::default();
    let mut reasons: BTreeMap<(&Why, &Why), Sum> = BTreeMap::new();
    for (pair, tally) in outcomes {
        let (Some(from), Some(to)) = (&pair.from, &pair.to) else { continue };
        match pair.kind {
            Kind::Same => {}
            Kind::ReasonOnly => {
                kept += tally;
                *reasons.entry((&from.why, &to.why)).or_default() += tally;
            }
            Kind::Moved => {
                moved += tally;
                *transitions.entry((&from.variant, &to.variant, pair.value_changed)).or_default() += tally;
                *rules.entry((&from.why, &to.why)).or_default() += tally;
            }
        }
    }
    let transition = |((from, to, value_changed), sum): ((&str, &str, bool), Sum)| Transition {
        from: from.to_owned(),
        to: to.to_owned(),
        value_changed,
        weight: scale.weight(sum.weight),
        rows: sum.rows,
    };
    FlagReplay {
        moved: scale.weight(moved.weight),
        of,
        moved_rows: moved.rows,
        transitions: by_weight(transitions).into_iter().map(transition).collect(),
        rules: moves(rules, scale),
        reason_only: ReasonOnly { weight: scale.weight(kept.weight), rows: kept.rows, changes: moves(reasons, scale) },
        tenants: top_tenants(&by),
        by,
        examples,
    }
}

fn moves(sums: BTreeMap<(&Why, &Why), Sum>, scale: Scale) -> Vec<RuleMove> {
    let one = |((from, to), sum): ((&Why, &Why), Sum)| RuleMove {
        from: from.clone(),
        to: to.clone(),
        weight: scale.weight(sum.weight),
        rows: sum.rows,
    };
    by_weight(sums).into_iter().map(one).collect()
}

/// What a flag gives that only one document has.
pub(super) fn given(outcomes: &BTreeMap<Pair, Tally>, scale: Scale) -> Vec<Given> {
    let mut variants: BTreeMap<&str, Sum> = BTreeMap::new();
    for (pair, tally) in outcomes {
        if let Some(decided) = pair.to.as_ref().or(pair.from.as_ref()) {
            *variants.entry(&decided.variant).or_default() += tally;
        }
    }
    let one = |(variant, sum): (&str, Sum)| Given {
        variant: variant.to_owned(),
        weight: scale.weight(sum.weight),
        rows: sum.rows,
    };
    by_weight(variants).into_iter().map(one).collect()
}

/// Of each outcome in turn, the heaviest first.
pub(super) fn examples(pass: &Pass<'_>, passed: &Passed) -> Vec<Example> {
    let kind = passed.outcomes.keys().map(|pair| pair.kind).max().unwrap_or(Kind::Same);
    let mut outcomes: Vec<(&Pair, &Tally)> = passed.outcomes.iter().filter(|(pair, _)| pair.kind == kind).collect();
    outcomes.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.weight, tally.rows)));
    let drawn: Vec<(&Pair, Vec<u32>)> = outcomes
        .into_iter()
        .map(|(pair, tally)| {
            let rows = tally.drawn.clone().into_sorted_vec();
            (pair, rows.into_iter().map(|(_, row)| row).collect())
        })
        .collect();
    let in_turn = (0..pass.examples)
        .flat_map(|turn| drawn.iter().filter_map(move |(pair, rows)| rows.get(turn).map(|row| (*pair, *row as usize))));
    let example = |(pair, row): (&Pair, usize)| {
        let (from, to) = (pair.from.clone()?, pair.to.clone()?);
        let (weight, context) = (pass.population.row_weight(row), pass.context(row));
        Some(Example { row: Some(row), weight, context, from, to, before: None, after: None })
    };
    in_turn.filter_map(example).take(pass.examples).collect()
}

/// Most tenants that are named.
const TOP: usize = 10;

pub(super) fn top_tenants(by: &BTreeMap<String, Groups>) -> Vec<Group> {
    let tenants = by.get(TENANT).map(|tenants| tenants.groups.as_slice()).unwrap_or_default();
    tenants.iter().filter(|tenant| !tenant.value.is_null()).take(TOP).cloned().collect()
}
