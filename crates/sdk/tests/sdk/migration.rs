//! Data changes, as code that takes part in one.

use crate::control_plane::{ControlPlane, http, until, within};
use crate::liar::{Liar, envelope, hello, public_key, sent};
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_sdk::migration::{Migration, MigrationError, MigrationOptions, Phase, Shape, Sides};
use downhaul_sdk::{Context, Options};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

fn flag(phase: &str) -> Value {
    let reversibility = if phase == "contract" { "forward-fix-only" } else { "rollback-safe" };
    json!({
        "reversibility": reversibility,
        "key": "orders-v2", "owner": "orders", "kind": "migration", "expires": "2099-03-31", "phase": phase,
        "degraded": { "meaning": "Orders come from the old table" }, "forward_fix": "copy the rows back"
    })
}

/// A client whose flag is at this phase, and that hears of nobody.
fn at(phase: &str) -> Migration {
    let signer = EnvelopeSigner::new(&[1; 32]);
    let document = json!({ "schema": 1, "environment": "test", "revision": 1, "flags": [flag(phase)] });
    let options = Options::new("http://127.0.0.1:9", "dhk_1").http(http()).public_keys([public_key(&signer)]);
    let client = options.bootstrap(envelope(&signer, &document, |_| {})).start().unwrap();
    client.migration("orders-v2", MigrationOptions::new(Phase::Expand))
}

#[tokio::test]
async fn each_phase_reads_and_writes_what_the_vectors_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/phases.json");
    let phases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(phases.len(), 6);
    for expected in phases {
        let phase = expected["phase"].as_str().unwrap();
        let orders = at(phase);
        let answer = orders.answer();
        assert_eq!((answer.phase.name(), answer.confirmed), (phase, false), "nobody is heard of");
        assert_eq!(orders.answer_of(&Context::new("user-1")).phase.name(), phase);
        let read: Result<&str, MigrationError<Infallible>> =
            orders.read(Sides::both(|| async { Ok("old") }, || async { Ok("new") }), None).await;
        assert_eq!(read.unwrap(), expected["read"], "{phase}");
        let written = Mutex::new(Vec::new());
        let write = |shape| {
            written.lock().unwrap().push(shape);
            std::future::ready(Ok::<_, Infallible>(shape))
        };
        let done = orders.write(Sides::both(|| write("old"), || write("new")), None).await.unwrap();
        assert!(done.second.is_ok());
        assert_eq!(json!(*written.lock().unwrap()), expected["write"], "{phase}");
        assert_eq!(done.value, expected["write"][0]);
        for shape in [Shape::Old, Shape::New] {
            let may = expected["write"].as_array().unwrap().contains(&json!(shape.name()));
            assert_eq!(orders.may_write(shape, None), may, "{phase}");
        }
    }
}

#[tokio::test]
async fn code_that_does_not_know_a_shape_is_stopped() {
    let orders = at("stop-old-writes");
    let refused = orders.read(Sides::old(|| async { Ok::<_, Infallible>(1) }), None).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`orders-v2` is at `stop-old-writes`, where the new shape is wanted, and no function for it is given: put out code that knows it"
    );
    assert!(orders.write(Sides::old(|| async { Ok::<_, Infallible>(1) }), None).await.is_err());
    assert_eq!(orders.write(Sides::new(|| async { Ok::<_, Infallible>(1) }), None).await.unwrap().value, 1);
}

#[tokio::test]
async fn a_second_write_that_fails_is_told_and_the_first_has_gone_well() {
    let orders = at("dual-write");
    let done = orders.write(Sides::both(|| async { Ok(1) }, || async { Err("disk full") }), None).await.unwrap();
    assert_eq!(done.value, 1);
    assert!(matches!(done.second, Err(MigrationError::Failed("disk full"))));
    let second = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&second);
    let failed = orders
        .write(
            Sides::both(
                || async { Err::<u32, _>("down") },
                move || async move { Ok(counted.fetch_add(1, Ordering::Relaxed)) },
            ),
            None,
        )
        .await;
    assert!(matches!(failed, Err(MigrationError::Failed("down"))));
    assert_eq!(second.load(Ordering::Relaxed), 0, "nothing else is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_compared_is_counted_and_told() {
    let signer = EnvelopeSigner::new(&[1; 32]);
    let liar = Liar::new(&[&signer]).await;
    let client = Options::new(&liar.url, "dhk_1").http(http()).start().unwrap();
    let document = json!({ "schema": 1, "environment": "test", "revision": 1, "flags": [flag("backfill")] });
    liar.stream(&hello(1, 0)).await;
    liar.stream(&sent("put", &envelope(&signer, &document, |_| {}))).await;
    client.ready().await;
    let orders = client.migration("orders-v2", MigrationOptions::new(Phase::DualWrite));
    until(&client, |_| orders.answer().confirmed).await;
    assert_eq!(orders.answer().phase, Phase::Backfill);
    let others = Arc::new(AtomicU32::new(0));
    for answer in [1, 2] {
        let counted = Arc::clone(&others);
        let other = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async move { Ok(answer) }
        };
        let read = || async { Ok::<_, Infallible>(1) };
        assert_eq!(orders.read(Sides::both(read, other), None).await.unwrap(), 1);
    }
    // The same change, asked for again: it is told of once.
    let again = client.migration("orders-v2", MigrationOptions::new(Phase::DualWrite));
    assert!(again.may_write(Shape::New, None));
    // One comparison agrees; one differs, and is made again.
    within(async {
        while others.load(Ordering::Relaxed) < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    client.close().await;
    let said = liar.acknowledged();
    let told = said.iter().rev().find(|said| said["state"] == "closing").unwrap();
    let [tally] = told["migrations"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(
        (&tally["flag"], &tally["phase"], &tally["fallback"]),
        (&json!("orders-v2"), &json!("backfill"), &json!("dual-write"))
    );
    assert_eq!((&tally["compared"], &tally["refused"]), (&json!(2), &json!(0)), "{tally}");
    assert_eq!((&tally["read_old"]["calls"], &tally["read_new"]["calls"]), (&json!(3), &json!(3)), "{tally}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_plane_takes_what_is_told() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("expand")]).await;
    let client = plane.start(&plane.key().await);
    client.ready().await;
    let orders = client.migration("orders-v2", MigrationOptions::new(Phase::DualWrite));
    for _ in 0..2 {
        let read = orders.read(Sides::old(|| async { Ok::<_, Infallible>(1) }), None).await;
        assert_eq!(read.unwrap(), 1);
    }
    client.close().await;
    let view = plane.get("/migrations/orders-v2").await;
    assert!(view.to_string().contains("\"calls\":2"), "{view}");
}
