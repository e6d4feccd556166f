//! The states of a fleet: every one from the smallest roster that is in it, and none where all clients agree.

use crate::support::{World, flag, kill_request, now};
use downhaul_control::api::{
    Acknowledgement, BreakerView, ClientState, FleetState, KillRequest, KillScope, Position, Progress, Transport, Trust,
};
use downhaul_control::fleet::states::Around;
use downhaul_control::fleet::{Fleet, Limits, Sender};
use downhaul_control::release::{RecoveryReading, Release, kill_status, rollback_status};
use downhaul_control::runbook::{Action, Pace, Payload, RunEvent, start};
use downhaul_control::{Command, decide, time};
use downhaul_core::document::{ClientKind, RegionTree};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

const RELEASE: &str = "shop-2.4.1";

/// A roster whose clock stands at an hour when the wall's stands at twelve minutes past the world's last change.
struct Scene {
    world: World,
    fleet: Fleet,
    breakers: Vec<BreakerView>,
    now: Duration,
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Scene {
    fn new() -> Scene {
        let mut world = World::new();
        world.put(flag("cart")).unwrap();
        let within = |names: &[&str]| -> RegionTree {
            RegionTree(names.iter().map(|name| (name.parse().unwrap(), RegionTree::default())).collect())
        };
        let tree = [("eu", within(&["eu-west", "eu-north"])), ("us", within(&["us-east"]))];
        let regions = RegionTree(tree.into_iter().map(|(name, below)| (name.parse().unwrap(), below)).collect());
        world.ask(Command::PutRegions { regions }, None).unwrap();
        let mut scene = Scene { world, fleet: Fleet::new(Limits::default()), breakers: Vec::new(), now: seconds(3600) };
        scene.fleet.published(scene.position(), Duration::ZERO);
        scene
    }

    fn position(&self) -> Position {
        self.world.state.position()
    }

    /// So long before now.
    fn heard(&mut self, kind: ClientKind, name: &str, ago: u64, change: impl FnOnce(&mut Acknowledgement)) {
        let mut said = Acknowledgement {
            instance: name.to_owned(),
            position: self.position(),
            state: ClientState::Live,
            sdk: "test/1".to_owned(),
            release: None,
            region: Some("eu-west".to_owned()),
            program: None,
            transport: Some(Transport::Stream),
            problems: Vec::new(),
            applied_after_ms: None,
            waited_ms: None,
            migrations: Vec::new(),
            outcomes: Vec::new(),
            evaluated: None,
            sample: None,
        };
        change(&mut said);
        let sender = Sender { key: format!("{kind:?}"), kind, address: "192.0.2.1".to_owned() };
        self.fleet.acknowledge(&sender, said, self.now - seconds(ago)).unwrap();
    }

    fn server(&mut self, name: &str, ago: u64, change: impl FnOnce(&mut Acknowledgement)) {
        self.heard(ClientKind::Server, name, ago, change);
    }

    /// A change that clients hear of so long before now.
    fn changed(&mut self, ago: u64) -> Position {
        let before = self.position();
        self.world.put(flag(&format!("flag-{}", before.revision))).unwrap();
        self.fleet.published(self.position(), self.now - seconds(ago));
        before
    }

    fn killed(&mut self, scope: KillScope, ago: u64) -> String {
        let kill = self.world.kill(&KillRequest { scope, ..kill_request("cart") }).unwrap();
        self.fleet.killed(&kill, self.position(), false, self.now - seconds(ago));
        self.fleet.published(self.position(), self.now - seconds(ago));
        kill
    }

    fn breaker(&mut self, kind: ClientKind, open: u64, open_for_ms: u64) {
        self.breakers.push(BreakerView {
            flag: "cart".to_owned(),
            variant: "on".to_owned(),
            kind,
            trust: Trust::of(kind),
            instances: 9,
            closed: 9 - open,
            open,
            half_open: 0,
            forced_open: 0,
            disabled: 0,
            observing: 0,
            open_share: 0.0,
            open_for_ms: (open > 0).then_some(open_for_ms),
            causes: BTreeMap::new(),
            ok: 0,
            failed: 0,
            degraded: 0,
            opened: 0,
        });
    }

    /// A rollback of the release that has been carried out whole.
    fn rolled_back(&mut self) {
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
        let release: Release = serde_json::from_value(json!({
            "key": RELEASE, "owner": "payments", "flags": ["cart"], "redeploy": "deploy",
            "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
            "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
            "caches": [
                { "name": "cdn", "lag_seconds": 3600, "purge": "cdn" }, { "name": "browser", "lag_seconds": 900 },
                { "name": "search" }, { "name": "short", "lag_seconds": 30 },
            ],
            "recovery": [{ "name": "errors", "query": "errors", "condition": "< 0.01", "for_seconds": 1 }],
        }))
        .unwrap();
        self.world.ask(Command::PutRelease { release: Box::new(release) }, None).unwrap();
        let command = start(&self.world.state, RELEASE, Pace::Straight).unwrap();
        self.world.ask(command, None).unwrap();
        while let Some(action) = self.world.state.releases.runs[&1].actions().into_iter().next() {
            let event = match action {
                Action::Kill { id, step, attempt, flag } => {
                    let command =
                        decide::kill_everyone(&self.world.state, [&flag, &id], "it burns", "a-2", now()).unwrap();
                    self.world.ask(command, None).unwrap();
                    RunEvent::Killed { step, attempt, flag, kill: id, found: false }
                }
                Action::WatchKills { step, attempt, .. } => {
                    RunEvent::Dark { step, attempt, dark: 1, unknown: 0, p50_ms: None, slowest_ms: None }
                }
                Action::Deliver(delivery) => match delivery.payload {
                    Payload::Redeploy { step, attempt, .. } | Payload::Purge { step, attempt, .. } => {
                        RunEvent::Delivered { step, attempt, status: 202 }
                    }
                    other => panic!("{other:?}"),
                },
                Action::AwaitCallBack { step, attempt, .. } => {
                    RunEvent::CalledBack { step, attempt, ok: true, detail: String::new() }
                }
                Action::Wait { step, attempt, .. } => RunEvent::Waited { step, attempt },
                Action::QueryMetric { step, attempt, .. } => {
                    RunEvent::MetricRead { step, attempt, value: Some(0.0), holds: true, held_ms: 1000, problem: None }
                }
                other => panic!("{other:?}"),
            };
            self.world.ask(Command::Run { run: 1, event: Box::new(event) }, None).unwrap();
        }
        self.fleet.published(self.position(), self.now - seconds(1));
    }

    fn states(&self) -> Vec<FleetState> {
        let last = time::from_text(&self.world.state.changed_at).unwrap();
        let at = last.checked_add(SignedDuration::from_secs(720)).unwrap();
        let around = Around { state: &self.world.state, breakers: &self.breakers, now: self.now, at };
        self.fleet.states(&around)
    }
}

/// One line of each: id, clients and trusted ones, for how long, words, who.
fn lines(scene: &Scene) -> Vec<String> {
    let last = time::from_text(&scene.world.state.changed_at).unwrap();
    let at = last.checked_add(SignedDuration::from_secs(720)).unwrap();
    let line = |state: FleetState| {
        assert!(!state.help.is_empty(), "{state:?}");
        let lasts = at.duration_since(time::from_text(&state.since).unwrap()).as_secs();
        let who: Vec<String> = state.who.iter().map(|part| part.words()).collect();
        let (clients, trusted) = (state.clients, state.trusted);
        format!("{} {clients}/{trusted} for {lasts} s: {} [{}]", state.id, state.words, who.join("; "))
    };
    scene.states().into_iter().map(line).collect()
}

#[test]
fn every_state() {
    type Make = fn(&mut Scene);
    let table: &[(&str, Make, &[&str])] = &[
        (
            "all agree",
            |scene| {
                scene.server("one", 1, |_| {});
                scene.heard(ClientKind::Browser, "page", 1, |said| said.release = Some("shop 2.4.1".to_owned()));
                scene.server("two", 1, |said| said.release = Some("api 9".to_owned()));
            },
            &[],
        ),
        (
            "a change on its way",
            |scene| {
                scene.server("one", 20, |_| {});
                scene.changed(14);
            },
            &[],
        ),
        (
            "mixed revisions",
            |scene| {
                let before = scene.changed(300);
                scene.server("behind", 1, |said| said.position = before);
                scene.heard(ClientKind::Browser, "page", 1, |said| said.position = before);
                scene.server("newest", 1, |_| {});
            },
            &[
                "mixed-revisions 2/1 for 300 s: 2 of 3 live are at an older revision than 3 [1 in eu-west at revision 2; 1 in eu-west at revision 2]",
            ],
        ),
        (
            "mixed releases",
            |scene| {
                scene.server("old", 1, |said| said.release = Some("shop 2.4.0".to_owned()));
                scene.server("old", 0, |said| said.release = Some("shop 2.4.0".to_owned()));
                scene.server("new", 500, |said| said.release = Some("shop 2.4.1".to_owned()));
                scene.server("new", 1, |said| said.release = Some("shop 2.4.1".to_owned()));
                scene.server("new too", 1, |said| said.release = Some("shop 2.4.1".to_owned()));
                scene.server("another application", 1, |said| said.release = Some("api 7".to_owned()));
            },
            &[
                "mixed-releases/server/shop 3/3 for 1 s: 2 releases of shop are run by server clients [2 of shop 2.4.1; 1 of shop 2.4.0]",
            ],
        ),
        (
            "some regions dark",
            |scene| {
                for (name, region) in [("dark", "eu-west"), ("lit", "us-east")] {
                    scene.server(name, 200, |said| said.region = Some(region.to_owned()));
                    scene.server(name, 21, |said| said.region = Some(region.to_owned()));
                }
                scene.killed(KillScope::default(), 20);
                scene.server("dark", 19, |_| {});
            },
            &[
                "partly-dark/k-1 1/1 for 722 s: `cart` is killed by k-1 and not yet off in 1 of 2 clients; dark is eu-west [1 in us-east at revision 2]",
                "mixed-revisions 1/1 for 20 s: 1 of 2 live is at an older revision than 3 [1 in us-east at revision 2]",
            ],
        ),
        (
            "a kill on its way",
            |scene| {
                scene.server("lit", 21, |_| {});
                scene.killed(KillScope::default(), 4);
            },
            &[],
        ),
        (
            "a kill that everyone has",
            |scene| {
                scene.killed(KillScope::default(), 20);
                scene.server("dark", 19, |_| {});
            },
            &[],
        ),
        (
            "killed in one region only",
            |scene| {
                scene.killed(KillScope { region: Some(vec!["eu".to_owned()]), ..KillScope::default() }, 20);
                scene.server("within", 1, |_| {});
                scene.server("elsewhere", 1, |said| said.region = Some("us-east".to_owned()));
            },
            &["killed-in-regions/k-1 1/1 for 722 s: `cart` is killed by k-1 within eu only [1 in eu-west]"],
        ),
        (
            "and in the others too",
            |scene| {
                scene.killed(KillScope { region: Some(vec!["eu".to_owned()]), ..KillScope::default() }, 20);
                scene.killed(KillScope::default(), 20);
                scene.server("within", 1, |_| {});
            },
            &[],
        ),
        (
            "a breaker open, and no kill",
            |scene| {
                scene.breaker(ClientKind::Server, 3, 90_000);
                scene.breaker(ClientKind::Browser, 2, 10_000);
                scene.breaker(ClientKind::Edge, 0, 0);
            },
            &[
                "breakers-open/cart 5/3 for 90 s: the breaker of `cart` is open in 5 of 18 clients, and nobody has killed it [3 (on, server); 2 (on, browser)]",
            ],
        ),
        (
            "a breaker open under a kill",
            |scene| {
                scene.breaker(ClientKind::Server, 3, 90_000);
                scene.killed(KillScope::default(), 20);
            },
            &[],
        ),
        (
            "stale clients",
            |scene| {
                scene.server("silent", 100, |said| said.release = Some("shop 2.4.1".to_owned()));
                scene.heard(ClientKind::Browser, "closed", 300, |_| {});
                scene.server("live", 1, |_| {});
                scene.heard(ClientKind::Browser, "hidden", 300, |said| said.state = ClientState::Hidden);
            },
            &[
                "stale-clients 2/1 for 255 s: nothing is heard of 2 clients, which said no goodbye [1 in eu-west; 1 of shop 2.4.1 in eu-west]",
            ],
        ),
        (
            "a region of which nothing is heard",
            |scene| {
                scene.server("one", 100, |said| said.region = Some("us-east".to_owned()));
                scene.server("two", 90, |said| said.region = Some("us-east".to_owned()));
                scene.server("live", 1, |_| {});
            },
            &["silent-region/us-east 2/2 for 55 s: nothing is heard of us-east: 2 clients are silent [2 in us-east]"],
        ),
        (
            "clients that refuse",
            |scene| {
                scene.server("picky", 200, |_| {});
                scene.server("picky", 30, |said| said.problems = vec!["signature-invalid".to_owned()]);
                scene.server("picky", 1, |said| said.problems = vec!["signature-invalid".to_owned()]);
            },
            &[
                "clients-refusing 1/1 for 30 s: 1 client cannot accept what is given out, and keeps what was there [1 in eu-west (signature-invalid)]",
            ],
        ),
        (
            "a release that was rolled back",
            |scene| {
                scene.rolled_back();
                scene.server("left", 0, |said| said.release = Some("shop 2.4.1".to_owned()));
            },
            &[
                "rolled-back-release/shop-2.4.1 1/1 for 724 s: shop-2.4.1 was rolled back by r-1 and still runs in 1 client [1 in eu-west]",
                "caches-lagging/shop-2.4.1 0/0 for 724 s: 2 caches of shop-2.4.1 may serve what was before, until 2026-11-23T21:00:08.000Z [(browser, until 2026-11-23T20:15:08.000Z); (search, nobody has said for how long)]",
            ],
        ),
        (
            "a flag that is killed and restored again and again",
            |scene| {
                for _ in 0..2 {
                    let kill = scene.killed(KillScope::default(), 20);
                    scene.world.restore(&kill).unwrap();
                    scene.fleet.end_watch(&kill);
                }
            },
            &["oscillating-flag/cart 0/0 for 725 s: `cart` was turned off and on 4 times within the hour []"],
        ),
        (
            "clients that go back and forth",
            |scene| {
                let low = scene.changed(300);
                let high = scene.position();
                for ago in [90, 60, 30] {
                    scene.server("swings", ago, |said| said.position = high);
                    scene.server("swings", ago - 1, |said| said.position = low);
                }
                scene.server("swings", 1, |said| said.position = high);
                scene.server("late", 90, |said| said.position = high);
                scene.server("late", 1, |said| said.position = low);
            },
            &[
                "oscillating-clients 1/1 for 89 s: 1 client goes back and forth between revisions [1 in eu-west at revision 2]",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, make, expected) in table {
        let mut scene = Scene::new();
        make(&mut scene);
        let found = lines(&scene);
        if found != *expected {
            wrong.push(format!("{name}:\n  {}", found.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whether_a_rollback_is_complete() {
    let mut scene = Scene::new();
    let status = |scene: &Scene, left, readings: &[RecoveryReading], progress: Option<Progress>| {
        let known = scene.world.state.releases.release(RELEASE).unwrap();
        let status = rollback_status(&scene.world.state, known, left, readings, |_| progress.clone());
        let checks: Vec<String> =
            status.checks.iter().map(|check| format!("{} {}: {}", check.name, check.ok, check.words)).collect();
        (status.complete, checks.join("\n"))
    };
    scene.rolled_back();
    let good = [RecoveryReading { name: "errors".to_owned(), value: Some(0.001), holds: true, problem: None }];
    let bad =
        [RecoveryReading { name: "errors".to_owned(), value: None, holds: false, problem: Some("no data".to_owned()) }];
    let dark = || Some(Progress { live: 4, dark: 4, complete: true, ..Progress::default() });
    let lit = || Some(Progress { live: 4, dark: 3, unknown: 1, ..Progress::default() });
    let (complete, words) = status(&scene, 0, &good, dark());
    assert!(complete, "{words}");
    insta::assert_snapshot!(words, @r"
    run true: r-1 ended as done at 2026-11-23T20:00:12.000Z
    kills true: 1 in force and confirmed
    clients true: no live client tells of this release
    recovery true: errors is 0.001, good
    ");
    for (left, readings, progress, says) in [
        (1, &good[..], dark(), "clients false: 1 live client runs this release"),
        (0, &bad, dark(), "recovery false: errors: no data"),
        (0, &[], dark(), "recovery false: the release names no recovery metric, so nothing shows that it is over"),
        (0, &good, lit(), "kills false: `cart` (r-1.1.1.1): off in 3 of 4 live clients; 1 not heard of"),
        (0, &good, None, "kills false: `cart` (r-1.1.1.1): this server has not heard clients for long enough to say"),
    ] {
        let (complete, words) = status(&scene, left, readings, progress);
        assert!(!complete && words.contains(says), "{says}\n{words}");
    }
    let kill = scene.world.state.kill("r-1.1.1.1").unwrap();
    assert!(kill_status(kill, dark().as_ref()).confirmed);
    // It is restored: what was dark is so no more.
    scene.world.restore("r-1.1.1.1").unwrap();
    let kill = scene.world.state.kill("r-1.1.1.1").unwrap();
    assert!(!kill_status(kill, dark().as_ref()).confirmed);
    assert!(!status(&scene, 0, &good, dark()).0);
    // The release is put again: the rollback before that is not its own.
    let release = scene.world.state.releases.release(RELEASE).unwrap().release.clone();
    let again = Release { description: "once more".to_owned(), ..release };
    scene.world.ask(Command::PutRelease { release: Box::new(again) }, None).unwrap();
    assert_eq!(status(&scene, 0, &good, dark()).1, "run false: no rollback was begun since the release was put");
}

proptest! {
    /// However many clients of whatever kind, in whatever regions: where all have the newest revision, are heard of, run one
    /// release each and refuse nothing, there is no state; and one of them that falls behind, or silent, makes one.
    #[test]
    fn none_where_all_agree(
        clients in prop::collection::vec((0..3_u8, 0..3_u8, 0..44_u64, any::<bool>()), 1..40),
        changes in 0..5_u64,
    ) {
        let mut scene = Scene::new();
        for _ in 0..changes {
            scene.changed(100);
        }
        let kind = |kind: u8| [ClientKind::Browser, ClientKind::Edge, ClientKind::Server][usize::from(kind)];
        for (number, (of, region, ago, is_hidden)) in clients.iter().enumerate() {
            scene.heard(kind(*of), &format!("i{number}"), *ago, |said| {
                said.release = Some("shop 2.4.1".to_owned());
                said.region = [None, Some("eu-west".to_owned()), Some("us-east".to_owned())][usize::from(*region)].clone();
                said.state = if *is_hidden { ClientState::Hidden } else { ClientState::Live };
            });
        }
        prop_assert_eq!(lines(&scene), [""; 0]);
        let late = scene.changed(60);
        for (number, (of, region, ..)) in clients.iter().enumerate() {
            scene.heard(kind(*of), &format!("i{number}"), 0, |said| {
                said.release = Some("shop 2.4.1".to_owned());
                said.region = [None, Some("eu-west".to_owned()), Some("us-east".to_owned())][usize::from(*region)].clone();
                if number == 0 {
                    said.position = late;
                }
            });
        }
        let found = scene.states();
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].id.as_str(), "mixed-revisions");
        prop_assert_eq!(&found[0].instances, &["i0".to_owned()]);
    }
}
