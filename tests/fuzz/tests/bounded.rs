//! Everything that is kept, and changed copies of it: bounded by a number of inputs, the same in every run.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use downhaul_fuzz::{TARGETS, corpus, mutate, named};
use std::panic::catch_unwind;

fn bounded(name: &str) {
    let target = named(name).unwrap();
    let kept = corpus(target);
    assert!(!kept.is_empty(), "nothing is kept of {name}");
    let changed = (0..u64::from(target.rounds)).map(|seed| mutate::changed(&kept, seed));
    for bytes in kept.iter().cloned().chain(changed) {
        if catch_unwind(|| (target.run)(&bytes)).is_err() {
            let path = std::env::temp_dir().join(format!("downhaul-fuzz-{name}.bin"));
            std::fs::write(&path, &bytes).unwrap();
            panic!("{name}: see above; the input is in `{}`", path.display());
        }
    }
}

macro_rules! every {
    ($($name:ident)*) => {
        $(#[test] fn $name() { bounded(stringify!($name)); })*

        #[test]
        fn every_target_is_run() {
            let named: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(named, [$(stringify!($name)),*]);
        }
    };
}

every! { document flag context pattern program kills envelope patch text chart request population differential boundary }
