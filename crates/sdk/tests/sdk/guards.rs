//! Circuit breakers and telemetry of the client, against a real control plane.

use crate::control_plane::{ControlPlane, flag, next_event, until, within};
use downhaul_sdk::guard::{BreakerCause, BreakerState, Guard, GuardError};
use downhaul_sdk::{Cause, Client, Context, Event, Reason, Transport};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn braked(key: &str, breaker: Value) -> Value {
    let mut flag = flag(key);
    flag["breaker"] = breaker;
    flag
}

async fn started(plane: &ControlPlane) -> Client {
    let client = plane.start(&plane.key().await);
    client.ready().await;
    until(&client, |status| status.transport == Transport::Stream).await;
    client
}

/// What a call gives: the new way, the old one, or an error.
async fn call(client: &Client, guard: &Guard, works: bool) -> Result<&'static str, GuardError<&'static str>> {
    let flags = client.evaluate(&Context::new("user-1"));
    let path = || async move { if works { Ok("new") } else { Err("broken") } };
    guard.run(&flags, path, || async { Ok("old") }).await
}

fn state(client: &Client) -> Vec<(String, BreakerState)> {
    client.breakers().into_iter().map(|breaker| (breaker.variant, breaker.state)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fifth_failure_opens_it_and_every_read_gives_the_degraded_variant() {
    let plane = ControlPlane::new().await;
    let mut follows = flag("follows");
    follows["requires"] = json!([{ "flag": "checkout", "variants": ["on"] }]);
    plane.apply(&[braked("checkout", json!({})), follows]).await;
    let client = started(&plane).await;
    let mut events = client.events();
    let guard = client.guard("checkout").idempotent();
    assert_eq!(call(&client, &guard, true).await, Ok("new"));
    for _ in 0..5 {
        assert_eq!(call(&client, &guard, false).await, Ok("old"), "the fallback takes its place");
    }
    assert_eq!(state(&client), [("on".to_owned(), BreakerState::Open)]);
    assert_eq!(call(&client, &guard, true).await, Ok("old"), "nothing is tried");
    let (flag, step) = next_event(&mut events, |event| match event {
        Event::Breaker { flag, step, .. } => Some((flag, step)),
        _ => None,
    })
    .await;
    assert_eq!((flag.as_str(), step.to, step.cause), ("checkout", BreakerState::Open, BreakerCause::Consecutive));

    let flags = client.evaluate(&Context::new("user-2"));
    let details = flags.details("checkout", true);
    assert_eq!((details.value, details.reason), (false, Reason::Disabled));
    assert_eq!(details.metadata.cause, Some(Cause::Breaker));
    assert!(!flags.boolean("follows", true), "what requires it goes as well");
    assert!(!client.boolean("checkout", true));

    // Guarded calls are outcomes of their flag.
    let counted = |metrics: &str, outcome: &str, count: u32| {
        let is = |line: &str| line.starts_with("downhaul_flag_outcomes_total{") && line.contains(outcome);
        metrics.lines().any(|line| is(line) && line.ends_with(&format!(" {count}")))
    };
    within(async {
        while !counted(&plane.metrics().await, "failed", 5) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(counted(&plane.metrics().await, "\"ok\"", 1));

    guard.disable(true);
    assert_eq!(call(&client, &guard, true).await, Ok("new"), "in the hour of need everything goes through");
    assert!(client.boolean("checkout", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_not_be_done_twice_is_not() {
    let plane = ControlPlane::new().await;
    plane.apply(&[braked("checkout", json!({ "consecutive": 2 }))]).await;
    let client = started(&plane).await;
    let guard = client.guard("checkout");
    for _ in 0..2 {
        assert_eq!(call(&client, &guard, false).await, Err(GuardError::Failed("broken")), "the caller sees the error");
    }
    assert_eq!(call(&client, &guard, true).await, Ok("old"));

    // Somebody kills and restores it: then it begins anew.
    let kill = plane.kill("checkout").await;
    within(async {
        while state(&client) != [("on".to_owned(), BreakerState::ForcedOpen)] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    plane.restore(&kill).await;
    within(async {
        while state(&client) != [("on".to_owned(), BreakerState::Closed)] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(call(&client, &guard, true).await, Ok("new"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_ones_and_panics_have_failed_and_whoever_gives_up_has_not() {
    let plane = ControlPlane::new().await;
    plane.apply(&[braked("checkout", json!({ "consecutive": 3, "timeout_ms": 20 }))]).await;
    let client = started(&plane).await;
    let guard = client.guard("checkout");
    let flags = || client.evaluate(&Context::new("user-1"));
    let old = || async { Ok::<_, &str>("old") };

    let never = guard.run(&flags(), std::future::pending, old).await;
    assert!(matches!(never, Err(GuardError::TimedOut { .. })), "{never:?}");
    let said = never.unwrap_err().to_string();
    assert_eq!(said, "what `checkout` leads to was not back within 20ms");

    // Errors of the caller, and callers that leave, say nothing of the path.
    for _ in 0..5 {
        let wrong = guard.run_unless(&flags(), |error| *error == "not yours", || async { Err("not yours") }, old).await;
        assert_eq!(wrong, Err(GuardError::Failed("not yours")));
        let left = tokio::time::timeout(Duration::from_millis(1), guard.run(&flags(), std::future::pending, old)).await;
        assert!(left.is_err());
    }
    assert_eq!(state(&client), [("on".to_owned(), BreakerState::Closed)]);

    for _ in 0..2 {
        let (guard, flags) = (guard.clone(), flags());
        let panics = move || guard.run_blocking(&flags, || -> Result<&str, &str> { panic!("a bug") }, || Ok("old"));
        assert!(tokio::task::spawn_blocking(panics).await.is_err());
    }
    assert_eq!(state(&client), [("on".to_owned(), BreakerState::Open)], "a timeout and two panics");
    assert_eq!(guard.run_blocking(&flags(), || Err("broken"), || Ok("old")), Ok("old"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_without_a_breaker_is_observed() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = started(&plane).await;
    let guard = client.guard("checkout").idempotent();
    for _ in 0..8 {
        assert_eq!(call(&client, &guard, false).await, Ok("old"));
    }
    assert_eq!(call(&client, &guard, true).await, Ok("new"));
    assert_eq!(state(&client), [("on".to_owned(), BreakerState::Observing)]);
    let unknown = client.guard("no-such-flag");
    assert_eq!(call(&client, &unknown, true).await, Ok("old"), "a flag that gives nothing leads to the fallback");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fleet_hears_of_breakers_exposures_and_named_outcomes() {
    let plane = ControlPlane::new().await;
    plane.apply(&[braked("checkout", json!({}))]).await;
    let client = started(&plane).await;
    let telemetry = client.telemetry();
    let guard = client.guard("checkout").idempotent();
    for _ in 0..6 {
        call(&client, &guard, false).await.unwrap();
    }
    // A breaker that opens is told of without being asked.
    let page = plane.until("/breakers", |page| page["breakers"][0]["open"] == 1).await;
    let breaker = &page["breakers"][0];
    assert_eq!(
        (&breaker["flag"], &breaker["kind"], &breaker["trust"]),
        (&json!("checkout"), &json!("server"), &json!("trusted"))
    );
    assert_eq!((&breaker["failed"], &breaker["degraded"]), (&json!(5), &json!(1)));
    assert_eq!(breaker["causes"], json!({ "consecutive": 1 }));

    let flags = client.evaluate(&Context::new("user-1"));
    telemetry.outcome("checkout.error", Some(("checkout", &flags)), true);
    let paid: Result<u32, &str> = telemetry.timed("checkout.pay", None, async { Ok(7) }).await;
    assert_eq!(paid, Ok(7));
    telemetry.outcome("not a name", None, true);
    assert!(telemetry.flush().await);
    let metrics = plane.metrics().await;
    let told = |name: &str| {
        metrics.lines().any(|line| line.contains(name) && line.contains("checkout") && !line.ends_with(" 0"))
    };
    assert!(told("downhaul_exposures_total"), "{metrics}");
    // A breaker that is open has been so for longer with each batch, and is told once all the same.
    let batches =
        |line: &str| line.contains("/client/v1/telemetry").then(|| line.rsplit(' ').next()?.parse::<u64>().ok())?;
    let requests = metrics.lines().filter(|line| line.starts_with("downhaul_requests_total{"));
    let sent: u64 = requests.filter_map(batches).sum();
    assert!((1..=4).contains(&sent), "{sent} batches: {metrics}");
    client.close().await;
}

/// What a service does that crashes under a flag, run as a process of its own by the test below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_crashes() {
    let Ok(given) = std::env::var("DOWNHAUL_TEST_CRASHING") else { return };
    let (url, rest) = given.split_once(' ').unwrap();
    let (key, folder) = rest.split_once(' ').unwrap();
    let http = crate::control_plane::http();
    let client = downhaul_sdk::Options::new(url, key).http(http).keep_in(folder).start().unwrap();
    client.ready().await;
    let flags = client.evaluate(&Context::new("user-1"));
    println!("reads {} {:?}", flags.boolean("checkout", true), flags.details("checkout", true).metadata.cause);
    let guard = client.guard("checkout");
    // No error that anybody could catch.
    let _ = guard.run_blocking(&flags, || -> Result<(), ()> { std::process::abort() }, || Ok(()));
    println!("came through");
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_crashes_the_process_is_left_before_it_runs_again() {
    let plane = ControlPlane::new().await;
    plane.apply(&[braked("checkout", json!({}))]).await;
    let folder = TempDir::new().unwrap();
    let given = format!("{} {} {}", plane.url(), plane.key().await, folder.path().display());
    let mut said = Vec::new();
    for _ in 0..3 {
        let mut service = Command::new(std::env::current_exe().unwrap());
        service.args(["--exact", "guards::a_service_that_crashes", "--nocapture"]);
        service.env("DOWNHAUL_TEST_CRASHING", &given).stderr(Stdio::null());
        let output = tokio::task::spawn_blocking(move || service.output().unwrap()).await.unwrap();
        said.push((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    for (well, said) in &said[..2] {
        assert!(!well && said.contains("reads true None"), "{said}");
    }
    let (well, said) = &said[2];
    assert!(*well && said.contains("reads false Some(CrashLoop)") && said.contains("came through"), "{said}");

    // Another definition is another flag.
    let mut mended = braked("checkout", json!({}));
    mended["variants"] = json!({ "on": true, "off": false, "later": false });
    plane.apply(&[mended]).await;
    let client = plane.options(given.split(' ').nth(1).unwrap()).keep_in(folder.path()).start().unwrap();
    client.ready().await;
    until(&client, |status| status.position.is_some_and(|position| position.revision > 1)).await;
    within(async {
        while !client.evaluate(&Context::new("user-1")).boolean("checkout", false) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
