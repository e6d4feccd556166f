//! A model of a data change: clients that lag behind, and a store with two shapes. Whatever is asked in whatever order,
//! every reader finds what every writer wrote, and the phases are gone through one by one.

use crate::support::{World, flag_with, kill_request};
use downhaul_control::Command;
use downhaul_control::api::{KillScope, MigrationFleet, MigrationRelease};
use downhaul_control::migration::{Cohort, Evidence, MigrationStep, check_fleet, since};
use downhaul_core::document::{ClientKind, Condition, Flag, FlagSet, Outcome};
use downhaul_core::phase::{Phase, Shape};
use proptest::prelude::*;
use serde_json::json;

const FLAG: &str = "orders-v2";
const TENANTS: [&str; 3] = ["one", "two", "three"];
const RECORDS: usize = 2;

/// What may happen next.
#[derive(Debug, Clone)]
enum Event {
    /// A client hears of the newest revision.
    Hears(usize),
    /// A client hears of the kills before it hears of anything else.
    HearsOfKills(usize),
    /// Everyone does, as happens most of the time.
    AllHear,
    Writes {
        client: usize,
        record: usize,
    },
    /// Some step, allowed or not; perhaps for one tenant first. What was done is said truly.
    Steps {
        to: Phase,
        first: Option<usize>,
    },
    /// The steps that people mostly take.
    Advances {
        first: Option<usize>,
    },
    GoesBack,
    /// What gets a data change on: copies, word from everyone, a step.
    GoesOn,
    /// The next phase is asked for again, whoever is still elsewhere.
    PressesOn,
    /// As far back as it goes, soon after something was written.
    GoesFarBack {
        client: usize,
        record: usize,
    },
    Kills {
        whom: Option<usize>,
    },
    Restores,
    /// An editor gives one tenant another phase, or tries to.
    Edits {
        tenant: usize,
        rule: Phase,
        default: Phase,
        degraded: Phase,
    },
    CopiesForward,
    CopiesBack,
}

fn event() -> impl Strategy<Value = Event> {
    let tenant = 0..TENANTS.len();
    let phase = || proptest::sample::select(Phase::ALL.to_vec());
    prop_oneof![
        3 => tenant.clone().prop_map(Event::Hears),
        2 => tenant.clone().prop_map(Event::HearsOfKills),
        4 => Just(Event::AllHear),
        6 => (tenant.clone(), 0..RECORDS).prop_map(|(client, record)| Event::Writes { client, record }),
        1 => (phase(), proptest::option::of(tenant.clone())).prop_map(|(to, first)| Event::Steps { to, first }),
        6 => proptest::option::weighted(0.3, tenant.clone()).prop_map(|first| Event::Advances { first }),
        3 => Just(Event::GoesBack),
        6 => Just(Event::GoesOn),
        2 => Just(Event::PressesOn),
        2 => (tenant.clone(), 0..RECORDS).prop_map(|(client, record)| Event::GoesFarBack { client, record }),
        1 => proptest::option::of(tenant.clone()).prop_map(|whom| Event::Kills { whom }),
        2 => Just(Event::Restores),
        1 => (tenant, phase(), phase(), phase())
            .prop_map(|(tenant, rule, default, degraded)| Event::Edits { tenant, rule, default, degraded }),
        3 => Just(Event::CopiesForward),
        2 => Just(Event::CopiesBack),
    ]
}

/// One record in both shapes, and what was written last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Row {
    old: u32,
    new: u32,
    last: u32,
}

impl Row {
    fn of(self, shape: Shape) -> u32 {
        match shape {
            Shape::Old => self.old,
            Shape::New => self.new,
        }
    }
}

struct Model {
    world: World,
    /// What each client goes by, one a tenant.
    clients: [FlagSet; 3],
    rows: [Row; RECORDS],
    writes: u32,
    asked: u32,
    /// Whether the copy into the new shape, or back into the old one, was made when it could be.
    copied: bool,
    refilled: bool,
    /// How often the flag was found at each phase after a step.
    reached: [u32; 6],
}

impl Model {
    fn new() -> Model {
        let mut world = World::new();
        let members = json!({
            "kind": "migration", "phase": "expand", "variants": null, "default": null,
            "degraded": { "meaning": "Orders from the old table" },
            "unaffected": ["shop"],
        });
        world.put(phased(FLAG, &members)).expect("it begins");
        let everyone = world.state.flag_set.clone();
        // What was there before is in the old shape only.
        let rows = [Row { old: 1, new: 0, last: 1 }; RECORDS];
        let clients = [everyone.clone(), everyone.clone(), everyone];
        Model { world, clients, rows, writes: 1, asked: 0, copied: false, refilled: false, reached: [0; 6] }
    }

    fn flag(&self) -> &Flag {
        self.world.state.flag_set.flag(FLAG).expect("never retired")
    }

    fn phase(&self) -> Phase {
        self.flag().phase.expect("never taken away")
    }

    fn fleet(&self) -> MigrationFleet {
        let changed = since(&self.world.state, self.flag()).revision;
        let behind = self.clients.iter().filter(|client| client.revision < changed).count();
        let release = MigrationRelease {
            release: Some("shop 2.4.1".to_owned()),
            kind: ClientKind::Server,
            fallback: None,
            instances: self.clients.len(),
            behind,
            behind_silent: 0,
            needs_old: None,
        };
        MigrationFleet { settles_in_seconds: None, forget_seconds: 600, releases: vec![release] }
    }

    fn step(&mut self, to: Phase, first: Option<usize>) {
        let said = |is: bool| is.then(|| "done".to_owned());
        let from = self.phase();
        let step = MigrationStep {
            flag: FLAG.parse().expect("a name"),
            from,
            to,
            hold_for: None,
            cohort: first.map(|first| Cohort {
                tenants: vec![TENANTS[first].parse().expect("a name")],
                width: None,
                by: None,
            }),
            evidence: Evidence {
                backfilled: said(self.copied),
                refilled: said(self.refilled),
                accepted: None,
                snapshot: said(true),
                forward_fix: said(true),
            },
            counted: Vec::new(),
        };
        self.asked += 1;
        // Mostly it is held first, as the server does; now and then someone asks for the step itself.
        let is_held = self.flag().degraded.variant.as_str() == from.name();
        let step = if to > from && !is_held && !self.asked.is_multiple_of(5) { step.hold() } else { step };
        let command = Command::Migrate { step: Box::new(step) };
        if check_fleet(&self.world.state, &command, &self.fleet()).is_err() || self.world.ask(command, None).is_err() {
            return;
        }
        let now = self.phase();
        assert!(now == from || from.next() == Some(now) || from.before() == Some(now), "{from:?} -> {now:?}");
        assert!(from != Phase::Contract || now == Phase::Contract, "there is no way back");
        self.reached[Phase::ALL.iter().position(|phase| *phase == now).expect("one of them")] += 1;
        self.copied &= now >= Phase::Backfill;
        self.refilled &= now >= Phase::ReadNew;
        if now == Phase::StopOldWrites {
            self.refilled = false;
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Hears(client) => self.clients[*client] = self.world.state.flag_set.clone(),
            Event::HearsOfKills(client) => self.clients[*client].kills.clone_from(&self.world.state.flag_set.kills),
            Event::AllHear => self.clients = std::array::from_fn(|_| self.world.state.flag_set.clone()),
            Event::Writes { client, record } => {
                self.writes += 1;
                let phase = served(&self.clients[*client], TENANTS[*client]);
                for shape in phase.writes() {
                    match shape {
                        Shape::Old => self.rows[*record].old = self.writes,
                        Shape::New => self.rows[*record].new = self.writes,
                    }
                }
                self.rows[*record].last = self.writes;
            }
            Event::Steps { to, first } => self.step(*to, *first),
            Event::Advances { first } => {
                let phase = self.phase();
                let is_done = self.flag().ruled().iter().all(|variant| variant.as_str() == phase.name());
                let to = if is_done { phase.next().unwrap_or(phase) } else { phase };
                self.step(to, *first);
            }
            Event::GoesBack => {
                if let Some(to) = self.phase().before() {
                    self.step(to, None);
                }
            }
            Event::GoesOn => {
                for event in [Event::Restores, Event::AllHear, Event::CopiesForward, Event::Advances { first: None }] {
                    self.happen(&event);
                }
            }
            Event::PressesOn => {
                for _ in 0..2 {
                    self.clients = std::array::from_fn(|_| self.world.state.flag_set.clone());
                    self.step(self.phase().next().unwrap_or(Phase::Contract), None);
                    self.check();
                }
                // One of them is first to hear.
                self.clients[0] = self.world.state.flag_set.clone();
            }
            Event::GoesFarBack { client, record } => {
                for event in [
                    Event::Writes { client: *client, record: *record },
                    Event::GoesBack,
                    Event::AllHear,
                    Event::GoesBack,
                ] {
                    self.happen(&event);
                    self.check();
                }
            }
            Event::Kills { whom } => {
                let scope =
                    KillScope { tenant: whom.map(|whom| vec![TENANTS[whom].to_owned()]), ..KillScope::default() };
                let mut request = kill_request(FLAG);
                request.scope = scope;
                self.world.kill(&request).expect("a kill asks nobody");
            }
            Event::Restores => {
                let kill = self.world.state.kills_of(FLAG).next().map(|kill| kill.kill.id.clone());
                if let Some(kill) = kill {
                    self.world.restore(&kill).expect("it is in force");
                }
            }
            Event::Edits { tenant, rule, default, degraded } => {
                let mut flag = self.flag().clone();
                let variant = |phase: &Phase| phase.name().parse().expect("a name");
                flag.default = variant(default);
                flag.degraded.variant = variant(degraded);
                let when = vec![Condition::Tenant(vec![TENANTS[*tenant].parse().expect("a name")])];
                let then = Outcome::Serve(variant(rule));
                flag.rules = vec![downhaul_core::document::Rule { name: None, when, then }];
                // Refused where it does not go together.
                let _ = self.world.put(Box::new(flag));
            }
            // The copy is made while everyone writes both shapes, which the phase is for.
            Event::CopiesForward if self.phase() == Phase::Backfill && !self.copied => {
                self.rows.iter_mut().for_each(|row| row.new = row.old);
                self.copied = true;
            }
            // Back it is copied once nobody leaves the old shape alone any more.
            Event::CopiesBack if self.phase() == Phase::ReadNew && self.fleet().releases[0].behind == 0 => {
                self.rows.iter_mut().for_each(|row| row.old = row.new);
                self.refilled = true;
            }
            Event::CopiesForward | Event::CopiesBack => {}
        }
    }

    fn check(&self) {
        let phases: Vec<Phase> =
            self.clients.iter().zip(TENANTS).map(|(client, tenant)| served(client, tenant)).collect();
        for one in &phases {
            assert!(phases.iter().all(|other| one.goes_with(*other)), "side by side: {phases:?}");
            for row in &self.rows {
                assert_eq!(row.of(one.reads()), row.last, "a client at {one:?} beside {phases:?} finds another record");
            }
        }
    }
}

/// What a client of this tenant is served, by a way of its own: kills, then rules, then the default.
fn served(flag_set: &FlagSet, tenant: &str) -> Phase {
    let flag = flag_set.flag(FLAG).expect("it is there");
    let reaches = |list: &[downhaul_core::ids::TenantId]| list.iter().any(|each| each.as_str() == tenant);
    let is_killed = flag_set.kills.iter().any(|kill| kill.scope.tenant.as_deref().is_none_or(reaches));
    let ruled = flag.rules.iter().find_map(|rule| match (rule.when.as_slice(), &rule.then) {
        ([Condition::Tenant(list)], Outcome::Serve(variant)) if reaches(list) => Some(variant),
        _ => None,
    });
    let variant = if is_killed { &flag.degraded.variant } else { ruled.unwrap_or(&flag.default) };
    Phase::named(variant.as_str()).expect("a phase")
}

/// Without the members that a phase gives.
fn phased(key: &str, members: &serde_json::Value) -> Box<Flag> {
    let mut json = serde_json::to_value(flag_with(key, json!({ "kind": "migration" }))).expect("a flag");
    let json_members = json.as_object_mut().expect("an object");
    for (name, value) in members.as_object().expect("an object") {
        match value {
            serde_json::Value::Null => drop(json_members.remove(name)),
            value => drop(json_members.insert(name.clone(), value.clone())),
        }
    }
    Box::new(serde_json::from_value(json).expect("a flag"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn every_reader_finds_what_every_writer_wrote(
        steps in 0..14_usize,
        events in proptest::collection::vec(event(), 1..60),
    ) {
        let mut model = Model::new();
        for _ in 0..steps {
            model.happen(&Event::GoesOn);
            model.check();
        }
        for event in &events {
            model.happen(event);
            model.check();
        }
    }
}

/// The model has teeth only where it gets around: people who do what they should come to the end, through every phase.
#[test]
fn whoever_does_what_is_asked_comes_to_the_end() {
    let mut model = Model::new();
    let write = |model: &mut Model| {
        for client in 0..TENANTS.len() {
            model.happen(&Event::Writes { client, record: client % RECORDS });
            model.check();
        }
    };
    for turn in 0..60 {
        for event in [
            Event::Advances { first: (turn % 2 == 0).then_some(turn % 3) },
            Event::CopiesForward,
            Event::Hears(turn % 3),
            Event::CopiesBack,
            Event::AllHear,
        ] {
            model.happen(&event);
            model.check();
            write(&mut model);
        }
        // Once there and back, as far as may be.
        if turn == 30 {
            for event in [Event::AllHear, Event::GoesBack, Event::AllHear, Event::CopiesBack, Event::GoesBack] {
                model.happen(&event);
                model.check();
                write(&mut model);
            }
        }
    }
    assert_eq!(model.phase(), Phase::Contract);
    assert!(model.reached.iter().skip(1).all(|times| *times > 0), "{:?}", model.reached);
}
