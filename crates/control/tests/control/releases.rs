//! Releases from text to the chart: what is refused, what is missing, and the order of kills.

use crate::support::{World, flag, flag_with, now};
use downhaul_control::api::VerifyStatus;
use downhaul_control::release::check::{Facts, MetricFact, Reach, check};
use downhaul_control::release::{Release, kill_order, read};
use downhaul_control::runbook::{Named, Pace, RunEvent, derived, start, start_drill};
use downhaul_control::verify::Verification;
use downhaul_control::{Command, RefusalCode};
use downhaul_core::read::Format;
use insta::assert_snapshot;
use serde_json::{Value, json};

const TEXT: &str = "
key: checkout-2.4.1
owner: payments
artifact: { kind: oci, reference: 'ghcr.io/shop/checkout:2.4.1', digest: 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }
previous: { kind: oci, reference: 'ghcr.io/shop/checkout:2.4.0', digest: 'sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' }
data_change: additive
flags: [cart, checkout]
caches:
  - { name: cdn, lag_seconds: 60, purge: cdn }
  - { name: browser, lag_seconds: 30 }
jobs:
  - { name: mails, on_rollback: pause the queue }
recovery:
  - { name: errors, query: 'rate(errors[1m])', condition: '< 0.01', for_seconds: 30 }
redeploy: deploy
escalation: { target: pager, contact: the payments duty }
";

fn release() -> Release {
    read::release(TEXT, Format::Yaml).unwrap().0
}

fn with(members: Value) -> Release {
    let mut json = serde_json::to_value(release()).unwrap();
    for (key, value) in members.as_object().unwrap() {
        if value.is_null() {
            json.as_object_mut().unwrap().remove(key);
        } else {
            json[key] = value.clone();
        }
    }
    serde_json::from_value(json).unwrap()
}

/// `checkout` requires `cart`.
fn shop() -> World {
    let mut world = World::new();
    world.put(flag("cart")).unwrap();
    world.put(flag_with("checkout", json!({ "requires": [{ "flag": "cart", "variants": ["on"] }] }))).unwrap();
    world
}

fn put(world: &mut World, release: Release) -> Result<bool, downhaul_control::Refusal> {
    world.ask(Command::PutRelease { release: Box::new(release) }, None)
}

#[test]
fn the_runbook_follows_from_the_release() {
    let world = shop();
    let runbook = derived(&world.state, &release());
    let steps: Vec<String> = runbook
        .steps
        .iter()
        .map(|step| format!("{} [{} s]: {}", step.words(), step.limit_seconds, step.expect))
        .collect();
    assert_snapshot!(steps.join("\n"), @r"
    kill `checkout`, then `cart` [120 s]: every live client is dark
    by hand: mails: pause the queue [300 s]: mails does no harm
    redeploy the previous artifact by `deploy` [900 s]: ghcr.io/shop/checkout:2.4.0 is out
    purge `cdn` by `cdn` [300 s]: cdn is empty
    wait 30 s [90 s]: no cache serves what was before
    verify `errors` [360 s]: errors < 0.01 for 30 s
    ");
}

#[test]
fn a_release_that_cannot_go_back_says_what_to_do_instead() {
    let world = shop();
    let fix = json!({ "reversibility": "forward-fix-only", "forward_fix": "ship 2.4.2 with the repair" });
    let runbook = derived(&world.state, &with(fix));
    assert!(runbook.steps.iter().any(|step| step.words().contains("forward fix: ship 2.4.2 with the repair")));
    assert!(!runbook.steps.iter().any(|step| step.kind() == "redeploy"));
}

#[test]
fn dependents_are_killed_first() {
    let mut world = World::new();
    let requires = |flag: &str| json!({ "requires": [{ "flag": flag, "variants": ["on"] }] });
    world.put(flag("a")).unwrap();
    world.put(flag_with("b", requires("a"))).unwrap();
    world.put(flag_with("c", requires("b"))).unwrap();
    world.put(flag("z")).unwrap();
    let order = |flags: &[&str]| {
        let flags: Vec<_> = flags.iter().map(|flag| flag.parse().unwrap()).collect();
        kill_order(&world.state, &flags).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(order(&["a", "b", "c"]), ["c", "b", "a"]);
    assert_eq!(order(&["z", "a", "c"]), ["z", "c", "a"], "by way of `b`, which is not among them");
    assert_eq!(order(&["a", "a", "z"]), ["a", "z"]);
    assert_eq!(order(&[]), Vec::<String>::new());
}

#[test]
fn problems_have_a_place_and_help() {
    let digest = "'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'";
    let artifact = format!("artifact: {{ kind: http, reference: 'https://shop.example/a.tgz', digest: {digest} }}\n");
    let cases = [
        ("key: 'a b'\n".to_owned() + &artifact, "/key: `a b` cannot name a release: ` ` at byte 1 is not allowed"),
        ("key: a\n".to_owned() + &artifact + "onwer: x\n", "/onwer: unknown field `onwer`"),
        ("key: a\n".to_owned(), "missing field `artifact`"),
        (
            format!("key: a\nartifact: {{ kind: http, reference: 'ftp://x', digest: {digest} }}\n"),
            "/artifact/reference: `ftp://x` is not the reference of such an artifact",
        ),
        (
            format!("key: a\nartifact: {{ kind: http, reference: 'https://user:secret@x/a', digest: {digest} }}\n"),
            "/artifact/reference: `https://user:secret@x/a` is not the reference of such an artifact",
        ),
        (
            format!("key: a\nartifact: {{ kind: oci, reference: 'checkout', digest: {digest} }}\n"),
            "/artifact/reference: `checkout` is not the reference of such an artifact",
        ),
        (
            "key: a\nartifact: { kind: http, reference: 'https://x/a', digest: sha1 }\n".to_owned(),
            "/artifact/digest: `sha1` is not a digest",
        ),
        (
            "key: a\n".to_owned() + &artifact + "reversibility: forward-fix-only\n",
            "/reversibility: a `forward-fix-only` release names no forward fix",
        ),
        ("key: a\n".to_owned() + &artifact + "flags: [x, x]\n", "/flags/1: `x` stands here twice"),
        (
            "key: a\n".to_owned() + &artifact + "recovery: [{ name: e, query: q, condition: small }]\n",
            "/recovery/0/condition: `small` is not a condition",
        ),
        (
            "key: a\n".to_owned() + &artifact + "runbook: { steps: [{ wait: 3, manual: x }] }\n",
            "/runbook/steps/0: a step has exactly one of",
        ),
        (
            "key: a\n".to_owned() + &artifact + "runbook: { steps: [{ verify: errors }] }\n",
            "/runbook/steps/0/verify: there is no recovery metric `errors`",
        ),
        (
            "key: a\n".to_owned() + &artifact + "runbook: { steps: [{ wait: 300 }] }\n",
            "/runbook/steps/0: the step waits 300 s and may take 300 s",
        ),
        ("key: a\nkey: b\n".to_owned() + &artifact, "/key: `key` stands here already"),
    ];
    for (text, expected) in cases {
        let problems = read::release(&text, Format::Yaml).unwrap_err();
        let first = problems.iter().find(|problem| problem.is_error()).unwrap();
        assert!(first.to_string().starts_with(expected), "expected {expected}\nfound {first}");
        assert!(first.help.is_some() && first.place.span.is_some(), "{first:?}");
    }
}

#[test]
fn a_release_names_flags_that_exist() {
    let mut world = shop();
    let refusal = put(&mut world, with(json!({ "flags": ["chekout"] }))).unwrap_err();
    assert_eq!(refusal.diagnostics[0].place.pointer, "/flags/0");
    assert_eq!(refusal.diagnostics[0].help.as_deref(), Some("did you mean `checkout`?"));
    let step = json!({ "runbook": { "steps": [{ "kill": ["gone"] }] } });
    let refusal = put(&mut world, with(step)).unwrap_err();
    assert_eq!(refusal.diagnostics[0].place.pointer, "/runbook/steps/0/kill/0");
    assert!(put(&mut world, release()).unwrap());
    assert!(!put(&mut world, release()).unwrap(), "it is so already");
}

#[test]
fn a_release_is_put_rolled_back_and_retired_in_the_chart() {
    let mut world = shop();
    put(&mut world, release()).unwrap();
    let begin = |world: &World| start(&world.state, "checkout-2.4.1", Pace::Straight);
    let command = begin(&world).unwrap();
    world.ask(command.clone(), None).unwrap();
    assert_eq!(world.ask(begin(&world).unwrap(), None).unwrap_err().code, RefusalCode::RunActive, "one run at a time");
    let event = |event| Command::Run { run: 1, event: Box::new(event) };
    let killed = |flag: &str, kill: &str| {
        let (flag, kill) = (flag.to_owned(), kill.to_owned());
        event(RunEvent::Killed { step: 0, attempt: 1, flag, kill, found: false })
    };
    world.ask(killed("checkout", "r-1.1.1.1"), None).unwrap();
    let twice = world.ask(killed("checkout", "r-1.1.1.1"), None).unwrap_err();
    assert_eq!(twice.code, RefusalCode::NotNow);
    let key: downhaul_control::release::ReleaseKey = "checkout-2.4.1".parse().unwrap();
    let retire = Command::RetireRelease { key };
    assert_eq!(world.ask(retire.clone(), None).unwrap_err().code, RefusalCode::RunActive);
    world.ask(event(RunEvent::Aborted), None).unwrap();
    assert_eq!(world.ask(event(RunEvent::Aborted), None).unwrap_err().code, RefusalCode::NotNow);
    world.ask(retire.clone(), None).unwrap();
    assert_eq!(world.ask(retire, None).unwrap_err().code, RefusalCode::AlreadyDone);
    assert_eq!(put(&mut world, release()).unwrap_err().code, RefusalCode::RetiredKey);
    assert_eq!(begin(&world).unwrap_err().code, RefusalCode::UnknownRelease);

    // The chart alone gives the same runs.
    let mut replay = Verification::new(world.state.environment().clone(), world.state.epoch);
    world.stored().into_iter().for_each(|stored| replay.next(stored));
    assert_eq!(replay.report().status, VerifyStatus::Verified);
    assert_eq!(replay.into_state().unwrap().releases, world.state.releases);
}

#[test]
fn check_names_everything_that_is_missing_or_stale() {
    let world = shop();
    let bare = with(json!({
        "owner": null, "previous": null, "data_change": null, "flags": null, "redeploy": null, "recovery": null,
        "escalation": null, "caches": [{ "name": "cdn" }], "jobs": [{ "name": "mails" }], "migrations": [{ "name": "m1" }],
    }));
    assert_snapshot!(findings(&world, &bare, &Facts::default()), @r"
    Error owner [no-owner] nobody answers for it; name the team in `owner`
    Error escalation [no-escalation] nobody is called where a step fails; name a webhook target of the server in `escalation`, such as the one that pages
    Error previous artifact [no-previous] there is none to go back to; name the last artifact known to be good in `previous`; without it only the flags lead back
    Error data change [data-unclassified] it is not classified; say in `data_change` what it does to stored data: `none additive dual-write new-only irreversible`
    Error recovery metric [no-recovery-metric] nothing proves that a rollback has worked; name in `recovery` a query whose value says that users are well again
    Error cache cdn [cache-lag-unknown] nobody knows how long it lags; say in `lag_seconds` for how long it may serve what was before
    Error job mails [job-unplanned] nobody says what happens to it in a rollback; say in `on_rollback` what a person does with it
    Error runbook [no-runbook] it has no steps; name flags, a previous artifact or a recovery metric, or write a `runbook`
    Warning artifact [artifact-unchecked] `ghcr.io/shop/checkout:2.4.1` was not looked at; run `downhaul release check` without `--offline`
    Warning migration m1 [migration-silent] nobody says whether going back is safe; say in its `note` what the previous artifact makes of the data after it
    Warning flags [no-flags] no flag turns it off; put the feature behind a flag, and name it in `flags`: a kill takes less than a second
    Warning drill [never-drilled] it was never rehearsed; rehearse it with `downhaul drill checkout-2.4.1`; a way back that was never gone is a guess
    ");
    let facts = Facts {
        artifact: Some(Reach::There),
        previous: Some(Reach::Missing { why: "404".to_owned() }),
        metrics: [("errors".to_owned(), MetricFact::NoData { why: "the result is empty".to_owned() })].into(),
        targets: Some(vec!["deploy".to_owned(), "pager".to_owned()]),
    };
    assert_snapshot!(findings(&world, &release(), &facts), @r"
    Error previous artifact [artifact-missing] `ghcr.io/shop/checkout:2.4.0` is not there: 404; push it again, or name one that is there; keep it from being cleaned up
    Error recovery metric errors [metric-without-data] it gives no number now: the result is empty; run the query in Prometheus; a metric without data proves nothing
    Error webhook target cdn [unknown-target] the server does not know it; name it in the server's targets file (`downhaul serve --targets`), or use one that is there
    Warning drill [never-drilled] it was never rehearsed; rehearse it with `downhaul drill checkout-2.4.1`; a way back that was never gone is a guess
    ");
    let one_way = with(json!({ "data_change": "new-only", "objective_seconds": 20 }));
    assert_snapshot!(findings(&world, &one_way, &good()), @r"
    Error data change [data-one-way] what it writes cannot be read by the previous artifact, and it claims to be `rollback-safe`; make it `forward-fix-only` with its `forward_fix`, or write both forms
    Error recovery metric errors [objective-too-short] it has to hold for 30 s, longer than the objective of 20 s; let it hold for less, or give a longer objective
    Error cache browser [cache-too-slow] it lags longer than the objective, and nothing empties it; name in `purge` the webhook target that empties it
    Warning drill [never-drilled] it was never rehearsed; rehearse it with `downhaul drill checkout-2.4.1`; a way back that was never gone is a guess
    ");
}

#[test]
fn a_drill_counts_until_it_is_stale_or_the_release_has_changed() {
    let mut world = shop();
    let plain = with(json!({ "runbook": { "steps": [{ "manual": "look" }] }, "recovery": [] }));
    put(&mut world, plain.clone()).unwrap();
    let named = Named::Release("checkout-2.4.1".to_owned());
    world.ask(start_drill(&world.state, &named, Pace::Straight).unwrap(), None).unwrap();
    let event = |event| Command::Run { run: 1, event: Box::new(event) };
    world.ask(event(RunEvent::Went { step: 0 }), None).unwrap();
    let done = RunEvent::Confirmed { step: 0, attempt: 1, ok: true, note: String::new() };
    world.ask(event(done), None).unwrap();
    let drill_findings = |release: &Release, days: i64| {
        let then = now().checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
        let found = check(&world.state, release, &good(), then);
        found.into_iter().filter(|each| each.item == "drill").map(|each| each.code).collect::<Vec<_>>()
    };
    assert_eq!(drill_findings(&plain, 1), ["drill-by-author"]);
    assert_eq!(drill_findings(&plain, 92), ["drill-stale", "drill-by-author"]);
    let changed = Release { owner: "web".to_owned(), ..plain };
    assert_eq!(drill_findings(&changed, 1), ["drill-of-other", "drill-by-author"]);
}

fn good() -> Facts {
    Facts {
        artifact: Some(Reach::There),
        previous: Some(Reach::There),
        metrics: [("errors".to_owned(), MetricFact::Value { value: 0.001 })].into(),
        targets: Some(["deploy", "pager", "cdn"].map(str::to_owned).to_vec()),
    }
}

fn findings(world: &World, release: &Release, facts: &Facts) -> String {
    let found = check(&world.state, release, facts, now());
    let line = |each: &downhaul_control::release::check::Finding| {
        format!("{:?} {} [{}] {}; {}", each.severity, each.item, each.code, each.message, each.help)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}
