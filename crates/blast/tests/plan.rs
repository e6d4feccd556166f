//! A plan says what was found, and is read as it was written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../core/tests/support/arbitrary.rs"]
#[expect(unreachable_pub, dead_code, reason = "shared with the tests of the core")]
mod arbitrary;

use downhaul_blast::exact::{Options, compare};
use downhaul_blast::plan::{DocumentError, Found, Plan, Side, Status, Verdict};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::{Valid, validate};
use proptest::prelude::*;
use serde_json::json;

fn valid(document: FlagSet) -> Option<Valid> {
    validate(document, None).ok().map(|(valid, _)| valid)
}

fn plan(old: &Valid, new: &Valid) -> Plan {
    let options = Options::default();
    let comparison = compare(old, new, &options);
    let (old, new) = (old.document(), new.document());
    let found = Found { old, new, exact: Some((comparison, options.nodes)), replay: None };
    let mut plan = Plan::new(Side::of("old", old).unwrap(), Side::of("new", new).unwrap(), found);
    plan.document = Some(serde_json::to_value(new).unwrap());
    plan
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_read_as_it_was_written(old in arbitrary::flag_set(), new in arbitrary::flag_set(), edited in any::<bool>()) {
        let mut edit = old.clone();
        if let (true, Some(flag), Some(with)) = (edited, edit.flags.first_mut(), new.flags.first()) {
            *flag = with.clone();
        }
        let (Some(old), Some(new)) = (valid(old), valid(if edited { edit } else { new })) else { return Ok(()) };
        let plan = plan(&old, &new);
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
        for flag in plan.flags.values() {
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
    let mut plan = plan(&valid, &valid);
    plan.document().unwrap();
    plan.document.as_mut().unwrap()["flags"][0]["default"] = json!("on");
    assert!(matches!(plan.document(), Err(DocumentError::Another { .. })));
    plan.document = None;
    assert!(matches!(plan.document(), Err(DocumentError::Missing)));
}
