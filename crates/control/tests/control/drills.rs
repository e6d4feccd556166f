//! Drills: what one has shown, from the events of its run alone; who ran it; what is due; the heartbeat.

use crate::support::{World, flag, flag_with, now};
use downhaul_control::api::{DrillQuery, KillRequest, KillScope};
use downhaul_control::drill::{Drill, Outcome};
use downhaul_control::policy::{self, Policy};
use downhaul_control::release::Release;
use downhaul_control::runbook::{
    Action, Named, Pace, Payload, Phase, ReviewAbout, Run, RunEvent, Which, drills_in_the_way, not_begun, start,
    start_drill,
};
use downhaul_control::{Command, Refusal, RefusalCode, Request, decide, heartbeat, views};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const RELEASE: &str = "checkout-2.4.1";

fn release(more: Value) -> Release {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let mut release = json!({
        "key": RELEASE, "owner": "payments",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "flags": ["cart", "checkout"], "redeploy": "deploy", "escalation": { "target": "pager" },
        "recovery": [{ "name": "errors", "query": "errors", "condition": "< 0.01", "for_seconds": 1 }],
    });
    for (key, value) in more.as_object().unwrap() {
        release[key] = value.clone();
    }
    serde_json::from_value(release).unwrap()
}

/// `checkout` requires `cart`; the release is put by `a-1`.
fn shop() -> World {
    let mut world = World::new();
    world.put(flag("cart")).unwrap();
    let requires = json!({ "requires": [{ "flag": "cart", "variants": ["on"] }], "critical": true });
    world.put(flag_with("checkout", requires)).unwrap();
    world.put(flag("prices")).unwrap();
    world.ask(Command::PutRelease { release: Box::new(release(json!({}))) }, None).unwrap();
    world
}

impl World {
    /// As somebody, who may do everything.
    fn ask_because(&mut self, by: &str, why: &str, command: Command) -> Result<bool, Refusal> {
        self.carry_out(Request { actor: by.to_owned(), reason: why.to_owned(), ..self.request(command) })
    }

    fn drill(&mut self, by: &str, name: &str) -> Result<u64, Refusal> {
        let command = start_drill(&self.state, &Named::Either(name.to_owned()), Pace::Straight)?;
        let Command::Run { run, .. } = &command else { panic!("{command:?}") };
        let run = *run;
        self.ask_because(by, "practice", command)?;
        Ok(run)
    }

    fn say(&mut self, by: &str, run: u64, event: RunEvent) {
        self.ask_because(by, "", Command::Run { run, event: Box::new(event) }).unwrap();
    }

    fn run(&self, number: u64) -> &Run {
        &self.state.releases.runs[&number]
    }

    /// Carries out everything that the run asks for, until it has ended or waits for somebody.
    fn go_on(&mut self, number: u64) {
        self.go_on_until(number, |_| false);
    }

    fn go_on_until(&mut self, number: u64, is_far: impl Fn(&Run) -> bool) {
        while let Some(action) = self.run(number).actions().into_iter().next() {
            if is_far(self.run(number)) {
                return;
            }
            let event = match action {
                Action::Kill { id, step, attempt, flag } => {
                    let command = decide::kill_everyone(&self.state, [&flag, &id], "practice", "a-2", now()).unwrap();
                    self.ask(command, None).unwrap();
                    RunEvent::Killed { step, attempt, flag, kill: id, found: false }
                }
                Action::WatchKills { step, attempt, .. } => {
                    RunEvent::Dark { step, attempt, dark: 100, unknown: 0, p50_ms: Some(19.0), slowest_ms: Some(84.0) }
                }
                Action::Restore { kill } => {
                    self.ask(Command::Restore { id: kill.clone() }, None).unwrap();
                    RunEvent::Restored { kill }
                }
                Action::Deliver(delivery) => match delivery.payload {
                    Payload::Redeploy { step, attempt, .. } => RunEvent::Delivered { step, attempt, status: 202 },
                    Payload::Call { call, .. } => RunEvent::Escalated { call, ok: true, detail: String::new() },
                    other => panic!("{other:?}"),
                },
                Action::AwaitCallBack { step, attempt, .. } => {
                    RunEvent::CalledBack { step, attempt, ok: true, detail: String::new() }
                }
                Action::QueryMetric { step, attempt, .. } => {
                    let (holds, held_ms) = (true, 1000);
                    RunEvent::MetricRead { step, attempt, value: Some(0.0), holds, held_ms, problem: None }
                }
                Action::Wait { .. } | Action::AwaitPerson { .. } => return,
            };
            self.say("system", number, event);
        }
    }

    fn passed(&mut self, by: &str, name: &str) -> u64 {
        let run = self.drill(by, name).unwrap();
        self.say(by, run, RunEvent::Went { step: 0 });
        self.go_on(run);
        assert_eq!(drill(self, run).outcome(), Outcome::Passed, "{:?}", self.run(run));
        run
    }
}

fn drill(world: &World, run: u64) -> Drill<'_> {
    Drill::of(world.run(run)).unwrap()
}

fn reasons(world: &World, run: u64) -> Vec<String> {
    match drill(world, run).outcome() {
        Outcome::Failed(reasons) => reasons,
        other => panic!("{other:?}"),
    }
}

/// Every change is a second after the one before it.
#[test]
fn what_a_drill_has_shown_follows_from_its_events() {
    let mut world = shop();
    let run = world.drill("a-2", RELEASE).unwrap();
    assert_eq!(world.run(run).actions(), [], "nothing is done before somebody decides");
    assert_eq!(drill(&world, run).outcome(), Outcome::UnderWay);
    world.put(flag("other")).unwrap();
    world.say("a-3", run, RunEvent::Went { step: 0 });
    world.go_on(run);
    let drilled = drill(&world, run);
    let phases = drilled.phases();
    // Two kills, each with its event, and the last acknowledgement.
    assert_eq!((phases.decide_ms, phases.disable_ms), (Some(2000), Some(5000)));
    assert_eq!((phases.redeploy_ms, phases.verify_ms), (Some(2000), Some(1000)));
    assert_eq!((phases.other_ms, phases.total_ms), (Some(0), Some(10_000)));
    // The own artifact is accepted and out again, then each flag is restored and that is said.
    assert_eq!(phases.put_back_ms, Some(6000));
    assert_eq!(drilled.clients(), Some(100));
    let view = views::drill(&drilled, &BTreeMap::new());
    assert_eq!((view.by.as_str(), view.run_by.as_deref(), view.author.as_deref()), ("a-2", Some("a-3"), Some("a-1")));
    assert_eq!((view.independent, view.within_objective), (Some(true), Some(true)));
    assert_eq!(view.outcome, "passed");
    assert_eq!(world.state.flag_set.kills.len(), 0);
    assert_eq!(world.state.releases.last_drill_of_flag("cart").unwrap().run.number, run);
}

#[test]
fn a_drill_is_independent_unless_its_author_has_a_hand_in_it() {
    let mut world = shop();
    let by_author = world.passed("a-1", RELEASE);
    assert_eq!(drill(&world, by_author).is_independent(), Some(false));
    // The author may call it, but not run it.
    let called = world.drill("a-1", RELEASE).unwrap();
    world.say("a-2", called, RunEvent::Went { step: 0 });
    world.go_on(called);
    assert_eq!(drill(&world, called).is_independent(), Some(true));
    let helped = world.drill("a-2", RELEASE).unwrap();
    world.say("a-2", helped, RunEvent::Went { step: 0 });
    let failed = RunEvent::Failed { step: 0, attempt: 1, why: "no".to_owned() };
    world.say("system", helped, failed);
    world.say("a-1", helped, RunEvent::Retried { step: 0 });
    assert_eq!(drill(&world, helped).is_independent(), Some(false));
    // Whoever puts the release later changes nothing about what was.
    let put = Command::PutRelease { release: Box::new(release(json!({ "owner": "web" }))) };
    world.ask_because("a-2", "later", put).unwrap();
    assert_eq!(drill(&world, called).is_independent(), Some(true));
    // Of a flag, the author is who defined it, not who killed it last.
    world.say("a-2", helped, RunEvent::Aborted);
    world.go_on(helped);
    let kill = decide::kill_everyone(&world.state, ["prices", "k-x"], "now", "a-2", now()).unwrap();
    world.ask_because("a-2", "now", kill).unwrap();
    world.ask_because("a-2", "over", Command::Restore { id: "k-x".to_owned() }).unwrap();
    let of_flag = world.passed("a-2", "prices");
    assert_eq!(world.run(of_flag).author.as_deref(), Some("a-1"));
    assert_eq!(drill(&world, of_flag).is_independent(), Some(true));
}

#[test]
fn why_a_drill_has_failed_is_said() {
    let mut world = shop();
    let run = world.drill("a-2", RELEASE).unwrap();
    world.say("a-2", run, RunEvent::Went { step: 0 });
    world.say("system", run, RunEvent::Failed { step: 0, attempt: 1, why: "no answer".to_owned() });
    world.say("a-2", run, RunEvent::Aborted);
    world.go_on(run);
    assert_eq!(reasons(&world, run), ["step 1 (kill `checkout`, then `cart`): no answer", "it was aborted"]);
    assert_eq!(drill(&world, run).phases().total_ms, None);

    // The target takes the previous artifact, and does not give the own one back.
    let run = world.drill("a-2", RELEASE).unwrap();
    world.say("a-2", run, RunEvent::Went { step: 0 });
    world.go_on_until(run, |run| matches!(run.phase, Phase::Unwinding { .. }));
    let [Action::Deliver(delivery)] = &world.run(run).actions()[..] else { panic!("{:?}", world.run(run)) };
    assert_eq!(delivery.id, format!("r-{run}.back.2"));
    let Payload::Redeploy { which, artifact, attempt, .. } = &delivery.payload else { panic!("{delivery:?}") };
    assert_eq!((*which, *attempt), (Which::Own, 0));
    assert_eq!(artifact.as_ref().unwrap().reference, "https://shop.example/2.4.1.tgz");
    world.say("system", run, RunEvent::TimedOut { step: 1, attempt: 0 });
    assert!(world.run(run).calls[0].message.contains("was not put back"), "{:?}", world.run(run).calls);
    world.go_on(run);
    assert_eq!(
        reasons(&world, run),
        ["step 2 (redeploy the previous artifact by `deploy`): the own artifact was not put back"]
    );
    assert_eq!(world.state.flag_set.kills.len(), 0, "flags are restored all the same");
}

#[test]
fn a_drill_that_could_not_sign_in_is_a_failed_drill() {
    let mut world = shop();
    let name = Named::Either(RELEASE.to_owned());
    let tried = now().checked_sub(SignedDuration::from_hours(3)).unwrap();
    let command = not_begun(&world.state, &name, tried, "not-signed-in: the token has expired", now()).unwrap();
    world.ask_because("a-3", "", command).unwrap();
    assert_eq!(reasons(&world, 1), ["not-signed-in: the token has expired"]);
    assert!(world.run(1).is_settled() && world.run(1).actions().is_empty());
    assert!(world.state.releases.last_drill(RELEASE).is_none());
    assert_eq!(drill(&world, 1).is_independent(), None, "nobody has run it");
    for (tried, why) in [
        (now().checked_add(SignedDuration::from_hours(1)).unwrap(), "x"),
        (now().checked_sub(SignedDuration::from_hours(24 * 500)).unwrap(), "x"),
        (tried, " "),
    ] {
        assert_eq!(not_begun(&world.state, &name, tried, why, now()).unwrap_err().code, RefusalCode::Invalid);
    }
    let unknown = not_begun(&world.state, &Named::Either("checkot".to_owned()), tried, "x", now()).unwrap_err();
    assert!(unknown.help.contains("did you mean `checkout`?"), "{unknown:?}");
    // It says something about the next one, and hinders none.
    let run = world.passed("a-2", RELEASE);
    assert_eq!(run, 2);
    let page = views::drills(&world.state, &BTreeMap::new(), &DrillQuery::default());
    assert_eq!((page.trend.all.passed, page.trend.all.failed), (1, 1));
    assert_eq!(page.trend.months.len(), 1);
    assert_eq!(page.trend.all.phases.total.unwrap().median_ms, page.drills[0].phases.total_ms.unwrap());
}

#[test]
fn a_drill_gives_way_and_a_rollback_does_not() {
    let mut world = shop();
    let run = world.drill("a-2", RELEASE).unwrap();
    assert_eq!(world.drill("a-2", "cart").unwrap_err().code, RefusalCode::RunActive, "the same flag");
    let other = world.drill("a-2", "prices").unwrap();
    assert_eq!(drills_in_the_way(&world.state, RELEASE), [run]);
    // The rollback is not refused, whatever is rehearsed.
    let rollback = start(&world.state, RELEASE, Pace::Straight).unwrap();
    world.ask(rollback.clone(), None).unwrap();
    let refused = start_drill(&world.state, &Named::Flag("cart".to_owned()), Pace::Straight)
        .and_then(|command| world.ask(command, None));
    assert_eq!(refused.unwrap_err().code, RefusalCode::RunActive);
    assert_eq!(
        world.ask(start(&world.state, RELEASE, Pace::Straight).unwrap(), None).unwrap_err().code,
        RefusalCode::RunActive
    );
    world.say("a-2", run, RunEvent::Aborted);
    world.say("a-2", other, RunEvent::Aborted);
    world.say("a-2", 3, RunEvent::Aborted);
    // What is killed already cannot be rehearsed, and practice waits for a freeze to be over.
    let everyone = |flag: &str| KillRequest {
        flag: flag.to_owned(),
        scope: KillScope::default(),
        reason: "it burns".to_owned(),
        incident: None,
    };
    let kill = world.kill(&everyone("cart")).unwrap();
    assert_eq!(world.drill("a-2", RELEASE).unwrap_err().code, RefusalCode::StillKilled);
    world.restore(&kill).unwrap();
    world.ask(Command::Freeze, None).unwrap();
    assert_eq!(world.drill("a-2", RELEASE).unwrap_err().code, RefusalCode::Frozen);
    world.ask(rollback_of(&world), None).unwrap();
}

fn rollback_of(world: &World) -> Command {
    start(&world.state, RELEASE, Pace::Straight).unwrap()
}

#[test]
fn reviews_are_changes_of_what_is_over() {
    let mut world = shop();
    let run = world.drill("a-2", RELEASE).unwrap();
    let review = |step| RunEvent::Reviewed { about: ReviewAbout::ConfusingStep, step, note: "which board?".to_owned() };
    let ask = |world: &mut World, event| {
        world.ask_because("a-4", "", Command::Run { run, event: Box::new(event) }).map_err(|refusal| refusal.code)
    };
    assert_eq!(ask(&mut world, review(Some(2))), Err(RefusalCode::NotNow));
    world.say("a-2", run, RunEvent::Went { step: 0 });
    world.go_on(run);
    assert_eq!(ask(&mut world, review(Some(9))), Err(RefusalCode::NotNow), "there is no such step");
    assert_eq!(ask(&mut world, review(Some(2))), Ok(true));
    let said = views::drill(&drill(&world, run), &BTreeMap::new()).reviews;
    assert_eq!((said[0].by.as_str(), said[0].step, said[0].note.as_str()), ("a-4", Some(3), "which board?"));
    assert!(drill(&world, run).is_independent().unwrap(), "to have read it is not to have run it");
    let summary = views::change(&world.state, world.records.last().unwrap(), &BTreeMap::new()).summary;
    assert_eq!(summary, "r-1: confusing-step of step 3 (verify `errors`): which board?");
}

#[test]
fn what_is_due_follows_from_the_policy() {
    let mut world = shop();
    let due = |world: &World, days: i64| {
        let then = now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
        let due = views::drills_due(&world.state, &BTreeMap::new(), then);
        due.subjects.iter().map(|each| (each.subject.key().to_owned(), each.due)).collect::<Vec<_>>()
    };
    let of = |release, flag| [(RELEASE.to_owned(), release), ("checkout".to_owned(), flag)];
    assert_eq!(due(&world, 0), of(true, true), "releases, and flags that are critical");
    world.passed("a-2", RELEASE);
    assert_eq!(due(&world, 1), of(false, false), "a drill of the release kills the flag too");
    assert_eq!(due(&world, 92), of(true, true));
    let policy = policy::read(&json!({ "drill_days": 365 })).unwrap();
    world.ask(Command::PutPolicy { policy: Box::new(policy) }, None).unwrap();
    assert_eq!(due(&world, 92), of(false, false));
    world.ask(Command::PutRelease { release: Box::new(release(json!({ "owner": "web" }))) }, None).unwrap();
    assert_eq!(due(&world, 92), of(true, false), "it is another release by now");
    world.ask(Command::RetireRelease { key: RELEASE.parse().unwrap() }, None).unwrap();
    assert_eq!(due(&world, 92), of(true, false)[1..]);
}

#[test]
fn the_heartbeat_beats_alone_and_is_forgotten() {
    let mut world = shop();
    let policy = |flag: &str| Command::PutPolicy {
        policy: Box::new(policy::read(&json!({ "heartbeat": { "flag": flag, "every_seconds": 60 } })).unwrap()),
    };
    assert_eq!(world.ask(policy("pulse"), None).unwrap_err().code, RefusalCode::UnknownFlag);
    assert_eq!(world.ask(policy("cart"), None).unwrap_err().code, RefusalCode::StillRequired);
    assert_eq!(heartbeat::next(&world.state), Err(heartbeat::NoBeat::NotAsked));
    world.put(flag("pulse")).unwrap();
    world.ask(policy("pulse"), None).unwrap();
    let touched = world.state.touched.get("pulse").unwrap().revision;
    for _ in 0..20 {
        let beat = heartbeat::next(&world.state).unwrap();
        let kill = decide::kill_everyone(&world.state, [beat.flag.as_str(), &beat.kill], "heartbeat", "system", now())
            .unwrap();
        world.ask(kill, None).unwrap();
        assert!(matches!(heartbeat::next(&world.state), Err(heartbeat::NoBeat::Killed { .. })));
        assert_eq!(heartbeat::in_force(&world.state).collect::<Vec<_>>(), [beat.kill.as_str()]);
        let run = world.drill("a-2", "pulse").unwrap();
        world.say("a-2", run, RunEvent::Aborted);
        world.restore(&beat.kill).unwrap();
    }
    assert_eq!(world.state.kills.len(), 1, "beats that are over are not kept in memory");
    assert_eq!(world.state.touched.get("pulse").unwrap().revision, touched, "nobody has changed the flag");
    world.ask(Command::Freeze, None).unwrap();
    assert_eq!(heartbeat::next(&world.state), Err(heartbeat::NoBeat::Frozen));
    world.ask(Command::Unfreeze, None).unwrap();
    world.retire("pulse").unwrap();
    assert!(matches!(heartbeat::next(&world.state), Err(heartbeat::NoBeat::NoFlag(_))));
    assert_eq!(Policy::default().drill_days.get(), 90);
}
