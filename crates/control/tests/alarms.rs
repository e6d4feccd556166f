//! Alarms: one for one cause, told to whom it is due, and over when what raised it is.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_control::alarms::{
    Act, Cause, Ledger, Silence, Surroundings, Suspicion, Tell, Telling, When, causes, tellings,
};
use downhaul_control::api::{BeatView, FleetState, FleetStateKind, HeartbeatView};
use downhaul_control::time;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use support::{World, flag, now};

fn later(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn cause(id: &str) -> Cause {
    Cause {
        id: id.to_owned(),
        about: id.split('/').next().unwrap().to_owned(),
        message: format!("{id} is so"),
        also: Vec::new(),
        flag: None,
        guard: None,
        owner: None,
        revision: None,
        since: time::to_text(now()),
        after_seconds: 0,
        look: "downhaul status".to_owned(),
        act: None,
        runbooks: Vec::new(),
        happened: false,
        over: None,
    }
}

const QUIET: SignedDuration = SignedDuration::from_secs(30);

#[derive(Default)]
struct Desk {
    ledger: Ledger,
    acts: BTreeMap<String, Act>,
    silences: BTreeMap<String, Silence>,
}

impl Desk {
    /// What is told at a second, to a pager at once and to a lead after ten minutes; all of it arrives.
    fn at(&mut self, seconds: i64, causes: &[Cause]) -> Vec<String> {
        self.ledger.look(causes, QUIET, later(seconds));
        let tells = self.due(seconds);
        tells.iter().for_each(|tell| self.ledger.told(tell, later(seconds)));
        tells.iter().map(|tell| format!("{} {}", tell.target, tell.what.as_str())).collect()
    }

    fn due(&self, seconds: i64) -> Vec<Tell> {
        let targets = [("pager".to_owned(), When::AtOnce), ("lead".to_owned(), When::Unacknowledged(10))];
        tellings(&self.ledger, &targets, &self.acts, &self.silences, later(seconds))
    }

    fn acknowledge(&mut self) {
        let id = self.ledger.alarms.last().unwrap().id.clone();
        self.acts.insert(id, Act { by: "a-1".to_owned(), at: time::to_text(now()), note: String::new() });
    }

    fn silence(&mut self, cause: &str, until: i64) {
        let silence = Silence {
            cause: cause.to_owned(),
            by: "a-1".to_owned(),
            at: time::to_text(now()),
            until: time::to_text(later(until)),
            reason: "known".to_owned(),
        };
        self.silences.insert(cause.to_owned(), silence);
    }

    fn standings(&self, seconds: i64) -> Vec<String> {
        let page = self.ledger.page(&self.acts, &self.silences, &BTreeMap::new(), later(seconds));
        page.alarms.into_iter().map(|alarm| alarm.standing).collect()
    }
}

const NOBODY: [&str; 0] = [];

#[test]
fn it_is_told_once_escalated_where_nobody_has_it_and_over_when_it_is() {
    let mut desk = Desk::default();
    let causes = [cause("breakers-open/cart")];
    assert_eq!(desk.at(0, &causes), ["pager raised"]);
    assert_eq!(desk.at(1, &causes), NOBODY);
    assert_eq!(desk.at(599, &causes), NOBODY);
    assert_eq!(desk.at(600, &causes), ["lead escalated"]);
    assert_eq!(desk.at(700, &[]), NOBODY, "it may come again at once");
    assert_eq!(desk.at(710, &causes), NOBODY);
    assert_eq!(desk.at(720, &[]), NOBODY);
    assert_eq!(desk.at(749, &[]), NOBODY);
    assert_eq!(desk.at(750, &[]), ["pager recovered", "lead recovered"]);
    assert_eq!(desk.at(751, &[]), NOBODY);
    assert_eq!(desk.standings(751), ["recovered"]);
    // It comes again: another alarm.
    assert_eq!(desk.at(800, &causes), ["pager raised"]);
    assert_eq!(desk.standings(800), ["raised", "recovered"]);
}

#[test]
fn who_has_it_is_not_called_over_and_whoever_was_not_told_has_nothing_to_forget() {
    let mut desk = Desk::default();
    let causes = [cause("breakers-open/cart")];
    desk.at(0, &causes);
    desk.acknowledge();
    assert_eq!(desk.standings(1), ["acknowledged"]);
    assert_eq!(desk.at(6000, &causes), NOBODY);
    desk.at(6001, &[]);
    assert_eq!(desk.at(6031, &[]), ["pager recovered"]);
    // The acknowledgement was of that one.
    desk.at(7000, &causes);
    assert_eq!(desk.at(7600, &causes), ["lead escalated"]);
}

#[test]
fn a_silence_has_an_end() {
    let mut desk = Desk::default();
    let causes = [cause("stale-clients")];
    desk.silence("stale-clients", 900);
    assert_eq!(desk.at(0, &causes), NOBODY);
    assert_eq!(desk.standings(0), ["silenced"]);
    assert_eq!(desk.at(899, &causes), NOBODY);
    assert_eq!(desk.at(900, &causes), ["pager raised", "lead escalated"]);
}

#[test]
fn what_is_not_delivered_stays_due_and_only_what_lasts_is_an_alarm() {
    let mut desk = Desk::default();
    let lasting = Cause { after_seconds: 60, ..cause("stale-clients") };
    desk.ledger.look(std::slice::from_ref(&lasting), QUIET, later(59));
    assert!(desk.ledger.alarms.is_empty());
    desk.ledger.look(&[lasting], QUIET, later(60));
    for seconds in [60, 61, 4000] {
        assert_eq!(desk.due(seconds).len(), if seconds < 600 { 1 } else { 2 });
    }
    // Kept and read again, it is the same.
    let text = serde_json::to_string(&desk.ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), desk.ledger);
}

#[test]
fn what_happened_is_told_even_where_it_is_over_and_never_again() {
    let mut desk = Desk::default();
    let over = Cause { happened: true, over: Some("errors are down".to_owned()), ..cause("guard-acted/cart/errors/9") };
    desk.ledger.look(std::slice::from_ref(&over), QUIET, later(0));
    desk.ledger.look(std::slice::from_ref(&over), QUIET, later(40));
    assert_eq!(desk.ledger.alarms[0].shown_by.as_deref(), Some("errors are down"));
    // The pager was down until now.
    let first = desk.due(41);
    assert_eq!((first.len(), first[0].what), (1, Telling::Raised));
    desk.ledger.told(&first[0], later(41));
    assert_eq!(desk.due(42)[0].what, Telling::Recovered);
    desk.ledger.told(&desk.due(42)[0].clone(), later(42));
    assert_eq!(desk.at(5000, &[over]), NOBODY);
}

fn fleet_state(kind: FleetStateKind, of: &str, trusted: usize) -> FleetState {
    FleetState {
        id: format!("{}/{of}", kind.as_str()),
        kind,
        words: format!("{} of {of}", kind.as_str()),
        clients: 9,
        trusted,
        who: Vec::new(),
        instances: Vec::new(),
        since: time::to_text(now()),
        help: "look".to_owned(),
        command: Some("downhaul kill cart --reason '…'".to_owned()),
        flag: (of == "cart").then(|| of.to_owned()),
        kill: None,
        release: None,
    }
}

fn derived(world: &World, fleet: &[FleetState], heartbeat: &HeartbeatView, suspicions: &[Suspicion]) -> Vec<Cause> {
    causes(&Surroundings {
        state: &world.state,
        fleet,
        heartbeat,
        suspicions,
        is_writable: true,
        recovered: &BTreeMap::new(),
        now: later(5),
    })
}

#[test]
fn one_alarm_for_one_cause() {
    let mut world = World::new();
    world.put(flag("cart")).unwrap();
    let none = HeartbeatView::default();
    assert_eq!(derived(&world, &[], &none, &[]), []);
    // What anybody could make up calls nobody.
    assert_eq!(derived(&world, &[fleet_state(FleetStateKind::StaleClients, "", 0)], &none, &[]), []);
    assert_eq!(derived(&world, &[fleet_state(FleetStateKind::MixedReleases, "", 3)], &none, &[]), []);
    let beat = |missing| BeatView {
        kill: "beat-1".to_owned(),
        at: time::to_text(now()),
        dark: 1,
        missing,
        p50_ms: None,
        p99_ms: None,
        slowest_ms: None,
    };
    let beats = |missing: &[usize]| HeartbeatView {
        beats: missing.iter().map(|missing| beat(*missing)).collect(),
        ..HeartbeatView::default()
    };
    assert_eq!(derived(&world, &[], &beats(&[3]), &[]), []);
    assert_eq!(derived(&world, &[], &beats(&[3, 0]), &[]), []);
    let suspicion = Suspicion {
        withheld: false,
        flag: "cart".to_owned(),
        guard: "errors".to_owned(),
        words: "would have fired".to_owned(),
        since: time::to_text(now()),
    };
    let fleet = [
        fleet_state(FleetStateKind::BreakersOpen, "cart", 3),
        fleet_state(FleetStateKind::StaleClients, "", 2),
        fleet_state(FleetStateKind::MixedRevisions, "", 2),
    ];
    let found = derived(&world, &fleet, &beats(&[3, 1]), &[suspicion]);
    let lines: Vec<String> =
        found.iter().map(|cause| format!("{} + {}: {:?}", cause.id, cause.also.len(), cause.owner)).collect();
    assert_eq!(lines, ["guard-would-have/cart/errors + 1: Some(\"payments\")", "stale-clients + 2: None"]);
    assert!(found.iter().all(|cause| !cause.look.is_empty()));
}
