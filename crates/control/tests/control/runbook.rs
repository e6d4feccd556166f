//! Runs of runbooks as a machine: every run ends, can be aborted, goes on after a crash, and does nothing twice.

use downhaul_control::release::Release;
use downhaul_control::runbook::{
    Action, Due, NotNow, Pace, Payload, Phase, Purpose, Run, RunEvent, Runbook, StepState, Subject, Verdict, step,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn began() -> Timestamp {
    "2026-11-23T20:00:00Z".parse().unwrap()
}

fn release() -> Release {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    serde_json::from_value(json!({
        "key": "checkout-2.4.1",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "flags": ["checkout", "cart", "prices"],
        "recovery": [{ "name": "errors", "query": "rate(errors[1m])", "condition": "< 0.01", "for_seconds": 30 }],
        "escalation": { "target": "pager" }
    }))
    .unwrap()
}

fn started(steps: Value, purpose: Purpose, pace: Pace) -> RunEvent {
    let runbook: Runbook = serde_json::from_value(json!({ "steps": steps, "limit_seconds": 3600 })).unwrap();
    let (release, runbook) = (Box::new(release()), Box::new(runbook));
    match purpose {
        Purpose::Rollback => RunEvent::Started { release, runbook, purpose, pace },
        Purpose::Drill => RunEvent::Called { subject: Subject::Release(release), runbook, pace },
    }
}

fn begun(steps: Value) -> Run {
    let event = started(steps, Purpose::Rollback, Pace::Straight);
    Run::begun(7, &event, "a-1", "it burns", began()).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    began().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// Takes events in, one a second.
fn follow(run: &Run, events: &[RunEvent]) -> Run {
    let mut run = run.clone();
    for (second, event) in events.iter().enumerate() {
        run = run.advance(event, after(second as i64 + 1)).unwrap_or_else(|why| panic!("{event:?}: {why}"));
    }
    run
}

fn killed(flag: &str, n: u32) -> RunEvent {
    let kill = format!("r-7.1.1.{n}");
    RunEvent::Killed { step: 0, attempt: 1, flag: flag.to_owned(), kill, found: false }
}

fn dark() -> RunEvent {
    RunEvent::Dark { step: 0, attempt: 1, dark: 100, unknown: 0, p50_ms: Some(19.0), slowest_ms: Some(84.0) }
}

fn read(step: usize, value: Option<f64>, holds: bool, held_ms: u64) -> RunEvent {
    let problem = value.is_none().then(|| "Prometheus does not answer".to_owned());
    RunEvent::MetricRead { step, attempt: 1, value, holds, held_ms, problem }
}

#[test]
fn a_rollback_from_kill_to_proof() {
    let run = begun(json!([
        { "kill": ["checkout", "cart"] },
        { "redeploy": { "target": "deploy" } },
        { "wait": 20 },
        { "verify": "errors" },
    ]));
    let Action::Kill { id, flag, .. } = &run.actions()[0] else { panic!("{:?}", run.actions()) };
    assert_eq!((id.as_str(), flag.as_str()), ("r-7.1.1.1", "checkout"));
    let run = follow(&run, &[killed("checkout", 1), killed("cart", 2)]);
    let watched = Action::WatchKills { step: 0, attempt: 1, kills: vec!["r-7.1.1.1".into(), "r-7.1.1.2".into()] };
    assert_eq!(run.actions(), [watched]);
    let (run, actions) = step(&run, &dark(), after(3)).unwrap();
    let [Action::Deliver(delivery)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((delivery.id.as_str(), delivery.target.as_str()), ("r-7.2.1", "deploy"));
    let Payload::Redeploy { artifact: Some(artifact), .. } = &delivery.payload else { panic!("{delivery:?}") };
    assert_eq!(artifact.reference, "https://shop.example/2.4.0.tgz", "the previous one");
    let run = run.advance(&RunEvent::Delivered { step: 1, attempt: 1, status: 202 }, after(4)).unwrap();
    assert_eq!(run.actions(), [Action::AwaitCallBack { step: 1, attempt: 1, target: "deploy".into() }]);
    let done = RunEvent::CalledBack { step: 1, attempt: 1, ok: true, detail: String::new() };
    let run = run.advance(&done, after(9)).unwrap();
    assert_eq!(run.advance(&done, after(10)), Err(NotNow::Late), "the same call-back again");
    assert_eq!(
        run.actions(),
        [Action::Wait { step: 2, attempt: 1, until: after(29), longest: SignedDuration::from_secs(20) }]
    );
    let run = run.advance(&RunEvent::Waited { step: 2, attempt: 1 }, after(29)).unwrap();
    // Nothing, then a value that holds, then a gap, then long enough.
    let run = run.advance(&read(3, None, false, 0), after(30)).unwrap();
    assert_eq!(run.steps[3].reading.as_ref().unwrap().problem.as_deref(), Some("Prometheus does not answer"));
    assert_eq!(run.advance(&read(3, None, false, 0), after(31)), Err(NotNow::NoNews));
    let run = run.advance(&read(3, Some(0.001), true, 0), after(32)).unwrap();
    assert_eq!(run.advance(&read(3, Some(0.001), true, 29_999), after(61)), Err(NotNow::NoNews), "not long enough");
    let run = run.advance(&read(3, None, false, 0), after(62)).unwrap();
    let run = run.advance(&read(3, Some(0.001), true, 0), after(63)).unwrap();
    let run = run.advance(&read(3, Some(0.001), true, 30_000), after(93)).unwrap();
    assert_eq!(run.phase, Phase::Ended { verdict: Verdict::Done, at: after(93) });
    assert_eq!(run.steps[1].began, Some(after(3)));
    assert_eq!(run.steps[1].ended, Some(after(9)));
    assert!(run.is_settled() && run.actions().is_empty() && run.due().is_empty());
    assert_eq!(run.advance(&RunEvent::Aborted, after(94)), Err(NotNow::Ended));
}

/// Whoever looks is told why it is held now, and two reasons in turn do not fill the chart.
#[test]
fn another_reason_for_there_being_nothing_to_read_is_told() {
    let without = |why: &str| RunEvent::MetricRead {
        step: 0,
        attempt: 1,
        value: None,
        holds: false,
        held_ms: 0,
        problem: Some(why.to_owned()),
    };
    let run = begun(json!([{ "verify": "errors" }])).advance(&without("the server has just begun"), after(1)).unwrap();
    assert_eq!(run.advance(&without("clients are silent"), after(15)), Err(NotNow::NoNews));
    assert_eq!(run.advance(&without("the server has just begun"), after(16)), Err(NotNow::NoNews));
    let run = run.advance(&without("clients are silent"), after(16)).unwrap();
    assert_eq!(run.steps[0].reading.as_ref().unwrap().problem.as_deref(), Some("clients are silent"));
    assert_eq!(run.advance(&without("the server has just begun"), after(30)), Err(NotNow::NoNews));
}

#[test]
fn a_failed_step_holds_the_run_and_calls_for_help() {
    let run = begun(json!([{ "redeploy": { "target": "deploy" }, "escalate_to": "deployers" }, { "manual": "look" }]));
    let failed = RunEvent::CalledBack { step: 0, attempt: 1, ok: false, detail: "no capacity".into() };
    let run = run.advance(&failed, after(5)).unwrap();
    assert_eq!(run.phase, Phase::Held { step: 0, why: "no capacity".into() });
    let [Action::Deliver(call)] = &run.actions()[..] else { panic!("{:?}", run.actions()) };
    assert_eq!((call.id.as_str(), call.target.as_str()), ("r-7.call.1", "deployers"));
    let again = run.advance(&RunEvent::Retried { step: 0 }, after(60)).unwrap();
    assert_eq!((again.steps[0].attempt, again.steps[0].state), (2, StepState::Running));
    let late = RunEvent::CalledBack { step: 0, attempt: 1, ok: true, detail: String::new() };
    assert_eq!(again.advance(&late, after(61)), Err(NotNow::Late), "of the first attempt");
    let skipped = run.advance(&RunEvent::Skipped { step: 0 }, after(60)).unwrap();
    assert_eq!(skipped.phase, Phase::Running { step: 1 });
    let done = RunEvent::Confirmed { step: 1, attempt: 1, ok: true, note: String::new() };
    let ended = skipped.advance(&done, after(70)).unwrap();
    assert_eq!(ended.verdict(), Some(Verdict::Incomplete), "a step was skipped");
    assert!(!ended.is_settled(), "the call is still under way");
    let through = RunEvent::Escalated { call: 0, ok: true, detail: String::new() };
    assert!(ended.advance(&through, after(71)).unwrap().is_settled());
}

#[test]
fn what_may_go_on_goes_on() {
    let run =
        begun(json!([{ "purge": { "target": "cdn", "cache": "edge" }, "on_failure": "continue" }, { "wait": 5 }]));
    let run = run.advance(&RunEvent::Failed { step: 0, attempt: 1, why: "410".into() }, after(5)).unwrap();
    assert_eq!(run.phase, Phase::Running { step: 1 });
    let run = run.advance(&RunEvent::Waited { step: 1, attempt: 1 }, after(10)).unwrap();
    assert_eq!(run.verdict(), Some(Verdict::Incomplete));
}

#[test]
fn step_by_step_waits_for_a_person() {
    let event = started(json!([{ "manual": "one" }, { "manual": "two" }]), Purpose::Rollback, Pace::StepByStep);
    let run = Run::begun(7, &event, "a-1", "it burns", began()).unwrap();
    let done = |step| RunEvent::Confirmed { step, attempt: 1, ok: true, note: String::new() };
    let run = run.advance(&done(0), after(1)).unwrap();
    assert_eq!(run.phase, Phase::AwaitingGo { step: 1 });
    assert_eq!(run.actions(), []);
    assert_eq!(run.advance(&done(1), after(2)), Err(NotNow::Late));
    let run = run.advance(&RunEvent::Went { step: 1 }, after(9)).unwrap();
    assert_eq!(run.steps[1].began, Some(after(9)));
    assert_eq!(run.advance(&done(1), after(10)).unwrap().verdict(), Some(Verdict::Done));
}

#[test]
fn a_stop_condition_holds_a_rollback_and_unwinds_a_drill() {
    let steps = json!([{ "kill": ["checkout", "cart"] }, { "wait": 20 }]);
    let stopped = RunEvent::Stopped { condition: "orders fall".into(), value: 0.2 };
    let killed = [killed("checkout", 1), killed("cart", 2), dark()];
    let rollback = follow(&begun(steps.clone()), &killed).advance(&stopped, after(9)).unwrap();
    assert!(matches!(&rollback.phase, Phase::Held { step: 1, why } if why.contains("orders fall")), "{rollback:?}");

    let event = started(steps, Purpose::Drill, Pace::Straight);
    let begun = Run::begun(7, &event, "a-1", "practice", began()).unwrap();
    assert_eq!(begun.phase, Phase::AwaitingGo { step: 0 }, "somebody has to decide");
    let drill = follow(&begun.advance(&RunEvent::Went { step: 0 }, began()).unwrap(), &killed);
    let drill = drill.advance(&stopped, after(9)).unwrap();
    let restores: Vec<_> = drill.actions().into_iter().filter(|each| matches!(each, Action::Restore { .. })).collect();
    assert_eq!(restores, [Action::Restore { kill: "r-7.1.1.2".into() }], "the last kill first");
    let drill = drill.advance(&RunEvent::Restored { kill: "r-7.1.1.2".into() }, after(10)).unwrap();
    let drill = drill.advance(&RunEvent::Restored { kill: "r-7.1.1.1".into() }, after(11)).unwrap();
    assert_eq!(drill.verdict(), Some(Verdict::Aborted));
}

#[test]
fn a_drill_never_restores_what_it_found_killed() {
    let event = started(json!([{ "kill": ["checkout"] }]), Purpose::Drill, Pace::Straight);
    let run = Run::begun(7, &event, "a-1", "practice", began()).unwrap();
    let found = RunEvent::Killed { step: 0, attempt: 1, flag: "checkout".into(), kill: "k-1".into(), found: true };
    assert_eq!(follow(&run, &[RunEvent::Went { step: 0 }, found, dark()]).verdict(), Some(Verdict::Done));
}

// What follows is said about all runs.

fn steps() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just(json!({ "kill": ["checkout", "cart", "prices"] })),
        Just(json!({ "kill": ["cart"] })),
        Just(json!({ "restore": ["cart"] })),
        Just(json!({ "redeploy": { "target": "deploy" } })),
        Just(json!({ "purge": { "target": "cdn", "cache": "edge" } })),
        Just(json!({ "wait": 20 })),
        Just(json!({ "verify": "errors" })),
        Just(json!({ "manual": "look" })),
        Just(json!({ "escalate": { "target": "pager", "message": "hello" } })),
    ];
    let one = (one, any::<bool>()).prop_map(|(mut step, goes_on)| {
        if goes_on {
            step["on_failure"] = json!("continue");
        }
        step
    });
    prop::collection::vec(one, 1..6).prop_map(Value::Array)
}

/// What comes next in the world around a run.
#[derive(Debug, Clone)]
enum Turn {
    /// An action is carried out and reported.
    Works(Index),
    /// An action is carried out, and whoever did it dies before it could say so.
    Dies(Index),
    /// An action cannot be carried out.
    Fails(Index),
    /// Nothing comes until something is due.
    Due,
    Stop,
    Abort,
    Go,
    Retry,
    Skip,
    /// The report comes again.
    Again(Index),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        12 => any::<Index>().prop_map(Turn::Works),
        3 => any::<Index>().prop_map(Turn::Dies),
        2 => any::<Index>().prop_map(Turn::Fails),
        1 => Just(Turn::Due),
        1 => Just(Turn::Stop),
        1 => Just(Turn::Abort),
        2 => Just(Turn::Go),
        2 => Just(Turn::Retry),
        1 => Just(Turn::Skip),
        2 => any::<Index>().prop_map(Turn::Again),
    ];
    prop::collection::vec(turn, 0..60)
}

/// What an action does outside, by its id, and how it is reported.
fn carried_out(action: &Action) -> (Option<(String, String)>, RunEvent) {
    let text = |action: &Action| format!("{action:?}");
    match action {
        Action::Kill { id, step, attempt, flag } => {
            let event =
                RunEvent::Killed { step: *step, attempt: *attempt, flag: flag.clone(), kill: id.clone(), found: false };
            (Some((id.clone(), text(action))), event)
        }
        Action::WatchKills { step, attempt, .. } => {
            let event =
                RunEvent::Dark { step: *step, attempt: *attempt, dark: 3, unknown: 0, p50_ms: None, slowest_ms: None };
            (None, event)
        }
        Action::Restore { kill } => (None, RunEvent::Restored { kill: kill.clone() }),
        Action::Deliver(delivery) => {
            let event = match &delivery.payload {
                Payload::Call { call, .. } => RunEvent::Escalated { call: *call, ok: true, detail: String::new() },
                Payload::Redeploy { step, attempt, .. }
                | Payload::Purge { step, attempt, .. }
                | Payload::Tell { step, attempt, .. } => {
                    RunEvent::Delivered { step: *step, attempt: *attempt, status: 202 }
                }
            };
            (Some((delivery.id.clone(), text(action))), event)
        }
        Action::AwaitCallBack { step, attempt, .. } => {
            (None, RunEvent::CalledBack { step: *step, attempt: *attempt, ok: true, detail: String::new() })
        }
        Action::Wait { step, attempt, .. } => (None, RunEvent::Waited { step: *step, attempt: *attempt }),
        Action::QueryMetric { step, attempt, .. } => {
            let (step, attempt) = (*step, *attempt);
            let event =
                RunEvent::MetricRead { step, attempt, value: Some(0.0), holds: true, held_ms: 30_000, problem: None };
            (None, event)
        }
        Action::AwaitPerson { step, attempt, .. } => {
            (None, RunEvent::Confirmed { step: *step, attempt: *attempt, ok: true, note: String::new() })
        }
    }
}

fn failure(action: &Action) -> RunEvent {
    let (step, attempt) = match action {
        Action::Kill { step, attempt, .. }
        | Action::WatchKills { step, attempt, .. }
        | Action::AwaitCallBack { step, attempt, .. }
        | Action::Wait { step, attempt, .. }
        | Action::QueryMetric { step, attempt, .. }
        | Action::AwaitPerson { step, attempt, .. } => (*step, *attempt),
        Action::Restore { .. } => return RunEvent::Expired,
        Action::Deliver(delivery) => match &delivery.payload {
            Payload::Call { call, .. } => {
                return RunEvent::Escalated { call: *call, ok: false, detail: "down".to_owned() };
            }
            Payload::Redeploy { step, attempt, .. }
            | Payload::Purge { step, attempt, .. }
            | Payload::Tell { step, attempt, .. } => (*step, *attempt),
        },
    };
    RunEvent::Failed { step, attempt, why: "it could not be done".to_owned() }
}

fn overdue(run: &Run) -> Option<RunEvent> {
    let (_, due) = run.due().into_iter().next()?;
    Some(match due {
        Due::Step { step, attempt } => RunEvent::TimedOut { step, attempt },
        Due::Run => RunEvent::Expired,
    })
}

/// A run in its world: what was recorded, and what was done outside.
struct World {
    run: Run,
    events: Vec<(RunEvent, Timestamp)>,
    effects: BTreeMap<String, String>,
    now: Timestamp,
    started: RunEvent,
}

impl World {
    fn new(steps: Value, purpose: Purpose, pace: Pace) -> World {
        let started = started(steps, purpose, pace);
        let run = Run::begun(7, &started, "a-1", "it burns", began()).unwrap();
        World { run, events: Vec::new(), effects: BTreeMap::new(), now: began(), started }
    }

    fn say(&mut self, event: RunEvent) -> bool {
        self.now = self.now.checked_add(SignedDuration::from_secs(1)).unwrap();
        match step(&self.run, &event, self.now) {
            Ok((next, actions)) => {
                for action in &actions {
                    assert!(next.actions().contains(action), "an action that the run does not want: {action:?}");
                }
                self.run = next;
                self.events.push((event, self.now));
                true
            }
            Err(_) => false,
        }
    }

    /// Does what is outside; the same id is never something else, and is done once.
    fn carry_out(&mut self, action: &Action) -> RunEvent {
        let (effect, event) = carried_out(action);
        if let Some((id, what)) = effect {
            let done = self.effects.entry(id.clone()).or_insert_with(|| what.clone());
            assert_eq!(*done, what, "{id} is two things");
        }
        event
    }

    fn take(&mut self, turn: &Turn) {
        let actions = self.run.actions();
        let pick = |index: &Index| (!actions.is_empty()).then(|| index.get(&actions).clone());
        let at = self.run.at_step();
        match turn {
            Turn::Works(index) => {
                if let Some(action) = pick(index) {
                    let event = self.carry_out(&action);
                    assert!(self.say(event.clone()), "{action:?} was asked for, and {event:?} refused");
                }
            }
            Turn::Dies(index) => {
                if let Some(action) = pick(index) {
                    self.carry_out(&action);
                }
                self.crash();
            }
            Turn::Fails(index) => {
                if let Some(action) = pick(index) {
                    assert!(self.say(failure(&action)), "{action:?}");
                }
            }
            Turn::Due => {
                if let Some(event) = overdue(&self.run) {
                    assert!(self.say(event));
                }
            }
            Turn::Stop => drop(self.say(RunEvent::Stopped { condition: "orders fall".into(), value: 0.2 })),
            Turn::Abort => drop(self.say(RunEvent::Aborted)),
            Turn::Go => drop(at.map(|step| self.say(RunEvent::Went { step }))),
            Turn::Retry => drop(at.map(|step| self.say(RunEvent::Retried { step }))),
            Turn::Skip => drop(at.map(|step| self.say(RunEvent::Skipped { step }))),
            Turn::Again(index) => {
                if !self.events.is_empty() {
                    let (event, _) = index.get(&self.events).clone();
                    let reports = matches!(
                        event,
                        RunEvent::Killed { .. }
                            | RunEvent::Dark { .. }
                            | RunEvent::Delivered { .. }
                            | RunEvent::CalledBack { .. }
                            | RunEvent::Confirmed { .. }
                            | RunEvent::Restored { .. }
                            | RunEvent::Escalated { .. }
                    );
                    assert!(!(reports && self.say(event.clone())), "taken twice: {event:?}");
                }
            }
        }
    }

    /// What the next process reads from the chart.
    fn crash(&mut self) {
        let as_recorded =
            |event: &RunEvent| serde_json::from_slice::<RunEvent>(&serde_json::to_vec(event).unwrap()).unwrap();
        let mut run = Run::begun(7, &as_recorded(&self.started), "a-1", "it burns", began()).unwrap();
        for (event, at) in &self.events {
            run = run.advance(&as_recorded(event), *at).unwrap();
        }
        assert_eq!(run, self.run);
        self.run = run;
    }
}

proptest! {
    #[test]
    fn every_run_ends(steps in steps(), turns in turns(), drill: bool, paced: bool) {
        let mut world = world(steps, drill, paced);
        turns.iter().for_each(|turn| world.take(turn));
        // From here on nobody answers.
        let mut left = 2 * world.run.steps.len() + 3;
        while let Some(event) = overdue(&world.run) {
            let taken = world.say(event);
            prop_assert!(taken);
            prop_assert!(left > 0, "{:?}", world.run.phase);
            left -= 1;
        }
        prop_assert!(world.run.is_ended());
    }

    #[test]
    fn abort_ends_from_everywhere(steps in steps(), turns in turns(), drill: bool, paced: bool) {
        let mut world = world(steps, drill, paced);
        turns.iter().for_each(|turn| world.take(turn));
        if world.run.is_ended() {
            return Ok(());
        }
        // Where it is restoring what it killed, it is ending already.
        let is_ending = matches!(world.run.phase, Phase::Unwinding { .. });
        prop_assert_eq!(world.say(RunEvent::Aborted), !is_ending);
        let mut restored = Vec::new();
        while let Phase::Unwinding { .. } = world.run.phase {
            let action = world.run.actions().into_iter().next().unwrap();
            if let Action::Restore { kill } = &action {
                restored.push(kill.clone());
            } else {
                prop_assert!(restored.is_empty(), "a flag is back before the artifact that it belongs to");
            }
            let (_, event) = carried_out(&action);
            prop_assert!(world.say(event));
        }
        let ended = world.run.is_ended();
        prop_assert!(ended, "{:?}", world.run.phase);
        if is_ending {
            return Ok(());
        }
        let made: Vec<String> = world.run.kills.iter().rev().map(|kill| kill.kill.clone()).collect();
        let mut places = restored.iter().map(|kill| made.iter().position(|other| other == kill));
        prop_assert!(places.by_ref().is_sorted(), "restored in another order than the reverse");
        if drill {
            prop_assert_eq!(world.run.to_restore().count(), 0);
        } else {
            prop_assert!(restored.is_empty(), "a rollback leaves its kills in force");
        }
    }

    #[test]
    fn a_crash_at_any_event_changes_nothing(steps in steps(), turns in turns(), drill: bool, paced: bool) {
        let (mut whole, mut crashing) = (world(steps.clone(), drill, paced), world(steps, drill, paced));
        for turn in &turns {
            whole.take(turn);
            crashing.take(turn);
            crashing.crash();
            prop_assert_eq!(whole.run.actions(), crashing.run.actions());
        }
        prop_assert_eq!(&whole.run, &crashing.run);
        prop_assert_eq!(whole.run.verdict(), crashing.run.verdict());
        prop_assert_eq!(whole.effects, crashing.effects);
    }

    #[test]
    fn times_of_steps_do_not_run_backwards(steps in steps(), turns in turns(), drill: bool, paced: bool) {
        let mut world = world(steps, drill, paced);
        turns.iter().for_each(|turn| world.take(turn));
        for step in &world.run.steps {
            prop_assert_eq!(step.began.is_some(), step.attempt > 0);
            if let (Some(began), Some(ended)) = (step.began, step.ended) {
                prop_assert!(began <= ended);
            }
        }
    }
}

fn world(steps: Value, drill: bool, paced: bool) -> World {
    let purpose = if drill { Purpose::Drill } else { Purpose::Rollback };
    World::new(steps, purpose, if paced { Pace::StepByStep } else { Pace::Straight })
}
