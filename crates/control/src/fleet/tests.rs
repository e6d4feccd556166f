use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn sender(kind: ClientKind) -> Sender {
    Sender { key: format!("{kind:?}"), kind, address: "192.0.2.1".to_owned() }
}

fn said(instance: &str, kill_revision: u64, state: ClientState) -> Acknowledgement {
    Acknowledgement {
        instance: instance.to_owned(),
        position: at(kill_revision),
        state,
        sdk: "downhaul-js/0.1.0".to_owned(),
        release: None,
        region: Some("eu-west".to_owned()),
        program: None,
        transport: Some(Transport::Stream),
        problems: Vec::new(),
        applied_after_ms: None,
        waited_ms: None,
        migrations: Vec::new(),
        evaluated: None,
        sample: None,
        outcomes: Vec::new(),
    }
}

fn at(kill_revision: u64) -> Position {
    Position { epoch: 1, revision: 10 + kill_revision, kill_revision }
}

fn say(fleet: &mut Fleet, instance: &str, kill_revision: u64, now: Duration) -> Vec<String> {
    let said = said(instance, kill_revision, ClientState::Live);
    let applied = fleet.acknowledge(&sender(ClientKind::Server), said, now).expect("counted");
    applied.into_iter().map(|applied| applied.kill).collect()
}

/// What a client waited on purpose is no part of how long a kill took, but nobody talks a kill quicker by more than that.
#[test]
fn what_was_waited_before_it_was_said_does_not_count() {
    let mut fleet = Fleet::new(Limits::default());
    for instance in ["a", "b", "c"] {
        say(&mut fleet, instance, 0, SECOND);
    }
    fleet.killed("k-1", at(1), false, 2 * SECOND);
    let mut tell = |instance, waited, seconds| {
        let said = Acknowledgement { waited_ms: Some(waited), ..said(instance, 1, ClientState::Live) };
        let applied = fleet.acknowledge(&sender(ClientKind::Server), said, seconds * SECOND).expect("counted");
        applied.into_iter().map(|applied| applied.after).collect::<Vec<_>>()
    };
    assert_eq!(tell("a", 1_400, 4), [Duration::from_millis(600)]);
    assert_eq!(tell("b", u32::MAX, 5), [SECOND], "at most two seconds are believed");
    assert_eq!(tell("c", 2_000, 3), [Duration::ZERO], "and nothing from before the kill");
    let progress = fleet.progress("k-1", 6 * SECOND).unwrap();
    assert_eq!((progress.first_ms, progress.p50_ms, progress.slowest_ms), (Some(0.0), Some(600.0), Some(1000.0)));
}

#[test]
fn a_kill_is_timed_from_commit_to_acknowledgement() {
    let mut fleet = Fleet::new(Limits::default());
    for number in 0..100 {
        say(&mut fleet, &format!("i{number}"), 0, SECOND);
    }
    fleet.killed("k-1", at(1), false, 2 * SECOND);
    for number in 0..100u64 {
        let heard = 2 * SECOND + Duration::from_millis(number + 1);
        assert_eq!(say(&mut fleet, &format!("i{number}"), 1, heard), ["k-1"]);
        assert_eq!(say(&mut fleet, &format!("i{number}"), 1, heard + SECOND), [""; 0], "counted once");
    }
    // Comes with the kill: dark, but no measure of how fast it was turned off.
    say(&mut fleet, "late", 1, 9 * SECOND);
    let progress = fleet.progress("k-1", 10 * SECOND).unwrap();
    assert_eq!((progress.live, progress.dark, progress.dark_total, progress.unknown), (101, 101, 101, 0));
    assert_eq!(
        (progress.first_ms, progress.p50_ms, progress.p99_ms, progress.slowest_ms),
        (Some(1.0), Some(50.0), Some(99.0), Some(100.0))
    );
    assert!(progress.complete && progress.stragglers.is_empty());
    assert_eq!(progress.by_region["eu-west"].dark, 101);
}

#[test]
fn hidden_closed_lost_and_late() {
    let mut fleet = Fleet::new(Limits::default());
    let browser = sender(ClientKind::Browser);
    for instance in ["hidden", "closed", "lit"] {
        fleet.acknowledge(&browser, said(instance, 0, ClientState::Live), SECOND).unwrap();
    }
    say(&mut fleet, "lost-before", 0, Duration::ZERO);
    say(&mut fleet, "lost", 0, 40 * SECOND);
    fleet.acknowledge(&browser, said("hidden", 0, ClientState::Hidden), 50 * SECOND).unwrap();
    fleet.acknowledge(&browser, said("closed", 0, ClientState::Closing), 50 * SECOND).unwrap();
    fleet.acknowledge(&browser, said("lit", 0, ClientState::Live), 50 * SECOND).unwrap();
    fleet.killed("k-1", at(1), true, 50 * SECOND);
    let progress = fleet.progress("k-1", 51 * SECOND).unwrap();
    assert_eq!((progress.live, progress.hidden, progress.unknown, progress.dark), (2, 1, 0, 0));
    assert_eq!((progress.claimed.live, progress.trusted.live), (1, 1));
    assert!(!progress.complete);
    assert_eq!(progress.p50_ms, None);

    // Its lease ends during the kill, and by then it has degraded by itself.
    fleet.acknowledge(&browser, said("lit", 1, ClientState::Live), 52 * SECOND).unwrap();
    let progress = fleet.progress("k-1", 86 * SECOND).unwrap();
    assert_eq!((progress.live, progress.dark, progress.unknown), (1, 1, 1));
    assert_eq!(progress.stragglers[0].instance, "lost");
    assert_eq!(progress.stragglers[0].will, "past its stale deadline: has degraded by itself");
    assert!(progress.complete);

    // Dark once is dark, wherever the page goes afterwards.
    fleet.acknowledge(&browser, said("lit", 1, ClientState::Closing), 87 * SECOND).unwrap();
    assert_eq!(fleet.progress("k-1", 88 * SECOND).unwrap().dark_total, 1);
}

#[test]
fn who_is_unreachable_and_keeps_what_it_has_leaves_a_kill_incomplete() {
    let mut fleet = Fleet::new(Limits::default());
    say(&mut fleet, "lost", 0, 10 * SECOND);
    fleet.killed("k-1", at(1), false, 11 * SECOND);
    let progress = fleet.progress("k-1", 100 * SECOND).unwrap();
    assert!(!progress.complete);
    assert!(progress.stragglers[0].will.starts_with("unreachable"), "{}", progress.stragglers[0].will);
}

#[test]
fn limits_hold_and_are_counted() {
    let limits = Limits { per_key: 2, per_address: 3, ..Limits::default() };
    let mut fleet = Fleet::new(limits);
    let mut from = |key: &str, address: &str, instance: &str| {
        let sender = Sender { key: key.to_owned(), kind: ClientKind::Browser, address: address.to_owned() };
        fleet.acknowledge(&sender, said(instance, 0, ClientState::Live), SECOND)
    };
    assert_eq!(from("a", "1", "x"), Ok(vec![]));
    assert_eq!(from("a", "1", "y"), Ok(vec![]));
    assert_eq!(from("a", "2", "z"), Err(NotCounted::KeyFull));
    assert_eq!(from("a", "1", "x"), Ok(vec![]), "a known one is always heard");
    assert_eq!(from("b", "1", "x"), Ok(vec![]));
    assert_eq!(from("b", "1", "y"), Err(NotCounted::AddressFull));
    assert_eq!(from("c", "9", ""), Err(NotCounted::Malformed));
    assert_eq!(from("c", "9", &"x".repeat(129)), Err(NotCounted::Malformed));
    let view = fleet.view(at(0), SECOND);
    assert_eq!((view.live, view.refused), (3, 4));
    fleet.tick(602 * SECOND);
    assert!(fleet.instances.is_empty() && fleet.per_key.is_empty() && fleet.per_address.is_empty());
}

#[test]
fn the_fleet_by_groups() {
    let mut fleet = Fleet::new(Limits::default());
    for (instance, kill_revision) in [("a", 1), ("b", 1), ("c", 0)] {
        say(&mut fleet, instance, kill_revision, SECOND);
    }
    let view = fleet.view(at(1), 2 * SECOND);
    assert_eq!((view.live, view.current, view.trusted, view.claimed), (3, 2, 3, 0));
    assert_eq!(
        view.groups.iter().map(|group| (group.revision, group.instances)).collect::<Vec<_>>(),
        [(11, 2), (10, 1)]
    );
    assert_eq!(view.behind.iter().map(|each| each.instance.as_str()).collect::<Vec<_>>(), ["c"]);
}

proptest! {
    #[test]
    fn counts_agree_whatever_is_said(
        words in prop::collection::vec((0..6usize, 0..3u64, 0..3usize, 0..60u32), 0..60),
        killed_after in 0..60usize,
    ) {
        let states = [ClientState::Live, ClientState::Hidden, ClientState::Closing];
        let mut fleet = Fleet::new(Limits::default());
        let mut now = SECOND;
        for (number, (instance, kill_revision, state, later)) in words.into_iter().enumerate() {
            if number == killed_after {
                fleet.killed("k", at(2), number % 2 == 0, now);
            }
            now += later * SECOND;
            let kind = if instance % 2 == 0 { ClientKind::Browser } else { ClientKind::Server };
            fleet.acknowledge(&sender(kind), said(&format!("i{instance}"), kill_revision, states[state]), now).unwrap();
            fleet.tick(now);
            let Some(progress) = fleet.progress("k", now) else { continue };
            prop_assert!(progress.dark <= progress.live && progress.dark <= progress.dark_total);
            prop_assert_eq!(progress.trusted.live + progress.claimed.live, progress.live);
            prop_assert_eq!(progress.by_region.values().map(|region| region.live).sum::<usize>(), progress.live);
            prop_assert_eq!(progress.stragglers_total, progress.live - progress.dark + progress.unknown);
            prop_assert!(progress.first_ms <= progress.p50_ms && progress.p50_ms <= progress.p99_ms);
            prop_assert!(!progress.complete || progress.live == progress.dark);
            let counted: usize = fleet.per_key.values().sum();
            prop_assert_eq!(counted, fleet.instances.len());
        }
    }
}

fn counted(instance: &str, mismatches: u64, release: &str) -> Acknowledgement {
    let calls = crate::api::CallCounts { calls: 2 * mismatches, errors: 0, ms: 3 };
    let tally = crate::api::MigrationTally {
        flag: "orders-v2".to_owned(),
        phase: downhaul_core::phase::Phase::Backfill,
        fallback: downhaul_core::phase::Phase::DualWrite,
        compared: 10 * mismatches,
        mismatches,
        refused: 0,
        read_old: calls,
        read_new: calls,
        write_old: crate::api::CallCounts::default(),
        write_new: crate::api::CallCounts::default(),
    };
    let said = said(instance, 0, ClientState::Live);
    Acknowledgement { release: Some(release.to_owned()), migrations: vec![tally], ..said }
}

#[test]
fn counts_of_a_data_change_add_up_whatever_is_lost_or_said_twice() {
    let mut fleet = Fleet::new(Limits::default());
    let tell = |fleet: &mut Fleet, kind, said| fleet.acknowledge(&sender(kind), said, SECOND).expect("counted");
    tell(&mut fleet, ClientKind::Server, counted("a", 1, "shop 1"));
    tell(&mut fleet, ClientKind::Server, counted("a", 1, "shop 1"));
    // One was lost between.
    tell(&mut fleet, ClientKind::Server, counted("a", 5, "shop 1"));
    tell(&mut fleet, ClientKind::Server, counted("b", 2, "shop 1"));
    tell(&mut fleet, ClientKind::Browser, counted("c", 7, "shop 1"));
    let [trusted, claimed] = fleet.counts("orders-v2").try_into().expect("by trust");
    assert_eq!(
        (trusted.trust, trusted.mismatches, trusted.compared, trusted.read_old.calls),
        (Trust::Trusted, 7, 70, 14)
    );
    assert_eq!((claimed.trust, claimed.mismatches), (Trust::Claimed, 7));
    let news = fleet.newly_counted();
    assert_eq!(news.iter().map(|news| news.added.mismatches).collect::<Vec<_>>(), [1, 4, 2, 7]);
    assert_eq!(fleet.newly_counted(), []);
    // One that begins anew under the same id, and one that leaves, take nothing away.
    tell(&mut fleet, ClientKind::Server, counted("a", 2, "shop 1"));
    tell(&mut fleet, ClientKind::Server, Acknowledgement { state: ClientState::Closing, ..counted("b", 3, "shop 1") });
    assert_eq!(fleet.counts("orders-v2").first().map(|counts| counts.mismatches), Some(10));
    assert_eq!(fleet.counts("other"), []);
}

#[test]
fn too_much_of_a_count_is_malformed() {
    let mut fleet = Fleet::new(Limits::default());
    let many =
        Acknowledgement { migrations: vec![counted("a", 1, "").migrations.remove(0); 65], ..counted("a", 1, "") };
    let mut large = counted("a", 1, "");
    large.migrations[0].compared = (1 << 53) + 1;
    for said in [many, large] {
        assert_eq!(fleet.acknowledge(&sender(ClientKind::Server), said, SECOND), Err(NotCounted::Malformed));
    }
    assert_eq!(fleet.counts("orders-v2"), []);
}

#[test]
fn a_roster_says_who_is_where_in_a_data_change() {
    let mut fleet = Fleet::new(Limits::default());
    let flag: downhaul_core::document::Flag = serde_json::from_value(serde_json::json!({
        "key": "orders-v2", "owner": "orders", "kind": "migration", "expires": "2027-03-31", "phase": "backfill",
        "degraded": { "meaning": "-" }, "clients": ["server"],
    }))
    .unwrap();
    let mut tell = |kind, said, now| fleet.acknowledge(&sender(kind), said, now).expect("counted");
    tell(ClientKind::Server, counted("silent", 0, "shop 1"), SECOND);
    tell(ClientKind::Server, counted("a", 0, "shop 1"), 90 * SECOND);
    let ahead = said("b", 5, ClientState::Live);
    tell(ClientKind::Server, Acknowledgement { release: Some("shop 2".to_owned()), ..ahead }, 90 * SECOND);
    tell(ClientKind::Browser, counted("page", 0, "shop 1"), 90 * SECOND);
    let changed = Position { epoch: 1, revision: 12, kill_revision: 0 };
    let seen = fleet.migration(&flag, changed, 100 * SECOND, 100 * SECOND);
    let rows: Vec<_> = seen
        .releases
        .iter()
        .map(|row| {
            (row.release.as_deref(), row.fallback.map(|own| own.name()), row.instances, row.behind, row.behind_silent)
        })
        .collect();
    assert_eq!(rows, [(Some("shop 1"), Some("dual-write"), 2, 2, 1), (Some("shop 2"), None, 1, 0, 0)]);
    assert_eq!(seen.settles_in_seconds, None);
    // A roster that has only just begun says so.
    assert_eq!(fleet.migration(&flag, changed, SECOND, 5 * SECOND).settles_in_seconds, Some(40));
}

#[test]
fn acknowledgements_of_instances_that_are_gone_do_not_pile_up() {
    let mut fleet = Fleet::new(Limits { acknowledgements: 10, ..Limits::default() });
    for stays in ["a", "b"] {
        say(&mut fleet, stays, 0, SECOND);
    }
    fleet.killed("k-1", at(1), false, SECOND);
    assert_eq!(say(&mut fleet, "a", 1, 2 * SECOND), ["k-1"]);
    // Comes under ever new names, and leaves again.
    for number in 0..1000 {
        let name = format!("guest-{number}");
        for state in [ClientState::Live, ClientState::Closing] {
            fleet.acknowledge(&sender(ClientKind::Server), said(&name, 1, state), 3 * SECOND).unwrap();
        }
        assert!(fleet.progress("k-1", 3 * SECOND).unwrap().dark_total <= 11, "{number}");
    }
    assert_eq!(say(&mut fleet, "a", 1, 4 * SECOND), [""; 0], "who stays is not forgotten");
    assert_eq!(say(&mut fleet, "b", 1, 4 * SECOND), ["k-1"]);
    let progress = fleet.progress("k-1", 4 * SECOND).unwrap();
    assert_eq!((progress.live, progress.dark, progress.complete), (2, 2, true));
}
