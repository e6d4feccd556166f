//! Replay gives what evaluating every row gives, for random documents and populations.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_blast::replay::{Options, Replayer, replay};
use downhaul_core::document::{FlagSet, RegionTree};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::arbitrary::{context, flag_set};
use support::direct::{self, Engine};
use support::{Context, population, valid};

/// Two documents that share most of what they have.
fn edited() -> impl Strategy<Value = (FlagSet, FlagSet)> {
    (flag_set(), flag_set(), any::<u32>()).prop_map(|(old, other, parts)| {
        let takes = |part: u32| parts >> part & 1 == 1;
        let mut new = old.clone();
        for (number, (flag, other)) in (0..).zip(new.flags.iter_mut().zip(&other.flags)) {
            if takes(number) {
                *flag = other.clone();
            }
        }
        if takes(8) {
            new.segments = other.segments;
        }
        if takes(9) {
            new.kills = other.kills;
            new.kills.retain(|kill| new.flags.iter().any(|flag| flag.key == kill.flag));
        }
        if takes(10) && takes(11) {
            new.tenants.remove("acme");
            if let Some(plan) = new.tenants.get_mut("globex").and_then(|globex| globex.get_mut("plan")) {
                *plan = json!(["pro"]);
            }
        }
        if takes(12) && takes(13) {
            new.regions = elsewhere(new.regions);
        }
        if takes(14) && takes(15) {
            let last = new.flags.len() - 1;
            new.flags[last].variants[0].1 = json!(9.5);
        }
        (old, new)
    })
}

/// With `eu-north` somewhere else.
fn elsewhere(mut regions: RegionTree) -> RegionTree {
    let world = regions.0.get_mut("world").unwrap();
    let north = world.0.get_mut("eu").unwrap().0.remove_entry("eu-north").unwrap();
    world.0.get_mut("us").unwrap().0.extend([north]);
    regions
}

fn rows() -> impl Strategy<Value = Vec<(Context, f64)>> {
    // Their sums are exact.
    let weight = prop_oneof![3 => Just(1.0), 1 => select(&[0.0, 0.125, 2.5, 1000.0][..])];
    vec((context(), weight), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replay_gives_what_evaluating_every_row_gives(
        (old, new) in edited(), other in flag_set(), rows in rows(), now in prop::option::of(select(&[0.5, 1e15][..])),
    ) {
        let (old, new, other) = (valid(old), valid(new), valid(other));
        let now = now.map(Value::from);
        let mut options =
            Options { by: vec!["plan".to_owned(), "app".to_owned(), "app.version".to_owned()], now, ..Options::default() };
        options.threads = NonZeroUsize::new(2);
        let people = population(&rows);
        let cancel = AtomicBool::new(false);
        let found = replay(&old, &new, &people, &options, &mut |_| {}, &cancel).unwrap();
        let expected = direct::replay(&old, &new, &rows, &["plan", "app", "app.version"], options.now.as_ref());
        prop_assert_eq!(direct::of(&found), expected);

        options.threads = NonZeroUsize::new(1);
        let alone = replay(&old, &new, &people, &options, &mut |_| {}, &cancel).unwrap();
        prop_assert_eq!(&found, &alone);

        // Whatever was replayed over the population before.
        let mut replayer = Replayer::new(Arc::new(people.clone()));
        for (from, to, other_now) in [(&new, &old, None), (&old, &other, options.now.clone()), (&old, &new, options.now.clone())] {
            let options = Options { now: other_now, ..options.clone() };
            let again = replayer.replay(from, to, &options, &mut |_| {}, &cancel).unwrap();
            prop_assert_eq!(again, replay(from, to, &people, &options, &mut |_| {}, &cancel).unwrap());
        }

        let (one, other) = (Engine::new(&old), Engine::new(&new));
        for (key, flag) in &found.flags {
            prop_assert!(!flag.examples.is_empty());
            for example in &flag.examples {
                let (from, to) = (one.decide(key, &example.context).unwrap(), other.decide(key, &example.context).unwrap());
                prop_assert_eq!((&from.0, &from.3), (&example.from.variant, &example.from.why));
                prop_assert_eq!((&to.0, &to.3), (&example.to.variant, &example.to.why));
                prop_assert_eq!(people.row_weight(example.row.unwrap()), example.weight);
            }
        }
    }

    #[test]
    fn a_document_against_itself_changes_nothing(set in flag_set(), rows in rows()) {
        let set = valid(set);
        let found =
            replay(&set, &set, &population(&rows), &Options::default(), &mut |_| {}, &AtomicBool::new(false)).unwrap();
        prop_assert!(found.flags.is_empty() && found.moved == 0.0 && found.moved_rows == 0);
        prop_assert_eq!(found.compared, set.document().flags.len());
    }
}
