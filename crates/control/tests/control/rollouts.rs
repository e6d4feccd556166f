//! Staged rollouts: what is due when, what holds them, who is asked, and what is put.

use crate::support::{World, flag, flag_with, kill_request, now};
use downhaul_control::api::{Role, RolloutAct, VerifyStatus};
use downhaul_control::policy::read;
use downhaul_control::proposal::Draft;
use downhaul_control::rollout::{self, HoldKind, Next, Obstacle, Outcome, Phase, Reading, Rollout, RolloutState};
use downhaul_control::verify::Verification;
use downhaul_control::{
    Authority, Command, Decision, Record, Refusal, RefusalCode, Request, State, decide, describe, replay, views,
};
use downhaul_core::document::Flag;
use downhaul_core::read::Format;
use downhaul_core::validate::validate;
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const PLAN: &str = "
flag: checkout
variant: on
stages:
  - { name: our own, when: [ { tenant: [acme] } ], bake_seconds: 60 }
  - { when: [ { region: [eu] } ], percent: 5, bake_seconds: 600 }
  - { percent: 25, bake_seconds: 600 }
  - { percent: 100, bake_seconds: 60 }
";

fn plan(text: &str) -> Rollout {
    rollout::read::rollout(text, Format::Yaml).unwrap().0
}

/// `checkout` is off for everyone, and requires `cart`.
fn world() -> World {
    let mut world = World::new();
    let regions = Command::PutRegions { regions: serde_json::from_value(json!({ "eu": {}, "us": {} })).unwrap() };
    world.ask(regions, None).unwrap();
    world.put(flag("cart")).unwrap();
    world.put(checkout(json!({}))).unwrap();
    for (actor, role) in [
        ("ed", Role::Editor),
        ("op", Role::Operator),
        ("ann", Role::Approver),
        ("abe", Role::Approver),
        ("ed", Role::Approver),
    ] {
        world.ask(Command::GrantRole { actor: actor.to_owned(), role }, None).unwrap();
    }
    world
}

fn checkout(members: Value) -> Box<Flag> {
    let mut all = json!({ "default": "off", "requires": [{ "flag": "cart", "variants": ["on"] }] });
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    flag_with("checkout", all)
}

fn at(seconds: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// So many seconds after the start, at which all tests begin.
trait Later {
    fn by(&mut self, actor: &str, seconds: i64, command: Command) -> Result<bool, Refusal>;
    fn start(&mut self, text: &str) -> Result<bool, Refusal>;
    fn advance(&mut self, seconds: i64) -> Result<bool, Refusal>;
    fn act(&mut self, seconds: i64, act: RolloutAct) -> Result<bool, Refusal>;
    fn rollout(&self) -> &RolloutState;
    fn next(&self, seconds: i64) -> Next<'_>;
}

impl Later for World {
    fn by(&mut self, actor: &str, seconds: i64, command: Command) -> Result<bool, Refusal> {
        let authority = if actor == "root" { Authority::Root } else { Authority::Person };
        let request = Request { at: at(seconds), actor: actor.to_owned(), authority, ..self.request(command) };
        self.carry_out(request)
    }

    fn start(&mut self, text: &str) -> Result<bool, Refusal> {
        let command = rollout::start(&self.state, &plan(text))?;
        self.by("ed", 0, command)
    }

    fn advance(&mut self, seconds: i64) -> Result<bool, Refusal> {
        let command = rollout::advance(&self.state, 1, self.rollout().stage, Vec::new())?;
        self.by("root", seconds, command)
    }

    fn act(&mut self, seconds: i64, act: RolloutAct) -> Result<bool, Refusal> {
        let command = rollout::act(&self.state, 1, None, act)?;
        self.by("op", seconds, command)
    }

    fn rollout(&self) -> &RolloutState {
        self.state.rollouts.by_number.get(&1).unwrap()
    }

    fn next(&self, seconds: i64) -> Next<'_> {
        rollout::next(&self.state, self.rollout(), at(seconds)).unwrap()
    }
}

fn rules(world: &World) -> String {
    let flag = world.state.flag_set.flag("checkout").unwrap();
    flag.rules.iter().map(|rule| serde_json::to_string(rule).unwrap()).collect::<Vec<_>>().join("\n")
}

fn told(world: &World, from: usize) -> String {
    let line = |record: &Record| {
        let change = record.change();
        let moves: Vec<String> =
            change.impact.moves.iter().map(|each| format!("{} {} -> {}", each.who, each.from, each.to)).collect();
        format!("{} [{}] {}", change.revision, describe::summary(&world.state, change), moves.join("; "))
    };
    world.records.iter().skip(from).map(line).collect::<Vec<_>>().join("\n")
}

fn code(result: Result<bool, Refusal>) -> RefusalCode {
    result.unwrap_err().code
}

#[test]
fn stage_after_stage_each_in_the_chart_with_whom_it_moves() {
    let mut world = world();
    let before = world.records.len();
    world.start(PLAN).unwrap();
    for seconds in [60, 660, 1260, 1320] {
        world.advance(seconds).unwrap();
    }
    assert_snapshot!(told(&world, before), @r"
    9 [started ro-1, `on` of `checkout`: entered stage 1 of 4 (tenant is `acme`)] tenant is `acme` off -> on
    10 [ro-1 of `checkout`: entered stage 2 of 4 (5 % of region within `eu`)] region within `eu` and not (tenant is `acme`) off -> on
    11 [ro-1 of `checkout`: entered stage 3 of 4 (25 % of everyone)] not (tenant is `acme`) and not (region within `eu`) off -> on; region within `eu` and not (tenant is `acme`) off -> on
    12 [ro-1 of `checkout`: entered stage 4 of 4 (everyone)] not (tenant is `acme`) and without a `targetingKey` to share out by off -> on; not (tenant is `acme`) off -> on
    13 [ro-1 of `checkout`: complete]
    ");
    assert_snapshot!(rules(&world), @r#"{"name":"rollout","serve":"on"}"#);
    assert!(matches!(world.rollout().phase, Phase::Ended(Outcome::Complete, _)));
    assert_eq!(world.state.authors["checkout"], "root");
    let mut replayed = Verification::new(world.state.environment().clone(), world.state.epoch);
    world.stored().into_iter().for_each(|stored| replayed.next(stored));
    assert_eq!(replayed.report().status, VerifyStatus::Verified);
    assert_eq!(replay(World::new().state, &world.records), world.state);
}

#[test]
fn nothing_goes_on_before_its_time() {
    let mut world = world();
    world.start(PLAN).unwrap();
    assert_eq!(world.next(59), Next::Baking { until: at(60) });
    assert_eq!(code(world.advance(59)), RefusalCode::NotNow);
    // A clock that is set back makes it later.
    assert_eq!(code(world.advance(-86_400)), RefusalCode::NotNow);
    // One that jumps a year ahead ends the time of one stage: the next bakes from where the clock is then.
    world.advance(31_536_000).unwrap();
    assert_eq!(world.next(31_536_000), Next::Baking { until: at(31_536_600) });
    assert_eq!(code(world.advance(31_536_000)), RefusalCode::NotNow);
    // And set right again, it waits for longer, never for less.
    assert_eq!(code(world.advance(3600)), RefusalCode::NotNow);
    world.advance(31_536_600).unwrap();
    assert_eq!(world.rollout().stage, 3);
}

#[test]
fn two_that_carry_it_out_never_enter_a_stage_twice() {
    let mut world = world();
    world.start(PLAN).unwrap();
    let late = world.clone();
    let command = rollout::advance(&world.state, 1, 1, Vec::new()).unwrap();
    world.by("root", 60, command.clone()).unwrap();
    // The same once more, and what someone had made of the state before.
    assert_eq!(code(world.by("root", 10_000, command)), RefusalCode::NotNow);
    let stale = rollout::advance(&late.state, 1, 1, Vec::new()).unwrap();
    assert_eq!(code(world.by("root", 10_000, stale)), RefusalCode::NotNow);
    assert_eq!(world.rollout().stage, 2);

    // Two processes over one log: each keeps a state of its own, and the log takes a revision once.
    let mut log: Vec<Record> = world.records.clone();
    let mut replicas = [world.state.clone(), world.state.clone()];
    let mut refused = 0;
    for seconds in (60..4000).step_by(20) {
        for replica in &mut replicas {
            let Some(known) = replica.rollouts.going_on().next().cloned() else { continue };
            let Ok(command) = rollout::advance(replica, 1, known.stage, Vec::new()) else { continue };
            let request = Request::by_server(command, "system", "it has baked", at(seconds));
            let valid = validate(replica.flag_set.clone(), None).unwrap().0;
            if let Ok(Decision::Change(decided)) = decide(replica, &valid, request) {
                if decided.record.change().revision == log.len() as u64 + 1 {
                    log.push(decided.record);
                } else {
                    refused += 1;
                }
            }
        }
        // Only now does either learn what the other one did.
        if seconds % 60 == 0 {
            let now = replay(World::new().state, &log);
            replicas = [now.clone(), now];
        }
    }
    assert!(refused > 0, "they did meet");
    let entered: Vec<usize> = replicas[0].rollouts.by_number[&1].marks.iter().map(|mark| mark.stage).collect();
    assert_eq!(entered, [1, 2, 3, 4]);
    assert!(replicas[0].rollouts.by_number[&1].is_ended());
}

#[test]
fn it_is_paused_and_goes_on_back_and_all_the_way_back() {
    let mut world = world();
    let base = world.state.flag_set.flag("checkout").unwrap().clone();
    world.start(PLAN).unwrap();
    world.advance(60).unwrap();
    let second = rules(&world);
    world.act(100, RolloutAct::Pause).unwrap();
    assert_eq!(world.next(100_000), Next::Paused);
    assert_eq!(code(world.advance(100_000)), RefusalCode::NotNow);
    assert_eq!(code(world.act(101, RolloutAct::Pause)), RefusalCode::AlreadyDone);
    world.act(1000, RolloutAct::Resume).unwrap();
    assert_eq!(world.next(1000), Next::Baking { until: at(1600) }, "it bakes anew");
    assert_eq!(code(world.act(1001, RolloutAct::Resume)), RefusalCode::AlreadyDone);
    world.advance(1600).unwrap();

    world.act(1700, RolloutAct::StepBack).unwrap();
    assert_eq!((rules(&world), world.rollout().stage), (second.clone(), 2));
    assert_eq!(world.next(100_000), Next::Paused, "what was stepped back from is not entered again by itself");
    let meant = rollout::act(&world.state, 1, Some(3), RolloutAct::StepBack).unwrap_err();
    assert_eq!(
        (meant.code, meant.message.as_str()),
        (RefusalCode::NotNow, "ro-1 is at stage 2 by now, and stage 3 was meant")
    );
    world.act(1800, RolloutAct::StepBack).unwrap();
    world.act(1900, RolloutAct::StepBack).unwrap();
    assert_eq!(world.rollout().stage, 0);
    assert_eq!(*world.state.flag_set.flag("checkout").unwrap(), base);
    assert_eq!(code(world.act(1950, RolloutAct::StepBack)), RefusalCode::NotNow);
    world.act(2000, RolloutAct::Resume).unwrap();
    for seconds in [2000, 2060] {
        world.advance(seconds).unwrap();
    }
    assert_eq!(rules(&world), second);
    world.act(2100, RolloutAct::RollBack).unwrap();
    assert_eq!(*world.state.flag_set.flag("checkout").unwrap(), base);
    assert!(matches!(world.rollout().phase, Phase::Ended(Outcome::RolledBack, _)));
    for act in [RolloutAct::Pause, RolloutAct::Resume, RolloutAct::StepBack, RolloutAct::RollBack, RolloutAct::End] {
        assert_eq!(code(world.act(2200, act)), RefusalCode::AlreadyDone, "{act:?}");
    }
    // The next one begins with the same people: the salt stays.
    world.start(PLAN).unwrap();
    assert_eq!(rules(&world), second.lines().next().unwrap());
    assert_eq!(replay(World::new().state, &world.records), world.state);
}

#[test]
fn kills_and_freezes_hold_it_and_a_restore_lets_it_bake_anew() {
    let mut world = world();
    world.start(PLAN).unwrap();
    for flag in ["checkout", "cart"] {
        let kill = world.kill(&kill_request(flag)).unwrap();
        assert_eq!(world.next(100_000), Next::Blocked(Obstacle::Killed { flag: flag.to_owned(), kill: kill.clone() }));
        assert_eq!(code(world.advance(100_000)), RefusalCode::NotNow);
        let restore = Command::Restore { id: kill };
        world.by("root", 5000, restore).unwrap();
        assert_eq!(world.next(5000), Next::Baking { until: at(5060) });
    }
    world.by("root", 5001, Command::Freeze).unwrap();
    assert!(matches!(world.next(100_000), Next::Blocked(Obstacle::Frozen(_))));
    assert_eq!(code(world.advance(100_000)), RefusalCode::Frozen);
    assert_eq!(code(world.act(100_000, RolloutAct::StepBack)), RefusalCode::Frozen);
    assert_eq!(code(world.start(&PLAN.replace("checkout", "cart"))), RefusalCode::Frozen);
    world.act(100_000, RolloutAct::Pause).unwrap();
    world.by("root", 100_000, Command::Unfreeze).unwrap();
    world.act(100_000, RolloutAct::Resume).unwrap();
    world.advance(100_060).unwrap();
}

#[test]
fn what_a_backup_holds_does_not_go_on_by_itself() {
    let mut world = world();
    world.start(PLAN).unwrap();
    let backup = json!({ "epoch": 2, "epoch_before": 1 });
    let command = json!({ "type": "restore-backup", "backup": backup });
    world.by("root", 10, serde_json::from_value(command).unwrap()).unwrap();
    assert_eq!(world.next(100_000), Next::Paused);
    world.act(200_000, RolloutAct::Resume).unwrap();
    assert_eq!(world.next(200_000), Next::Baking { until: at(200_060) });
    assert_eq!(replay(World::new().state, &world.records), world.state);
}

#[test]
fn nobodys_edit_is_overwritten() {
    let mut world = world();
    world.start(PLAN).unwrap();
    // What decides nothing is kept, and holds nothing.
    let mut flag = world.state.flag_set.flag("checkout").unwrap().clone();
    flag.description = "One page".to_owned();
    world.put(Box::new(flag)).unwrap();
    world.advance(60).unwrap();
    assert_eq!(world.state.flag_set.flag("checkout").unwrap().description, "One page");

    // Someone puts a rule of their own above.
    let mut flag = world.state.flag_set.flag("checkout").unwrap().clone();
    let staff = serde_json::from_value(json!({ "when": [{ "tenant": ["staff"] }], "serve": "off" })).unwrap();
    flag.rules.insert(0, staff);
    let request = world.request(Command::PutFlag { flag: Box::new(flag.clone()) });
    let valid = world.valid();
    let Decision::Change(decided) = decide(&world.state, &valid, request).unwrap() else { panic!() };
    let warned: Vec<String> = decided.warnings.iter().map(|warning| format!("{} {warning}", warning.code)).collect();
    assert!(
        warned.contains(&"rollout-active /flags/1: ro-1 of `checkout` goes on, and is held by this edit".to_owned()),
        "{warned:?}"
    );
    world.put(Box::new(flag.clone())).unwrap();
    assert!(matches!(world.next(100_000), Next::Blocked(Obstacle::Edited(Some(_)))));
    for act in [RolloutAct::StepBack, RolloutAct::RollBack] {
        insta::allow_duplicates!(
            assert_snapshot!(world.act(700, act).unwrap_err().message, @"the flag was edited at revision 12 by a-1 (`because`) since ro-1 put it, and ro-1 overwrites nobody's edit")
        );
    }
    assert_eq!(code(world.advance(100_000)), RefusalCode::ChangedSince);
    assert_eq!(*world.state.flag_set.flag("checkout").unwrap(), flag);
    // Taken over, it goes on from there, and back to there.
    world.act(1000, RolloutAct::Resume).unwrap();
    world.advance(1600).unwrap();
    assert_snapshot!(rules(&world), @r#"
    {"when":[{"tenant":["staff"]}],"serve":"off"}
    {"name":"rollout: tenant is `acme`","when":[{"tenant":["acme"]}],"serve":"on"}
    {"name":"rollout","split":{"by":"targetingKey","salt":"checkout","slices":[["on",25000]]}}
    "#);
    world.act(1700, RolloutAct::RollBack).unwrap();
    assert_eq!(world.state.flag_set.flag("checkout").unwrap().rules.len(), 1);

    // Where its rules are gone, there is nothing to go on from.
    let mut world = self::world();
    world.start(PLAN).unwrap();
    world.put(checkout(json!({ "default": "on" }))).unwrap();
    let refusal = world.act(10, RolloutAct::Resume).unwrap_err();
    assert_snapshot!(format!("{}: {} ({})", refusal.code.as_str(), refusal.message, refusal.help), @"changed-since: the rules of ro-1 do not stand in `checkout` any more, as it was edited (end it with `downhaul rollout end ro-1`, and start another one on the flag as it is)");
    world.act(20, RolloutAct::End).unwrap();
    assert_eq!(world.state.flag_set.flag("checkout").unwrap().default.as_str(), "on");
    assert_eq!(replay(World::new().state, &world.records), world.state);
}

#[test]
fn a_stage_with_approvals_waits_for_others() {
    let text = PLAN.replace("percent: 25,", "percent: 25, approvals: 2,");
    let mut world = world();
    world.start(&text).unwrap();
    world.advance(60).unwrap();
    assert_eq!(world.next(660), Next::Approval { needed: 2, counting: 0 });
    assert_eq!(code(world.advance(660)), RefusalCode::NotNow);
    let approve = |world: &World| {
        let gated = rollout::gated(&world.state, world.rollout(), at(100)).unwrap().unwrap();
        let event = rollout::RolloutEvent::Approve { digest: gated.digest, root: false };
        Command::Rollout { rollout: 1, from: 2, event: Box::new(event) }
    };
    assert_eq!(code(world.by("ed", 100, approve(&world))), RefusalCode::SelfApproval);
    assert_eq!(code(world.by("op", 100, approve(&world))), RefusalCode::NotPermitted);
    // While it bakes as well.
    world.by("ann", 100, approve(&world)).unwrap();
    assert_eq!(code(world.by("ann", 101, approve(&world))), RefusalCode::AlreadyDone);
    world.by("abe", 102, approve(&world)).unwrap();
    assert!(matches!(world.next(660), Next::Due { .. }));
    // Whoever is no approver any more has said nothing.
    world.ask(Command::RevokeRole { actor: "abe".to_owned(), role: Role::Approver }, None).unwrap();
    assert_eq!(world.next(660), Next::Approval { needed: 2, counting: 1 });
    world.ask(Command::GrantRole { actor: "abe".to_owned(), role: Role::Approver }, None).unwrap();
    // What it would do is something else once anything that decides of the flag is.
    let old = approve(&world);
    world
        .ask(
            Command::PutRegions { regions: serde_json::from_value(json!({ "eu": { "de": {} }, "us": {} })).unwrap() },
            None,
        )
        .unwrap();
    assert_eq!(world.next(660), Next::Approval { needed: 2, counting: 0 });
    assert_eq!(code(world.by("ann", 300, old)), RefusalCode::ChangedSince);
    for actor in ["ann", "abe"] {
        world.by(actor, 400, approve(&world)).unwrap();
    }
    let view = views::rollout(&world.state, world.rollout(), &views::Names::new(), at(400), Vec::new()).unwrap();
    assert_eq!(view.approval.map(|approval| (approval.stage, approval.counting)), Some((3, 2)));
    assert_eq!(code(world.advance(659)), RefusalCode::NotNow, "no approval shortens the time");
    world.advance(660).unwrap();
    assert!(rollout::gated(&world.state, world.rollout(), at(700)).unwrap().is_none());
    // Approved once is not approved for ever.
    world.act(700, RolloutAct::StepBack).unwrap();
    world.act(701, RolloutAct::Resume).unwrap();
    assert_eq!(world.next(10_000), Next::Approval { needed: 2, counting: 0 });
}

#[test]
fn a_first_stage_with_approvals_gives_nobody_anything_at_the_start() {
    let mut world = world();
    let before = world.state.flag_set.flag("checkout").unwrap().clone();
    world.start("{ flag: checkout, variant: on, stages: [ { bake_seconds: 0, approvals: 1 } ] }").unwrap();
    assert_eq!(*world.state.flag_set.flag("checkout").unwrap(), before);
    assert_eq!(world.next(0), Next::Approval { needed: 1, counting: 0 });
    world.act(10, RolloutAct::RollBack).unwrap();
    assert_eq!(*world.state.flag_set.flag("checkout").unwrap(), before);
    assert!(world.rollout().is_ended());
}

#[test]
fn without_data_nothing_goes_on() {
    let text = PLAN.replace(
        "bake_seconds: 60 }\n  - { when: [ { region",
        "bake_seconds: 60, gates: [ { name: errors, query: q, condition: '< 0.01' } ] }\n  - { when: [ { region",
    );
    let mut world = world();
    world.start(&text).unwrap();
    let ask = |readings: &[(&str, f64)]| {
        let readings =
            readings.iter().map(|(gate, value)| Reading { gate: (*gate).to_owned(), value: *value }).collect();
        let command = rollout::advance(&world.state, 1, 1, readings).unwrap();
        world.clone().by("root", 60, command)
    };
    for readings in [&[][..], &[("errors", 0.01)], &[("other", 0.0)], &[("errors", 0.0), ("other", 0.0)]] {
        assert_eq!(code(ask(readings)), RefusalCode::NotNow, "{readings:?}");
    }
    ask(&[("errors", 0.001)]).unwrap();
    // What holds it is charted once, and only where nothing else does.
    let hold = |kind| rollout::hold(1, 1, kind, "Prometheus does not answer".to_owned());
    assert_eq!(code(world.by("root", 59, hold(HoldKind::NoAnswer))), RefusalCode::NotNow);
    world.by("root", 60, hold(HoldKind::NoAnswer)).unwrap();
    assert_eq!(code(world.by("root", 61, hold(HoldKind::NoAnswer))), RefusalCode::AlreadyDone);
    world.by("root", 62, hold(HoldKind::NoData)).unwrap();
    assert_eq!(code(world.by("op", 63, hold(HoldKind::NotHolding))), RefusalCode::NotPermitted);
    let view = views::rollout(&world.state, world.rollout(), &views::Names::new(), at(64), Vec::new()).unwrap();
    assert_eq!(view.summary.standing.words, "held: Prometheus does not answer");
}

#[test]
fn the_start_is_judged_by_the_most_that_it_may_move() {
    let policy = |document: Value| Command::PutPolicy { policy: Box::new(read(&document).unwrap()) };
    let mut world = world();
    world.ask(policy(json!({ "budget": { "share": 0.3 } })), None).unwrap();
    let small = "{ flag: checkout, variant: on, stages: [ { percent: 1, bake_seconds: 9 }, { percent: 30, bake_seconds: 9 } ] }";
    world.clone().start(small).unwrap();
    let refusal = world.start(PLAN).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NeedsApproval);
    assert_snapshot!(refusal.message, @"the policy asks for 1 approval for over_budget (how many are moved is not known without a population, at most 100.000 %; 30.000 % may (`checkout`))");
    // Proposed and approved, it starts; its stages then need nobody.
    let command = rollout::start(&world.state, &plan(PLAN)).unwrap();
    let draft = Box::new(Draft { command: command.clone(), base: world.state.flag_set.revision });
    world.by("ed", 1, Command::Propose { proposal: 1, draft }).unwrap();
    let proposal = world.state.proposals.by_number[&1].clone();
    let digest = decide::assess(&world.state, &world.valid(), &proposal, at(2), None).prospect.unwrap().reach.digest;
    world.by("ann", 2, Command::Approve { proposal: 1, digest, root: false }).unwrap();
    let land = Request {
        landing: Some(1),
        at: at(3),
        actor: "ed".to_owned(),
        authority: Authority::Person,
        ..world.request(command)
    };
    world.carry_out(land).unwrap();
    assert_eq!(world.rollout().stage, 1);
    for seconds in [63, 663, 1263, 1323] {
        world.advance(seconds).unwrap();
    }
    assert!(world.rollout().is_ended());
}

#[test]
fn a_start_that_begins_as_an_earlier_one_did_is_no_revert() {
    let policy = |document: Value| Command::PutPolicy { policy: Box::new(read(&document).unwrap()) };
    let mut world = world();
    world.start(PLAN).unwrap();
    world.act(1, RolloutAct::RollBack).unwrap();
    let back = world.records.last().unwrap().change();
    assert_eq!(back.impact.reverts, Some(back.revision - 2), "the way back says what it gives back");
    world.ask(policy(json!({ "approvals": { "change": 1, "revert": 0 } })), None).unwrap();
    assert_eq!(code(world.start(PLAN)), RefusalCode::NeedsApproval);
}

#[test]
fn the_way_back_waits_for_nobody() {
    let policy = |document: Value| Command::PutPolicy { policy: Box::new(read(&document).unwrap()) };
    let mut world = world();
    world.start(PLAN).unwrap();
    world.ask(policy(json!({ "approvals": { "change": 1, "revert": 1, "critical": 1 } })), None).unwrap();
    world.advance(60).unwrap();
    world.act(61, RolloutAct::StepBack).unwrap();
    world.act(62, RolloutAct::RollBack).unwrap();
}

#[test]
fn what_is_being_rolled_out_stays() {
    let mut world = world();
    world.start(PLAN).unwrap();
    let refusal = world.retire("checkout").unwrap_err();
    assert_snapshot!(format!("{}: {} ({})", refusal.code.as_str(), refusal.message, refusal.help), @"rollout-active: `checkout` is being rolled out by ro-1 (end that first: `downhaul rollout end ro-1` or `downhaul rollout roll-back ro-1`)");
    let both = |keys: &[&str]| Command::Apply {
        commands: keys.iter().map(|key| Command::RetireFlag { key: key.parse().unwrap() }).collect(),
    };
    assert_eq!(code(world.ask(both(&["checkout", "cart"]), None)), RefusalCode::RolloutActive);
    assert_eq!(code(world.start(PLAN)), RefusalCode::RolloutActive);
    world.act(10, RolloutAct::End).unwrap();
    world.ask(both(&["checkout", "cart"]), None).unwrap();
}

#[test]
fn a_start_that_was_made_up_is_refused() {
    let mut world = world();
    let Command::StartRollout { rollout, put } = rollout::start(&world.state, &plan(PLAN)).unwrap() else { panic!() };
    let mut other = put.clone().unwrap();
    other.default = "on".parse().unwrap();
    for put in [Some(other), None] {
        let command = Command::StartRollout { rollout: rollout.clone(), put };
        assert_eq!(code(world.by("ed", 0, command)), RefusalCode::ChangedSince);
    }
    assert_eq!(code(world.by("op", 0, Command::StartRollout { rollout, put })), RefusalCode::NotPermitted);
    world.start(PLAN).unwrap();
    let Command::Rollout { event, .. } = rollout::advance(&world.state, 1, 1, Vec::new()).unwrap() else { panic!() };
    let mut event = *event;
    if let rollout::RolloutEvent::Advance { put, .. } = &mut event {
        put.default = "on".parse().unwrap();
    }
    let command = Command::Rollout { rollout: 1, from: 1, event: Box::new(event) };
    assert_eq!(code(world.by("root", 60, command)), RefusalCode::ChangedSince);
    let unknown = rollout::act(&world.state, 7, None, RolloutAct::Pause).unwrap_err();
    assert_eq!((unknown.code, unknown.message.as_str()), (RefusalCode::UnknownRollout, "there is no rollout `ro-7`"));
}

fn problems(state: &State, text: &str) -> String {
    let told = |problems: &[downhaul_core::diagnostic::Diagnostic]| {
        let line = |each: &downhaul_core::diagnostic::Diagnostic| {
            format!("{} {}: {each} ({})", each.place.pointer, each.code, each.help.as_deref().unwrap_or_default())
        };
        problems.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    match rollout::read::rollout(text, Format::Yaml) {
        Err(problems) => told(&problems),
        Ok((rollout, _)) => match rollout::start(state, &rollout) {
            Ok(_) => "nothing".to_owned(),
            Err(refusal) => told(&refusal.diagnostics),
        },
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let mut world = world();
    let rules = json!([{ "name": "staff", "when": [{ "tenant": ["staff"] }], "serve": "on" }]);
    world.put(checkout(json!({ "rules": rules }))).unwrap();
    let texts = [
        "{ flag: chekout, variant: on, stages: [ { bake_seconds: 1 } ] }",
        "{ flag: checkout, variant: blue, before: stuff, stages: [ { bake_seconds: 1 } ] }",
        "{ flag: checkout, variant: on, stages: [] }",
        "{ flag: checkout, variant: on, stages: [ { percent: 5 } ] }",
        "{ flag: checkout, variant: on, stages: [ { percent: 0, bake_seconds: 1 } ] }",
        "{ flag: checkout, variant: on, stages: [ { bake_seconds: 2592001 } ] }",
        "{ flag: checkout, variant: on, stages: [ { percent: 25, bake_seconds: 1 }, { percent: 25, bake_seconds: 1 } ] }",
        "{ flag: checkout, variant: on, stages: [ { percent: 25, bake_seconds: 1 }, { when: [ { region: [eu] } ], percent: 5, bake_seconds: 1 } ] }",
        "{ flag: checkout, variant: on, by: ' ', stages: [ { approvals: 11, bake_seconds: 1 } ] }",
        "{ flag: checkout, variant: on, stages: [ { bake_seconds: 1, gates: [ { name: a, query: ' ', condition: '< 1' }, { name: a, query: q, condition: '< 1', for_seconds: 99999 } ] } ] }",
        "{ flag: checkout, variant: on, stages: [ { bake_seconds: 1, gates: [ { name: a, query: q, condition: 'less' } ] } ] }",
        "{ flag: checkout, variant: on, stages: [ { bake_seconds: 1, when: [ { planet: [mars] } ] } ] }",
    ];
    let told: Vec<String> = texts.iter().map(|text| problems(&world.state, text)).collect();
    assert_snapshot!(told.join("\n"), @r"
    /flag unknown-flag: /flag: there is no flag `chekout` (did you mean `checkout`?)
    /variant unknown-variant: /variant: `checkout` has no variant `blue` (it has `off`, `on`)
    /before unknown-rule: /before: there is no rule `stuff` (did you mean `staff`?)
    /stages stages: /stages: a rollout has 1 to 100 stages, this one has 0 (one stage after another, each with its cohort and `bake_seconds`)
    /stages/0 malformed-rollout: /stages/0: missing field `bake_seconds` (see docs/reference/rollout.md, or `downhaul schema rollout` for an editor)
    /stages/0/percent malformed-rollout: /stages/0/percent: 0 is not a percentage above 0 and at most 100 with at most three decimals (see docs/reference/rollout.md, or `downhaul schema rollout` for an editor)
    /stages/0/bake_seconds out-of-range: /stages/0/bake_seconds: 2592001 s is more than 2592000 s (give the time in seconds)
    /stages/1 stage-adds-nobody: /stages/1: the stage adds nobody to stage 1 (every stage gives the variant to those of the stages before it as well: name others, or more of them)
    /stages/1 stage-adds-nobody: /stages/1: the stage adds nobody to stage 1 (every stage gives the variant to those of the stages before it as well: name others, or more of them)
    /stages/0/approvals malformed-rollout: /stages/0/approvals: 11 is not a whole number from 0 to 10 (see docs/reference/rollout.md, or `downhaul schema rollout` for an editor)
    /stages/0/gates/0/query empty-text: /stages/0/gates/0/query: the text is empty (fill it, or leave the gate out)
    /stages/0/gates/1/name duplicate-value: /stages/0/gates/1/name: `a` stands here twice (give each gate its own name)
    /stages/0/gates/1/for_seconds out-of-range: /stages/0/gates/1/for_seconds: 99999 s is more than 86400 s (give the time in seconds)
    /stages/0/gates/0/condition malformed-rollout: /stages/0/gates/0/condition: `less` is not a condition: write `<`, `<=`, `>`, `>=` or `==` and a number, such as `< 0.01` (see docs/reference/rollout.md, or `downhaul schema rollout` for an editor)
    /stages/0/when/0 malformed-rollout: /stages/0/when/0: /planet: a condition has no field `planet` (its fields: `attribute`, `op`, `values`, `tenant`, `region`, `segment`, `all`, `any`, `not`) (see docs/reference/rollout.md, or `downhaul schema rollout` for an editor)
    ");
    // What a later stage names has to be there at the start.
    let late = "{ flag: checkout, variant: on, stages: [ { percent: 1, bake_seconds: 1 }, { when: [ { region: [mars] } ], bake_seconds: 1 }, { bake_seconds: 1 } ] }";
    let refusal = world.start(late).unwrap_err();
    assert_snapshot!(format!("{}: {}", refusal.code.as_str(), refusal.message), @"invalid: /stages/1/when/0/region/0: there is no region `mars`");
}
