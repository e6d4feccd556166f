//! The exact difference agrees with the evaluator: on random pairs of documents, every sampled context is in a region
//! exactly when the two evaluators differ, regions are disjoint, and every witness differs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../core/tests/support/arbitrary.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the core")]
mod arbitrary;

use downhaul_blast::exact::{Bucket, Comparison, Options, Region, Status, compare};
use downhaul_core::bucket::{self, Decimal};
use downhaul_core::compile::{Audience, compile};
use downhaul_core::document::{Condition, Flag, FlagSet, Outcome, Rule};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::{look_up, prepare};
use downhaul_core::validate::{Valid, validate};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Map, Value};

type Context = Map<String, Value>;

fn valid(document: &FlagSet) -> Option<Valid> {
    validate(document.clone(), None).ok().map(|(valid, _)| valid)
}

fn loaded(valid: &Valid) -> Loaded {
    let program = compile(valid, &downhaul_core::compile::Options { audience: Audience::All });
    let kills = KillSet::encode(&valid.document().kills, &valid.document().regions, 0, |_| None);
    Loaded::new(program, kills)
}

fn decide(document: &FlagSet, loaded: &Loaded, flag: &str, context: &Context) -> Option<(String, &'static str)> {
    let number = loaded.program.flag_index(flag)?;
    let decision = evaluate(loaded, &[], &mut prepare(loaded, context), number).unwrap();
    let flag = document.flag(flag).unwrap();
    Some((flag.variants[usize::from(decision.variant)].0.to_string(), decision.reason.as_str()))
}

fn unit(context: &Context, by: &str) -> Option<Vec<u8>> {
    match look_up(context, by)? {
        Value::String(text) if !text.is_empty() => Some(text.clone().into_bytes()),
        Value::Number(number) => Some(Decimal::new(bucket::integer(number.as_f64()?)?).as_bytes().to_vec()),
        _ => None,
    }
}

fn in_bucket(context: &Context, wanted: &Bucket) -> bool {
    unit(context, &wanted.by).is_some_and(|unit| {
        let at = bucket::bucket(bucket::seed(&wanted.salt), &unit);
        (wanted.from..wanted.to).contains(&at)
    })
}

/// Whether a context is in a region, by the region's own words and the real evaluator.
fn is_in(document: &FlagSet, region: &Region, context: &Context) -> bool {
    let mut aside = context.clone();
    for name in &region.lists_aside {
        if aside.get(name).is_some_and(Value::is_array) {
            aside.insert(name.clone(), Value::Array(Vec::new()));
        }
    }
    region.bucket.iter().chain(&region.and_buckets).all(|bucket| in_bucket(context, bucket))
        && region.no_unit.iter().all(|by| unit(context, by).is_none())
        && region.unit.iter().all(|by| unit(context, by).is_some())
        && holds(document, &region.when, &aside)
}

fn holds(document: &FlagSet, when: &[Condition], context: &Context) -> bool {
    let mut set = FlagSet::empty("judge".parse().unwrap());
    set.regions = document.regions.clone();
    set.tenants = document.tenants.clone();
    set.segments = document.segments.clone();
    let mut flag: Flag = document.flags[0].clone();
    let [on, off] = [flag.variants[0].0.clone(), flag.variants[1].0.clone()];
    flag.requires.clear();
    flag.rules = vec![Rule { name: None, when: when.to_vec(), then: Outcome::Serve(on.clone()) }];
    flag.default = off;
    let key = flag.key.to_string();
    set.flags = vec![flag];
    let valid = validate(set, None).unwrap_or_else(|problems| panic!("{when:?}: {problems:?}")).0;
    decide(valid.document(), &loaded(&valid), &key, context).unwrap().0 == on.as_str()
}

/// An old document and an edited one: some flags replaced, perhaps segments, tenants or kills too.
fn pairs() -> impl Strategy<Value = (FlagSet, FlagSet)> {
    (arbitrary::flag_set(), arbitrary::flag_set(), subsequence(vec![0, 1, 2, 3, 4], 0..3), 0..8_u8).prop_map(
        |(old, other, flags, parts)| {
            let mut new = old.clone();
            for index in flags {
                if let (Some(flag), Some(with)) = (new.flags.get_mut(index), other.flags.get(index)) {
                    *flag = with.clone();
                }
            }
            if parts & 1 != 0 {
                new.segments.clone_from(&other.segments);
            }
            if parts & 2 != 0 {
                new.kills = other.kills.iter().filter(|kill| new.flag(kill.flag.as_str()).is_some()).cloned().collect();
            }
            if parts == 4
                && let Some((_, attributes)) = new.tenants.iter_mut().next()
            {
                attributes.insert("plan".to_owned(), Value::from("free"));
            }
            (old, new)
        },
    )
}

fn check(old: &FlagSet, new: &FlagSet, contexts: &[Context]) -> Result<Option<Comparison>, TestCaseError> {
    let (Some(old_valid), Some(new_valid)) = (valid(old), valid(new)) else { return Ok(None) };
    let comparison = compare(&old_valid, &new_valid, &Options::default());
    let (before, after) = (loaded(&old_valid), loaded(&new_valid));
    let witnesses: Vec<&Context> = comparison
        .flags
        .iter()
        .flat_map(|flag| flag.regions.iter().chain(&flag.reason_regions))
        .filter_map(|region| region.witness.as_ref())
        .collect();
    for flag in &new.flags {
        let key = flag.key.as_str();
        let found = comparison.flag(key);
        if found.is_some_and(|found| found.status != Status::Compared) {
            continue;
        }
        for context in contexts.iter().chain(witnesses.iter().copied()) {
            let (from, to) = (decide(old, &before, key, context), decide(new, &after, key, context));
            let (Some(from), Some(to)) = (from, to) else { continue };
            let regions = |moved: bool| {
                let all = found.map(|found| if moved { &found.regions } else { &found.reason_regions });
                all.into_iter().flatten().filter(|region| is_in(new, region, context)).collect::<Vec<_>>()
            };
            let (moved, reasons) = (regions(true), regions(false));
            let exact = |regions: &[&Region]| regions.iter().all(|region| region.exact);
            let told = || {
                format!(
                    "{key} {from:?} -> {to:?}\n{context:?}\n{moved:#?}\n{reasons:#?}\n{:#?}\n{:#?}\n{:#?}",
                    old.flag(key).unwrap(),
                    flag,
                    new.segments
                )
            };
            if from.0 != to.0 {
                prop_assert!(!moved.is_empty(), "missed: {}", told());
                prop_assert!(moved.len() == 1 || !exact(&moved), "not disjoint: {}", told());
                prop_assert!(
                    moved.iter().any(|region| region.transition.from == from.0 && region.transition.to == to.0),
                    "another move: {}",
                    told()
                );
            } else {
                prop_assert!(moved.iter().all(|region| !region.exact), "too much: {}", told());
                if from.1 == to.1 {
                    prop_assert!(reasons.iter().all(|region| !region.exact), "too much: {}", told());
                } else {
                    prop_assert!(!reasons.is_empty(), "missed reason: {}", told());
                }
            }
        }
    }
    Ok(Some(comparison))
}

/// So that the property is not about nothing.
#[test]
fn most_random_pairs_have_something_to_say() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut compared, mut regions, mut exact, mut unknown, mut bucketed, mut shown) = (0, 0, 0, 0, 0, 0);
    for _ in 0..150 {
        let (old, new) = pairs().new_tree(&mut runner).unwrap().current();
        let Some(comparison) = check(&old, &new, &[]).unwrap() else { continue };
        compared += 1;
        for flag in &comparison.flags {
            unknown += usize::from(flag.status == Status::Unknown);
            regions += flag.regions.len();
            exact += flag.regions.iter().filter(|region| region.exact).count();
            shown += flag.regions.iter().filter(|region| region.witness.is_some()).count();
            bucketed += flag.regions.iter().filter(|region| region.bucket.is_some()).count();
        }
    }
    println!(
        "{compared} compared, {regions} regions, {exact} exact, {shown} shown, {bucketed} with buckets, {unknown} unknown"
    );
    assert!(
        compared > 75
            && regions > 200
            && exact * 2 > regions
            && shown * 3 > regions * 2
            && bucketed > 50
            && unknown == 0
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_context_is_in_a_region_exactly_when_the_evaluators_differ(
        (old, new) in pairs(),
        contexts in proptest::collection::vec(arbitrary::context(), 40),
    ) {
        check(&old, &new, &contexts)?;
    }

    #[test]
    fn nothing_changed_is_nothing_found(document in arbitrary::flag_set()) {
        if let Some(valid) = valid(&document) {
            prop_assert!(compare(&valid, &valid, &Options::default()).changes_nothing());
        }
    }
}
