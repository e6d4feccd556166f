//! Steps of a data change: what each takes, what refuses it, and what kills, releases and the chart say of it.

use crate::support::{World, flag, flag_with, kill_request, now};
use downhaul_control::api::{CallCounts, MigrationFleet, MigrationRelease, MigrationStepRequest, PhaseCounts, Trust};
use downhaul_control::hygiene::{Usage, retirement};
use downhaul_control::migration::{Evidence, check_fleet, propose};
use downhaul_control::release::check::{Facts, check};
use downhaul_control::release::{Release, one_way};
use downhaul_control::runbook::derived;
use downhaul_control::views::{self, Names};
use downhaul_control::{Command, Refusal};
use downhaul_core::document::{ClientKind, Flag, Reversibility};
use downhaul_core::phase::Phase;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const FLAG: &str = "orders-v2";

fn migration(members: &Value) -> Box<Flag> {
    let mut json = json!({
        "key": FLAG, "owner": "orders", "kind": "migration", "expires": "2027-03-31", "phase": "expand",
        "degraded": { "meaning": "Orders as before" }, "unaffected": ["banners"],
    });
    json.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Box::new(serde_json::from_value(json).unwrap())
}

fn world() -> World {
    let mut world = World::new();
    world.put(migration(&json!({}))).unwrap();
    world
}

fn everything() -> Evidence {
    let text = |text: &str| Some(text.to_owned());
    Evidence {
        backfilled: text("job 4711: 1204311 rows"),
        refilled: text("job 4712: 311 rows"),
        accepted: None,
        snapshot: text("s3://backups/orders-2026-11-24"),
        forward_fix: text("copy the rows back with `orders-repair`"),
    }
}

fn asked(from: Phase, to: Phase, evidence: Evidence) -> MigrationStepRequest {
    MigrationStepRequest {
        from,
        to,
        tenants: Vec::new(),
        percent: None,
        by: None,
        evidence,
        reason: "because".to_owned(),
    }
}

/// Asks once, as the server would: a hold may be what comes of it.
fn ask(world: &mut World, request: &MigrationStepRequest, counted: Vec<PhaseCounts>) -> Result<bool, Refusal> {
    let step = propose(&world.state, FLAG, request, counted)?;
    world.ask(Command::Migrate { step: Box::new(step) }, None)
}

fn phase(world: &World) -> Phase {
    world.state.flag_set.flag(FLAG).unwrap().phase.unwrap()
}

/// Asks until it is there.
fn go(world: &mut World, to: Phase) -> Result<(), Refusal> {
    let from = phase(world);
    for _ in 0..2 {
        if phase(world) != to {
            ask(world, &asked(from, to, everything()), Vec::new())?;
        }
    }
    assert_eq!(phase(world), to);
    Ok(())
}

fn up_to(to: Phase) -> World {
    let mut world = world();
    for step in Phase::ALL.into_iter().skip(1).take_while(|step| *step <= to) {
        go(&mut world, step).unwrap();
    }
    world
}

fn words(refusal: &Refusal) -> String {
    format!("{} [{}]: {}", refusal.message, refusal.code.as_str(), refusal.help)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    words(&result.expect_err("it is refused"))
}

#[test]
fn forward_in_steps_and_backward_until_contract() {
    // Every step from every phase: only a neighbour is reached, and nothing from `contract`.
    for from in Phase::ALL {
        for to in Phase::ALL {
            let mut world = up_to(from);
            let may = from.next() == Some(to) || (from.before() == Some(to) && from != Phase::Contract);
            let went = if from == to { Ok(()) } else { go(&mut world, to) };
            assert_eq!(went.is_ok(), may || from == to, "{from:?} -> {to:?}: {went:?}");
            if let Err(why) = went {
                assert_eq!(why.code.as_str(), "phase-order", "{from:?} -> {to:?}");
            }
        }
    }
    let mut skipping = up_to(Phase::DualWrite);
    assert_snapshot!(refused(go(&mut skipping, Phase::ReadNew)), @"`orders-v2` goes from `dual-write` to `expand` or `backfill` only, not to `read-new` [phase-order]: one step at a time: clients two phases apart would not find what the others write");
    let mut returning = up_to(Phase::Contract);
    assert_snapshot!(refused(go(&mut returning, Phase::StopOldWrites)), @"`orders-v2` is at `contract`, and from there is no way back: the old shape is gone [phase-order]: forward fix: copy the rows back with `orders-repair`");
}

#[test]
fn a_step_forward_is_held_first() {
    let mut world = up_to(Phase::DualWrite);
    let degraded = |world: &World| world.state.flag_set.flag(FLAG).unwrap().degraded.variant.to_string();
    assert_eq!(degraded(&world), "expand", "a kill takes a step back");
    let request = asked(Phase::DualWrite, Phase::Backfill, everything());
    ask(&mut world, &request, Vec::new()).unwrap();
    assert_eq!((phase(&world), degraded(&world).as_str()), (Phase::DualWrite, "dual-write"));
    ask(&mut world, &request, Vec::new()).unwrap();
    assert_eq!((phase(&world), degraded(&world).as_str()), (Phase::Backfill, "dual-write"));
    // The step itself, without a hold.
    let mut step =
        propose(&world.state, FLAG, &asked(Phase::Backfill, Phase::ReadNew, everything()), Vec::new()).unwrap();
    (step.to, step.hold_for, step.evidence) = (Phase::ReadNew, None, everything());
    assert_snapshot!(refused(world.ask(Command::Migrate { step: Box::new(step) }, None)), @"a kill still leads `orders-v2` back from `backfill` [phase-order]: hold it there first, until every client knows: `downhaul migration advance` does both");
}

#[test]
fn what_a_step_takes() {
    let without = |evidence: fn(&mut Evidence)| {
        let mut said = everything();
        evidence(&mut said);
        said
    };
    let mut world = up_to(Phase::Backfill);
    let request = asked(Phase::Backfill, Phase::ReadNew, without(|said| said.backfilled = Some(" ".to_owned())));
    assert_snapshot!(refused(ask(&mut world, &request, Vec::new())), @r#"nobody says that what `orders-v2` held before is in the new shape [missing-evidence]: copy it, compare it, and say what was done: `--backfilled "job 4711: 1 204 311 rows, none differ"`"#);

    let mut world = up_to(Phase::StopOldWrites);
    world.put(migration(&json!({ "phase": "stop-old-writes" }))).unwrap();
    for evidence in [without(|said| said.snapshot = None), without(|said| said.forward_fix = None)] {
        let why = refused(ask(&mut world, &asked(Phase::StopOldWrites, Phase::Contract, evidence), Vec::new()));
        assert!(why.contains("missing-evidence"), "{why}");
    }
    // Back to where the old shape is read: it lacks what was written while it was left alone.
    go(&mut world, Phase::ReadNew).unwrap();
    let request = asked(Phase::ReadNew, Phase::Backfill, without(|said| said.refilled = None));
    assert_snapshot!(refused(ask(&mut world, &request, Vec::new())), @r#"in `backfill` `orders-v2` would read the old shape, but the old shape was left alone in `stop-old-writes`, and lacks what was written meanwhile [missing-evidence]: copy it back, and say what was done: `--refilled "job 4712: 311 rows"`"#);
    go(&mut world, Phase::Backfill).unwrap();
    // Once refilled it lacks nothing any more.
    go(&mut world, Phase::ReadNew).unwrap();
    let request = asked(Phase::ReadNew, Phase::Backfill, Evidence::default());
    assert!(ask(&mut world, &request, Vec::new()).unwrap());
}

fn counts(phase: Phase, trust: Trust, set: impl Fn(&mut PhaseCounts)) -> PhaseCounts {
    let none = CallCounts::default();
    let mut counts = PhaseCounts {
        phase,
        trust,
        compared: 1000,
        mismatches: 0,
        refused: 0,
        read_old: none,
        read_new: none,
        write_old: none,
        write_new: none,
    };
    set(&mut counts);
    counts
}

#[test]
fn what_clients_count_counts() {
    let differ = || {
        vec![counts(Phase::Backfill, Trust::Trusted, |counts| {
            counts.mismatches = 3;
            counts.write_new = CallCounts { calls: 10, errors: 2, ms: 40 };
        })]
    };
    let mut world = up_to(Phase::Backfill);
    let mut request = asked(Phase::Backfill, Phase::ReadNew, everything());
    assert_snapshot!(refused(ask(&mut world, &request, differ())), @r#"at `backfill` of `orders-v2` 3 of 1000 compared reads differ and 2 second writes failed [data-differs]: mend the data, then say why the count is no obstacle: `--accept "repaired by job 4713"`"#);
    // What browsers merely claim stops nobody.
    let claimed = vec![counts(Phase::Backfill, Trust::Claimed, |counts| counts.mismatches = 3)];
    assert!(ask(&mut world, &request, claimed).unwrap());
    request.evidence.accepted = Some("repaired by job 4713".to_owned());
    assert!(ask(&mut world, &request, differ()).unwrap());
    let record = world.records.last().unwrap().to_json();
    assert_eq!(
        record.pointer("/command/step/counted/0/mismatches"),
        Some(&json!(3)),
        "the chart has what was accepted"
    );

    let failed = vec![counts(Phase::ReadNew, Trust::Trusted, |counts| counts.write_old.errors = 4)];
    let back = asked(Phase::ReadNew, Phase::Backfill, Evidence::default());
    assert_snapshot!(refused(ask(&mut world, &back, failed)), @r#"in `backfill` `orders-v2` would read the old shape, but 4 writes to the old shape failed since, and it lacks them [missing-evidence]: copy it back, and say what was done: `--refilled "job 4712: 311 rows"`"#);
}

#[test]
fn a_cohort_goes_first() {
    let mut world = up_to(Phase::Backfill);
    let mut request = asked(Phase::Backfill, Phase::ReadNew, everything());
    (request.tenants, request.percent, request.by) = (vec!["acme".to_owned()], Some(10.0), Some("order".to_owned()));
    ask(&mut world, &request, Vec::new()).unwrap();
    ask(&mut world, &request, Vec::new()).unwrap();
    let known = world.state.flag_set.flag(FLAG).unwrap();
    assert_snapshot!(serde_json::to_string(&json!([known.rules, known.default])).unwrap(), @r#"[[{"name":"first cohort","split":{"by":"order","salt":"orders-v2","slices":[["read-new",10000],["backfill",90000]]},"when":[{"tenant":["acme"]}]}],"backfill"]"#);
    assert_snapshot!(downhaul_control::describe::summary(&world.state, world.records.last().unwrap().change()), @"moved `orders-v2` from backfill to read-new, for 10 % of tenant acme by `order` first");
    // The next phase waits until everyone is at this one.
    assert_snapshot!(refused(go(&mut world, Phase::StopOldWrites)), @"some are still served `backfill` of `orders-v2`, which is at `read-new` [phase-order]: give everyone `read-new` first: `downhaul migration advance orders-v2`");
    assert!(ask(&mut world, &asked(Phase::ReadNew, Phase::ReadNew, Evidence::default()), Vec::new()).unwrap());
    go(&mut world, Phase::StopOldWrites).unwrap();
    let mut request = asked(Phase::StopOldWrites, Phase::Contract, everything());
    request.percent = Some(1.0);
    assert!(refused(ask(&mut world, &request, Vec::new())).contains("[phase-order]"));
    request.percent = Some(101.0);
    assert!(refused(ask(&mut world, &request, Vec::new())).contains("101 %"));
}

#[test]
fn a_definition_never_moves_it() {
    let cases = [
        (None, json!({ "phase": "dual-write" })),
        (Some(Phase::Backfill), json!({ "phase": "read-new" })),
        (Some(Phase::Backfill), json!({ "phase": "dual-write" })),
        (Some(Phase::Contract), json!({ "phase": "stop-old-writes" })),
    ];
    for (at, members) in cases {
        let mut world = at.map_or_else(World::new, up_to);
        let why = refused(world.put(migration(&members)));
        assert!(why.contains("[phase-order]"), "{why}");
    }
    let mut world = up_to(Phase::Backfill);
    assert_snapshot!(refused(world.put(migration(&json!({ "phase": "read-new" })))), @r#"`orders-v2` is at `backfill`, and its definition says `read-new` [phase-order]: a definition never moves a data change: write `"phase": "backfill"`, and take steps with `downhaul migration`"#);
    assert_snapshot!(refused(world.put(flag_with(FLAG, json!({
        "kind": "migration", "variants": { "a": "a" }, "default": "a", "degraded": { "variant": "a", "meaning": "-" },
    })))), @r#"`orders-v2` is at `backfill`, and its definition has no `phase` [phase-order]: write `"phase": "backfill"`; at `expand` and at `contract` the flag can be retired"#);
    assert_snapshot!(refused(world.retire(FLAG)), @"`orders-v2` is at `backfill`, and clients that no longer find it would go by their own fallback [phase-order]: take it to `contract`, or back to `expand`, and retire it there");
    let in_the_way = retirement(&world.state, FLAG, &Usage::default(), now()).unwrap().obstacles;
    assert!(in_the_way.iter().any(|each| each.code == "phase-order" && !each.may_be_set_aside), "{in_the_way:?}");
    // All else may be edited.
    assert!(world.put(migration(&json!({ "phase": "backfill", "owner": "logistics" }))).unwrap());
    assert_eq!(phase(&world), Phase::Backfill);
    assert!(up_to(Phase::Contract).retire(FLAG).unwrap());
}

#[test]
fn after_a_step_back_nothing_leads_further() {
    let mut world = up_to(Phase::ReadNew);
    go(&mut world, Phase::Backfill).unwrap();
    let further = migration(&json!({ "phase": "backfill", "degraded": { "variant": "dual-write", "meaning": "-" } }));
    assert_snapshot!(refused(world.put(further)), @"`orders-v2` came back to `backfill`, and would serve `dual-write` [phase-order]: serve `backfill` to everyone, by its degraded variant too: clients may still be a phase ahead of `backfill`");
}

fn fleet(releases: Vec<MigrationRelease>) -> MigrationFleet {
    MigrationFleet { settles_in_seconds: None, forget_seconds: 600, releases }
}

fn clients(release: &str, fallback: Option<Phase>, behind: usize) -> MigrationRelease {
    MigrationRelease {
        release: (!release.is_empty()).then(|| release.to_owned()),
        kind: ClientKind::Server,
        fallback,
        instances: 3,
        behind,
        behind_silent: behind / 2,
        needs_old: None,
    }
}

fn told(world: &World, to: Phase, releases: Vec<MigrationRelease>) -> Result<(), Refusal> {
    let step = propose(&world.state, FLAG, &asked(phase(world), to, everything()), Vec::new())?;
    // Held already.
    let step = downhaul_control::migration::MigrationStep { to, hold_for: None, ..step };
    check_fleet(&world.state, &Command::Migrate { step: Box::new(step) }, &fleet(releases))
}

#[test]
fn clients_have_to_be_where_the_step_needs_them() {
    let world = up_to(Phase::Backfill);
    let late = vec![clients("shop 2.4.0", Some(Phase::DualWrite), 2), clients("shop 2.4.1", Some(Phase::DualWrite), 0)];
    assert_snapshot!(refused(told(&world, Phase::ReadNew, late.clone())), @"2 clients have not acknowledged the last change of `orders-v2`, and may be more than a phase away from `read-new`: `shop 2.4.0` (2 server clients) [fleet-behind]: 1 of them are not heard of: end them, or wait until they are forgotten, 600 s after their last word");
    // The step that undoes the last one waits for nobody.
    assert_eq!(told(&world, Phase::DualWrite, late), Ok(()));
    let unfit = vec![clients("shop 2.3.0", Some(Phase::Expand), 0)];
    assert_snapshot!(refused(told(&world, Phase::ReadNew, unfit)), @"until it has an answer, a client would go by a phase of `orders-v2` that does harm beside `read-new`: `shop 2.3.0` (3 server clients) falls back to `expand` [old-shape-needed]: put out a release whose fallback is `dual-write` or `backfill` or `read-new` or `stop-old-writes` or `contract`");
    let fit = vec![clients("shop 2.4.1", Some(Phase::Backfill), 0), clients("", None, 0)];
    assert_eq!(told(&world, Phase::ReadNew, fit), Ok(()), "of whom nothing is known only `contract` asks");
    let begun = MigrationFleet { settles_in_seconds: Some(12), ..fleet(Vec::new()) };
    let step = propose(&world.state, FLAG, &asked(Phase::Backfill, Phase::ReadNew, everything()), Vec::new()).unwrap();
    assert_snapshot!(refused(check_fleet(&world.state, &Command::Migrate { step: Box::new(step) }, &begun)), @"the control plane has only just begun, and has not heard of every client yet [fleet-behind]: try again in 12 s");
}

fn release(members: Value) -> Release {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let mut json = json!({
        "key": "reports-1.0",
        "artifact": { "kind": "oci", "reference": "ghcr.io/shop/reports:1.0", "digest": digest("a") },
        "previous": { "kind": "oci", "reference": "ghcr.io/shop/reports:0.9", "digest": digest("b") },
        "redeploy": "deploy",
    });
    json.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

#[test]
fn contract_names_the_releases_that_still_need_the_old_shape() {
    let mut world = up_to(Phase::StopOldWrites);
    let needs = |needs: &str| release(json!({ "migrations": [{ "name": FLAG, "note": "-", "needs": needs }] }));
    world.ask(Command::PutRelease { release: Box::new(needs("old")) }, None).unwrap();
    let all = vec![
        clients("shop 2.4.1", Some(Phase::StopOldWrites), 0),
        clients("banners 3.0", None, 0),
        clients("reports-1.0", Some(Phase::Contract), 0),
        clients("mailer 1.2", None, 0),
        clients("", None, 0),
    ];
    assert_snapshot!(refused(told(&world, Phase::Contract, all.clone())), @"connected releases still need the old shape of `orders-v2`, or may: `reports-1.0` (3 server clients) needs it, says its document, `mailer 1.2` (3 server clients) has never asked for it, no release named (3 server clients) has never asked for it [old-shape-needed]: put out a release that does without; name those that it does not concern in the flag's `unaffected`, or say in a release's document what its artifact needs");
    world.ask(Command::PutRelease { release: Box::new(needs("new")) }, None).unwrap();
    let done =
        all.into_iter().filter(|release| release.release.as_deref().is_some_and(|name| !name.starts_with("mailer")));
    assert_eq!(told(&world, Phase::Contract, done.collect()), Ok(()));
    let cautious = vec![clients("shop 2.4.0", Some(Phase::DualWrite), 0)];
    assert!(refused(told(&world, Phase::Contract, cautious)).contains("falls back to `dual-write`"));
}

#[test]
fn a_kill_asks_nobody_and_says_how_far_it_leads() {
    for at in Phase::ALL {
        let mut world = up_to(at);
        let id = world.kill(&kill_request(FLAG)).unwrap();
        let kill = views::kill(&world.state, world.state.kill(&id).unwrap(), &Names::new(), None);
        assert_eq!(kill.degraded_variant, at.a_step_down().name());
        assert_eq!(kill.forward_fix.is_some(), at == Phase::Contract);
        match at {
            Phase::ReadNew => {
                assert_snapshot!(kill.effect, @"Orders as before (back to `backfill`: reads old and compares with new, writes old then new)")
            }
            Phase::Contract => {
                assert_snapshot!(format!("{} / {}", kill.effect, kill.forward_fix.unwrap()), @"it stays at `contract` (reads new, writes new; old is gone): a kill takes nothing back here / copy the rows back with `orders-repair`")
            }
            _ => {}
        }
        // Forward it does not go while it is killed; back it does, which makes it lasting.
        let Some(next) = at.next() else { continue };
        let why = refused(go(&mut world, next));
        assert!(why.contains("[still-killed]"), "{why}");
        if let Some(before) = at.before() {
            go(&mut world, before).unwrap();
        }
    }
}

#[test]
fn rollback_and_runbook_say_that_there_is_only_forward() {
    let mut world = up_to(Phase::Contract);
    world.put(flag("checkout")).unwrap();
    let fix = json!({ "reversibility": "forward-fix-only", "forward_fix": "refund by hand" });
    world.put(flag_with("payout", fix)).unwrap();
    let release = release(json!({
        "flags": ["checkout", "payout"], "migrations": [{ "name": FLAG, "note": "the old artifact reads the old table" }],
    }));
    let found: Vec<String> = one_way(&world.state, &release)
        .iter()
        .map(|each| format!("{}: {}: {}", each.flag, each.why, each.fix))
        .collect();
    assert_snapshot!(found.join("\n"), @r"
    payout: turning it back does not undo it: refund by hand
    orders-v2: it is at `contract`, the old shape of its data is gone, and the previous artifact must not be put back: copy the rows back with `orders-repair`
    ");
    let steps: Vec<String> = derived(&world.state, &release).steps.iter().map(|step| step.words()).collect();
    assert_snapshot!(steps.join("\n"), @r"
    kill `checkout`, then `payout`
    by hand: `payout` is forward-fix-only: turning it back does not undo it; forward fix: refund by hand
    by hand: `orders-v2` is forward-fix-only: it is at `contract`, the old shape of its data is gone, and the previous artifact must not be put back; forward fix: copy the rows back with `orders-repair`
    ");
    let report = check(&world.state, &release, &Facts::default(), crate::support::now());
    let said: Vec<String> =
        report.iter().filter(|finding| finding.code == "flag-one-way").map(|finding| finding.item.clone()).collect();
    assert_eq!(said, ["migration orders-v2", "flag payout"]);
}

#[test]
fn the_view_says_what_is_in_the_way() {
    let world = up_to(Phase::Backfill);
    let known = world.state.flag_set.flag(FLAG).unwrap();
    let seen = (fleet(vec![clients("shop 2.4.0", Some(Phase::Expand), 1)]), Vec::new());
    let view = views::migration(&world.state, known, &BTreeMap::new(), seen).unwrap();
    let obstacles = |way: Option<downhaul_control::api::MigrationWay>| {
        way.map(|way| (way.to, way.obstacles.into_iter().map(|each| each.code).collect::<Vec<_>>()))
    };
    assert_eq!(
        obstacles(view.forward),
        Some((
            Phase::ReadNew,
            vec!["missing-evidence".to_owned(), "fleet-behind".to_owned(), "old-shape-needed".to_owned()]
        ))
    );
    assert_eq!(obstacles(view.back), Some((Phase::DualWrite, Vec::new())));
    assert_eq!(view.fleet.releases.first().unwrap().needs_old.as_deref(), Some("falls back to `expand`"));
}

#[test]
fn the_chart_replays_to_the_same() {
    let mut world = up_to(Phase::Contract);
    world.put(flag("checkout")).unwrap();
    let known = world.state.flag_set.flag(FLAG).unwrap();
    assert_eq!(known.reversibility, Reversibility::ForwardFixOnly);
    assert_eq!(known.forward_fix.as_deref(), Some("copy the rows back with `orders-repair`"));
    let start = downhaul_control::State::empty("production".parse().unwrap(), world.state.epoch);
    assert_eq!(downhaul_control::replay(start, &world.records), world.state);
    let words: Vec<String> = world
        .records
        .iter()
        .map(|record| downhaul_control::describe::summary(&world.state, record.change()))
        .take(7)
        .collect();
    assert_snapshot!(words.join("\n"), @r"
    created `orders-v2`
    moved `orders-v2` from expand to dual-write
    held `orders-v2` at dual-write on the way to backfill
    moved `orders-v2` from dual-write to backfill
    held `orders-v2` at backfill on the way to read-new
    moved `orders-v2` from backfill to read-new
    held `orders-v2` at read-new on the way to stop-old-writes
    ");
}
