//! What each phase of a data change reads and writes, and which go together.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::disallowed_methods, reason = "the vectors are files; only the library does no I/O")]

use downhaul_core::phase::{Phase, Shape};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// See tests/vectors/README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    phase: String,
    read: String,
    compare: Option<String>,
    write: Vec<String>,
    next: Option<String>,
    kill: String,
    beside: Vec<String>,
    fallback: Vec<String>,
}

#[test]
fn the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/phases.json");
    let rows: Vec<Row> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(rows.len(), Phase::ALL.len());
    for (row, phase) in rows.iter().zip(Phase::ALL) {
        assert_eq!(Phase::named(&row.phase), Some(phase), "{}", row.phase);
        assert_eq!(phase.reads().name(), row.read, "{}", row.phase);
        assert_eq!(phase.compares().map(Shape::name), row.compare.as_deref(), "{}", row.phase);
        assert_eq!(phase.writes().iter().map(|shape| shape.name()).collect::<Vec<_>>(), row.write, "{}", row.phase);
        assert_eq!(phase.next().map(Phase::name), row.next.as_deref(), "{}", row.phase);
        assert_eq!(phase.a_step_down().name(), row.kill, "{}", row.phase);
        let beside = Phase::ALL.into_iter().filter(|other| phase.goes_with(*other));
        assert_eq!(beside.map(Phase::name).collect::<Vec<_>>(), row.beside, "{}", row.phase);
        let fallback = Phase::ALL.into_iter().filter(|other| other.stands_in_for(phase));
        assert_eq!(fallback.map(Phase::name).collect::<Vec<_>>(), row.fallback, "{}", row.phase);
    }
    assert_eq!(Phase::named("live"), None);
}

/// Two shapes of the data, each with the newest record that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Data {
    old: u8,
    new: u8,
}

impl Data {
    fn of(self, shape: Shape) -> u8 {
        match shape {
            Shape::Old => self.old,
            Shape::New => self.new,
        }
    }

    fn written(mut self, phase: Phase, record: u8) -> Data {
        for shape in phase.writes() {
            match shape {
                Shape::Old => self.old = record,
                Shape::New => self.new = record,
            }
        }
        self
    }
}

/// Writers and readers at any of `phases`, in any order, from data of which `readable` is complete: whether each read
/// finds what was written last.
fn every_read_finds(phases: &[Phase], start: Data) -> bool {
    const WRITES: u8 = 4;
    let mut states = BTreeSet::from([(start, start.of(phases.first().expect("a phase").reads()))]);
    for record in 10..10 + WRITES {
        let found = |(data, last): &(Data, u8)| phases.iter().all(|phase| data.of(phase.reads()) == *last);
        if !states.iter().all(found) {
            return false;
        }
        let after =
            |(data, _): &(Data, u8)| phases.iter().map(|phase| (data.written(*phase, record), record)).collect();
        states = states.iter().flat_map(|state| -> Vec<_> { after(state) }).collect();
    }
    states.iter().all(|(data, last)| phases.iter().all(|phase| data.of(phase.reads()) == *last))
}

/// The invariant that everything else keeps: where two phases go together, whatever a client of one has written, a
/// client of the other finds. And no more go together than that, so the rule is not stricter than it has to be.
#[test]
fn phases_go_together_where_every_reader_finds_what_every_writer_wrote() {
    let old_only = Data { old: 1, new: 0 };
    let both = Data { old: 1, new: 1 };
    let new_only = Data { old: 0, new: 1 };
    // The data as it is when a pair is first met: up to `backfill` the new shape lacks what was there before.
    let start = |phase: Phase| match phase {
        Phase::Expand | Phase::DualWrite => old_only,
        Phase::Backfill | Phase::ReadNew => both,
        Phase::StopOldWrites | Phase::Contract => new_only,
    };
    for one in Phase::ALL {
        for other in Phase::ALL.into_iter().filter(|other| *other >= one) {
            // Before the step to `read-new` the copy is complete.
            let data = if other == Phase::ReadNew { both } else { start(other) };
            let safe = every_read_finds(&[one, other], data);
            if one.goes_with(other) {
                assert!(safe, "{one:?} beside {other:?}");
            }
        }
    }
    // What going two steps at once would do.
    for (one, other) in [
        (Phase::Expand, Phase::ReadNew),
        (Phase::DualWrite, Phase::StopOldWrites),
        (Phase::Backfill, Phase::StopOldWrites),
        (Phase::Backfill, Phase::Contract),
    ] {
        assert!(!one.goes_with(other) && !every_read_finds(&[one, other], both), "{one:?} beside {other:?}");
    }
}

/// The shape that is read is the one that is written first: what fails there has not happened.
#[test]
fn what_is_read_is_written_first() {
    for phase in Phase::ALL {
        assert_eq!(phase.writes().first(), Some(&phase.reads()), "{phase:?}");
        assert_ne!(phase.compares(), Some(phase.reads()), "{phase:?}");
        let touches_old = phase.reads() == Shape::Old || phase.writes().contains(&Shape::Old);
        assert_eq!(phase.needs_old(), touches_old, "{phase:?}");
    }
}
