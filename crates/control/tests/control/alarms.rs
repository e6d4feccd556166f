//! Alarms: one for one cause, told to whom it is due, and over when what raised it is.

use crate::support::{World, flag, now};
use downhaul_control::alarms::{
    Act, Backups, Cause, Ledger, Silence, Surroundings, Suspicion, Tell, Telling, When, causes, tellings,
};
use downhaul_control::api::{BeatView, FleetState, FleetStateKind, HeartbeatView, PanicView, WithheldView};
use downhaul_control::time;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

fn later(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn cause(id: &str) -> Cause {
    Cause {
        id: id.to_owned(),
        about: id.split('/').next().unwrap().to_owned(),
        message: format!("{id} is so"),
        also: Vec::new(),
        covers: Vec::new(),
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

/// Nothing is wrong.
fn well<'a>(
    world: &'a World,
    recovered: &'a BTreeMap<String, String>,
    heartbeat: &'a HeartbeatView,
) -> Surroundings<'a> {
    Surroundings {
        state: &world.state,
        fleet: &[],
        heartbeat,
        suspicions: &[],
        panic: None,
        withheld: &[],
        backups: None,
        is_writable: true,
        recovered,
        now: later(5),
    }
}

fn derived(world: &World, fleet: &[FleetState], heartbeat: &HeartbeatView, suspicions: &[Suspicion]) -> Vec<Cause> {
    causes(&Surroundings { fleet, suspicions, ..well(world, &BTreeMap::new(), heartbeat) })
}

fn words(causes: &[Cause]) -> Vec<String> {
    causes.iter().map(|cause| format!("{}: {}; {}", cause.id, cause.message, cause.also.join("; "))).collect()
}

#[test]
fn what_concerns_all_flags_is_one_alarm() {
    let mut world = World::new();
    world.put(flag("cart")).unwrap();
    let (recovered, heartbeat) = (BTreeMap::new(), HeartbeatView::default());
    let withheld = |flag: &str, why: &str| WithheldView {
        flag: flag.to_owned(),
        by: "errors".to_owned(),
        why: why.to_owned(),
        words: "as it is".to_owned(),
        since: time::to_text(now()),
    };
    let wanted = [withheld("cart", "panic"), withheld("search", "panic"), withheld("cart", "degraded-fails")];
    let panic =
        PanicView { since: time::to_text(now()), guarded: 3, failing: vec!["cart".to_owned(), "search".to_owned()] };
    let fleet = [fleet_state(FleetStateKind::BreakersOpen, "", 3)];
    let around =
        Surroundings { fleet: &fleet, withheld: &wanted, panic: Some(&panic), ..well(&world, &recovered, &heartbeat) };
    assert_eq!(
        words(&causes(&around)),
        [
            "panic: 2 of 3 guarded flags fail at once: what they share is at fault; nothing is killed by itself, and rollouts are paused; \
             failing: cart, search; `errors` of `cart` did not kill; `errors` of `search` did not kill; breakers-open of ",
            "kill-withheld/cart/errors: guard `errors` of `cart` did not kill, and somebody has to look: as it is; ",
        ]
    );
    // What was withheld for it is over with it.
    let around = Surroundings { withheld: &wanted[..2], ..well(&world, &recovered, &heartbeat) };
    assert_eq!(words(&causes(&around)), [""; 0]);
    let wanted = [withheld("cart", "budget"), withheld("search", "budget")];
    let around = Surroundings { withheld: &wanted, ..well(&world, &recovered, &heartbeat) };
    assert_eq!(
        words(&causes(&around)),
        [
            "automatic-spent: 3 kills were made by themselves within 600 s, which is all that the policy allows, and more were wanted: \
          a detector may be wrong, or somebody has to kill; `errors` of `cart` did not kill; `errors` of `search` did not kill"
        ]
    );
}

#[test]
fn a_backup_that_is_old_or_failed_is_an_alarm_where_the_policy_says_how_old_one_may_be() {
    let mut world = World::new();
    let (recovered, heartbeat) = (BTreeMap::new(), HeartbeatView::default());
    let at = |hours: i64| time::to_text(later(-hours * 3600));
    let backups = |taken: Option<i64>, failed: Option<i64>| Backups {
        taken: taken.map(at),
        failed: failed.map(|hours| (at(hours), "the disk is full".to_owned())),
    };
    let of = |world: &World, backups: Option<&Backups>| {
        let found = causes(&Surroundings { backups, ..well(world, &recovered, &heartbeat) });
        found.into_iter().map(|cause| cause.about).collect::<Vec<_>>()
    };
    assert_eq!(of(&world, Some(&backups(None, None))), [""; 0], "nobody has asked");
    world.state.policy.backup_hours = Some(serde_json::from_value(24.into()).unwrap());
    for (taken, failed, about) in [
        (None, None, Some("backup-missed")),
        (Some(23), None, None),
        (Some(25), None, Some("backup-missed")),
        (Some(3), Some(2), Some("backup-failed")),
        (Some(2), Some(3), None),
        (None, Some(2), Some("backup-failed")),
    ] {
        assert_eq!(
            of(&world, Some(&backups(taken, failed))).first().map(String::as_str),
            about,
            "{taken:?} {failed:?}"
        );
    }
    assert_eq!(of(&world, None), [""; 0], "they are taken elsewhere");
}

#[test]
fn a_heartbeat_that_takes_too_long_twice_in_a_row_is_an_alarm() {
    let mut world = World::new();
    world.state.policy.heartbeat =
        Some(serde_json::from_value(serde_json::json!({ "flag": "pulse", "p99_ms": 1500 })).unwrap());
    let beats = |took: &[f64]| HeartbeatView {
        beats: took
            .iter()
            .map(|ms| BeatView {
                kill: "beat-1".to_owned(),
                at: time::to_text(now()),
                dark: 3,
                missing: 0,
                p50_ms: Some(1.0),
                p99_ms: Some(*ms),
                slowest_ms: Some(*ms),
            })
            .collect(),
        ..HeartbeatView::default()
    };
    for (took, is_slow) in [
        (&[1501.0][..], false),
        (&[1501.0, 1600.0], true),
        (&[1499.0, 9000.0], false),
        (&[9000.0, 1499.0], false),
        (&[1500.0, 1500.0], false),
    ] {
        let found = derived(&world, &[], &beats(took), &[]);
        let found: Vec<&str> = found.iter().map(|cause| cause.about.as_str()).collect();
        assert_eq!(found, if is_slow { vec!["heartbeat-slow"] } else { vec![] }, "{took:?}");
    }
    world.state.policy.heartbeat = None;
    assert_eq!(derived(&world, &[], &beats(&[9000.0, 9000.0]), &[]), []);
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
    assert_eq!(found[0].covers, ["breakers-open/cart"]);
}

#[test]
fn an_alarm_whose_cause_another_tells_of_is_part_of_that() {
    let mut desk = Desk::default();
    desk.at(0, &[cause("breakers")]);
    let root = Cause { also: vec!["breakers".to_owned()], covers: vec!["breakers".to_owned()], ..cause("guard") };
    desk.at(1, std::slice::from_ref(&root));
    let part = desk.ledger.alarms.iter().find(|alarm| alarm.cause.id == "breakers").unwrap();
    assert!(part.shown_by.as_ref().is_some_and(|by| by.contains("another alarm")), "{part:?}");
    // What is left of it, once the other is over, is an alarm again.
    let told = desk.at(40, &[cause("breakers")]);
    assert_eq!(told, ["pager raised"]);
}
