//! Charts that earlier versions wrote: `../charts/`. Each is read and verified for ever after, and none is ever edited.

use downhaul_control::api::{Role, VerifyStatus};
use downhaul_control::chart::read_export_line;
use downhaul_control::verify::{Stored, Verification};
use downhaul_control::{Record, State, decide, replay};

/// What the version that wrote a chart said of its end.
struct Old {
    chart: &'static str,
    revision: u64,
    kill_revision: u64,
    head: &'static str,
    digest: &'static str,
}

/// All commands that there were before there were roles.
const FIRST: Old = Old {
    chart: include_str!("../charts/0001.jsonl"),
    revision: 23,
    kill_revision: 3,
    head: "6a9df160ec5da188eef41215144d966c6e20b54d3f4668b94b22578813460526",
    digest: "0602a94be254dce51bed0dfe020f935c9827c3dde38b00f0245d0b6708470f7b",
};

/// Roles and tokens, of a person and of a machine.
const PEOPLE: Old = Old {
    chart: include_str!("../charts/0002.jsonl"),
    revision: 6,
    kill_revision: 0,
    head: "917c68743eca0c60cdb392ac0d281b01792aeee9d7f9db661ab6c99ae8c0d02e",
    digest: "9e8847278c5100f6a6454f976ebc781e398debb7559e1b976eb06688941dcc72",
};

impl Old {
    fn stored(&self) -> Vec<Stored> {
        let stored = |(revision, line): (u64, &str)| {
            let (hash, bytes) = read_export_line(line.as_bytes()).unwrap();
            Stored { revision, bytes: bytes.to_vec(), hash: String::from_utf8(hash.to_vec()).unwrap() }
        };
        (1..).zip(self.chart.lines()).map(stored).collect()
    }

    fn empty() -> State {
        State::empty("production".parse().unwrap(), 1_764_000_000_000)
    }

    fn check(&self) -> State {
        let empty = Old::empty();
        let mut verification = Verification::new(empty.environment().clone(), empty.epoch);
        self.stored().into_iter().for_each(|stored| verification.next(stored));
        verification.end();
        let report = verification.report();
        assert_eq!((report.status, report.fault), (VerifyStatus::Verified, None));

        let records: Vec<Record> =
            self.stored().into_iter().map(|stored| Record::read(stored.bytes).unwrap()).collect();
        let state = replay(empty, &records);
        assert_eq!((state.position().revision, state.kill_revision), (self.revision, self.kill_revision));
        assert_eq!(state.head.to_string(), self.head);
        assert_eq!(decide::digest(&state.flag_set).unwrap(), self.digest);
        state
    }
}

#[test]
fn a_chart_from_before_there_were_roles() {
    let state = FIRST.check();
    assert!(state.people.is_empty() && state.tokens.is_empty());
    assert!(!state.has_role("a-1", Role::Viewer, "2026-11-26T00:00:00Z".parse().unwrap()));
}

#[test]
fn the_first_chart_with_people_in_it() {
    let state = PEOPLE.check();
    let at = "2026-11-26T00:00:00Z".parse().unwrap();
    assert!(state.has_role("a-2", Role::Viewer, at) && !state.has_role("a-2", Role::Editor, at));
    let revoked: Vec<bool> = state.tokens.values().map(|held| held.revoked.is_some()).collect();
    assert_eq!(revoked, [false, true]);
    assert!(!state.has_role("a-4", Role::Operator, at), "its token was revoked");
}
