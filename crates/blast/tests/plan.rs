//! A plan says what was found, and is read as it was written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../core/tests/support/arbitrary.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the core")]
mod arbitrary;

use downhaul_blast::exact::{Options, compare};
use downhaul_blast::plan::{Budget, DocumentError, Found, Kept, Plan, Side, Status, Verdict};
use downhaul_blast::population::{Builder, Limits, Population};
use downhaul_blast::replay;
use downhaul_core::document::FlagSet;
use downhaul_core::validate::{Valid, validate};
use proptest::prelude::*;
use serde_json::json;
use std::sync::atomic::AtomicBool;

fn valid(document: FlagSet) -> Option<Valid> {
    validate(document, None).ok().map(|(valid, _)| valid)
}

fn plan(old: &Valid, new: &Valid, people: Option<&Population>) -> Plan {
    let options = Options::default();
    let comparison = compare(old, new, &options);
    let replayed = people.map(|people| {
        let options = replay::Options::default();
        replay::replay(old, new, people, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap()
    });
    let (old, new) = (old.document(), new.document());
    let found = Found {
        old,
        new,
        exact: Some((comparison, options.nodes)),
        replay: replayed.map(|found| (found, "people".to_owned())),
    };
    let mut plan = Plan::new(Side::of("old", old).unwrap(), Side::of("new", new).unwrap(), found);
    plan.document = Some(serde_json::to_value(new).unwrap());
    plan
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_read_as_it_was_written(old in arbitrary::flag_set(), new in arbitrary::flag_set(), edited in any::<bool>(),
        people in proptest::collection::vec(arbitrary::context(), 1..40)) {
        let mut edit = old.clone();
        if let (true, Some(flag), Some(with)) = (edited, edit.flags.first_mut(), new.flags.first()) {
            *flag = with.clone();
        }
        let (Some(old), Some(new)) = (valid(old), valid(if edited { edit } else { new })) else { return Ok(()) };
        let mut builder = Builder::new(&Limits::default());
        people.iter().zip(1..).for_each(|(person, weight)| builder.push(person, f64::from(weight)).unwrap());
        let people = builder.finish();
        let plan = plan(&old, &new, Some(&people));
        let written = serde_json::to_string(&plan).unwrap();
        let read: Plan = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&read, &plan);
        // By its digest: the order of variants is no part of what a document says.
        read.document().unwrap();

        prop_assert_eq!(plan.verdict == Verdict::NoChange, plan.flags.is_empty());
        let totals = plan.totals;
        let kinds = totals.changed + totals.reason_only + totals.added + totals.removed + totals.unknown;
        prop_assert_eq!(kinds, plan.flags.len());
        prop_assert!(totals.flags >= kinds + plan.idle.len());
        let moved = plan.population.as_ref().unwrap();
        prop_assert!(0.0 <= moved.moved && moved.moved <= moved.weight && moved.weight == people.weight());
        for flag in plan.flags.values() {
            // Whom the replay found, the exact difference knows of.
            let is_moved = flag.moved_rows.is_some_and(|rows| rows > 0);
            prop_assert!(!is_moved || flag.status == Status::Unknown || !flag.regions.is_empty(), "{:?}", flag);
            let lasts = !matches!(flag.status, Status::Added | Status::Removed);
            prop_assert_eq!((flag.moved.is_some(), flag.of.is_some(), flag.given.is_empty()), (lasts, lasts, lasts));
            prop_assert!(flag.transitions.iter().all(|transition| transition.weight.is_some()));
            let by_way: f64 = flag.transitions.iter().filter_map(|transition| transition.weight).sum();
            prop_assert!((by_way - flag.moved.unwrap_or_default()).abs() < 1e-6);
            let share = flag.share();
            prop_assert!(0.0 <= share.least && share.least <= share.most + 1e-9 && share.most <= 1.0, "{:?}", share);
            prop_assert!(flag.status != Status::Changed || share.most > 0.0);
            for transition in &flag.transitions {
                prop_assert!(flag.share_of(transition).least <= share.least + 1e-9);
            }
        }
    }
}

#[test]
fn another_document_is_not_taken_for_the_one_that_was_planned() {
    let document: FlagSet = serde_json::from_value(json!({
        "schema": 1, "environment": "production", "revision": 1,
        "flags": [{
            "key": "f", "owner": "o", "kind": "ops", "review": "2099-01-31", "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "m" }, "default": "off",
        }],
    }))
    .unwrap();
    let valid = valid(document).unwrap();
    let mut plan = plan(&valid, &valid, None);
    plan.document().unwrap();
    plan.document.as_mut().unwrap()["flags"][0]["default"] = json!("on");
    assert!(matches!(plan.document(), Err(DocumentError::Another { .. })));
    plan.document = None;
    assert!(matches!(plan.document(), Err(DocumentError::Missing)));
}

/// That nobody of nobody is moved says nothing of anyone.
#[test]
fn of_a_population_of_nobody_no_budget_is_judged() {
    let document = |width: u32| -> Valid {
        let document = json!({
            "schema": 1, "environment": "production", "revision": 1, "regions": { "eu": {} }, "tenants": { "acme": {} },
            "flags": [{
                "key": "f", "owner": "o", "kind": "ops", "review": "2099-01-31", "variants": { "on": true, "off": false },
                "degraded": { "variant": "off", "meaning": "m" }, "default": "off",
                "rules": [{ "split": { "slices": [["on", width], ["off", 100_000 - width]] } }],
            }],
        });
        valid(serde_json::from_value(document).unwrap()).unwrap()
    };
    let (old, new) = (document(0), document(50_000));
    let nobody = Builder::new(&Limits::default()).finish();
    let mut plan = plan(&old, &new, Some(&nobody));
    plan.exact = None;
    plan.flags.clear();
    let budget = json!({ "share": 0, "tenants": 0, "critical_tenants": ["acme"], "regions": ["eu"] });
    let budget: Budget = serde_json::from_value(budget).unwrap();
    plan.keep_to(budget, &old, &new);
    let findings = plan.budget.unwrap().findings;
    assert_eq!(findings.len(), 4);
    assert!(findings.iter().all(|finding| finding.outcome == Kept::Unknown), "{findings:?}");
}
