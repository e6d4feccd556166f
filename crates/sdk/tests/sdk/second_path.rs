//! Kills over a second path: what comes first counts, and nothing goes back.

use crate::control_plane::{ControlPlane, flag, next_event, until, within};
use crate::static_host::StaticHost;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::break_glass::{self, kill_id};
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_control::time;
use downhaul_core::document::{ClientKind, Kill, RegionTree, Scope};
use downhaul_sdk::{Cause, Change, Client, Context, Event, Events, ProblemCode, StartError, Transport};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;

const OFTEN: Duration = Duration::from_millis(50);

fn is_on(client: &Client) -> bool {
    client.evaluate(&Context::new("user-1")).boolean("checkout", false)
}

async fn applied(events: &mut Events, wanted: Change) {
    next_event(events, |event| matches!(event, Event::Applied { change, .. } if change == wanted).then_some(())).await;
}

/// Until the host was asked once more, and once more after that, so that one whole answer was judged.
async fn asked_again(host: &StaticHost) {
    let before = host.asked().len();
    within(async {
        while host.asked().len() < before + 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_comes_by_a_relay_where_the_stream_is_cut() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let client = plane.options(&plane.key().await).kill_relay(plane.direct()).kill_poll(OFTEN).start().unwrap();
    let mut events = client.events();
    client.ready().await;
    until(&client, |status| status.transport == Transport::Stream).await;
    plane.cut();

    let id = plane.kill("checkout").await;
    applied(&mut events, Change::Kill).await;
    let details = client.evaluate(&Context::new("user-1")).details("checkout", true);
    assert_eq!((details.value, details.metadata.cause), (false, Some(Cause::Kill)));

    plane.restore(&id).await;
    applied(&mut events, Change::Restore).await;
    assert!(is_on(&client));
    assert!(client.status().silent.is_some_and(|silent| silent > Duration::ZERO));
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_on_a_static_host_is_enough_and_goes_back_for_nobody() {
    let plane = ControlPlane::new().await;
    let host = StaticHost::new().await;
    plane.apply(&[flag("checkout")]).await;
    let key = plane.key().await;
    let client = plane.options(&key).kill_file(host.url()).kill_poll(OFTEN).start().unwrap();
    let mut events = client.events();
    client.ready().await;
    asked_again(&host).await;
    assert_eq!(client.status().problems, [], "a file that is not there yet is no problem");
    plane.cut();

    let none = plane.kill_object(&key).await;
    let id = plane.kill("checkout").await;
    let killed = plane.kill_object(&key).await;
    host.put(killed.clone());
    applied(&mut events, Change::Kill).await;
    assert!(!is_on(&client));

    // What was served before the kill, from a cache that is behind.
    host.put(none);
    asked_again(&host).await;
    assert!(!is_on(&client), "an older object lifts nothing");

    plane.restore(&id).await;
    let restored = plane.kill_object(&key).await;
    host.put(restored.clone());
    applied(&mut events, Change::Restore).await;
    assert!(is_on(&client));
    // The kill again, as it was signed.
    host.put(killed);
    asked_again(&host).await;
    assert!(is_on(&client), "nor does an older one kill again");
    assert_eq!(client.status().problems.iter().filter(|code| **code != ProblemCode::ConnectionFailed).count(), 0);

    host.put(restored);
    asked_again(&host).await;
    within(async {
        while host.asked().last() != Some(&(false, 304)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(host.asked().iter().all(|(with_key, _)| !with_key), "a static host learns no key");
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_kill_object_changes_nothing_and_is_told() {
    let plane = ControlPlane::new().await;
    let host = StaticHost::new().await;
    plane.apply(&[flag("checkout")]).await;
    let key = plane.key().await;
    let client = plane.options(&key).kill_file(host.url()).kill_poll(OFTEN).start().unwrap();
    client.ready().await;
    plane.cut();
    plane.kill("checkout").await;

    // A whole flag set is no kill object, whoever signed it: programs come by the first path alone.
    host.put(plane.envelope(&key).await);
    asked_again(&host).await;
    assert!(is_on(&client));

    let mut forged = plane.kill_object(&key).await;
    *forged.last_mut().unwrap() ^= 1;
    host.put(forged);
    until(&client, |status| status.problems.contains(&ProblemCode::DigestMismatch)).await;
    assert!(is_on(&client));

    host.put(b"<html>not found</html>".to_vec());
    until(&client, |status| status.problems.contains(&ProblemCode::EnvelopeMalformed)).await;
    host.put(plane.kill_object(&key).await);
    until(&client, |_| !is_on(&client)).await;
    client.close().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_the_start() {
    for bad in ["kills.example.net", "ftp://kills.example.net/x"] {
        let refused = downhaul_sdk::Options::new("http://localhost", "key").kill_file(bad).start().unwrap_err();
        assert!(matches!(refused, StartError::SecondPath(ref text) if text == bad), "{refused}");
    }
    let refused = downhaul_sdk::Options::new("http://localhost", "key").kill_relay("http://relay/?a=b").start();
    assert!(matches!(refused, Err(StartError::SecondPath(_))));
}

/// A key that the plane was told of, and what it signs.
async fn break_glass_key(plane: &ControlPlane, seed: u8) -> EnvelopeSigner {
    let signer = EnvelopeSigner::new(&[seed; 32]);
    let public_key = STANDARD.encode(signer.public_key().as_bytes());
    let expires = Timestamp::now() + SignedDuration::from_hours(1);
    let body = json!({ "public_key": public_key, "expires": expires.to_string(), "reason": "a test" });
    plane.post("/break-glass-keys", body).await;
    signer
}

fn signed(signer: &EnvelopeSigner, number: u64, flag: &str) -> (String, Vec<u8>) {
    let id = kill_id(&signer.public_key().id(), number);
    let kill = Kill {
        id: id.clone(),
        flag: flag.parse().unwrap(),
        scope: Scope { tenant: None, region: None, segment: None, variant: None },
        reason: "the API is down".to_owned(),
        by: "the one on call".to_owned(),
        at: time::to_text(Timestamp::now()),
        incident: None,
    };
    let kinds = [ClientKind::Edge, ClientKind::Server];
    let regions = RegionTree::default();
    let sealed = break_glass::seal(signer, "production", &kinds, &[kill], &regions, Timestamp::now());
    (id, sealed.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_break_glass_kill_holds_without_the_control_plane_and_over_a_restart() {
    let plane = ControlPlane::new().await;
    let host = StaticHost::new().await;
    let folder = tempfile::tempdir().unwrap();
    plane.apply(&[flag("checkout"), flag("search")]).await;
    let key = plane.key().await;
    let signer = break_glass_key(&plane, 7).await;
    let options = || plane.options(&key).kill_file(host.url()).kill_poll(OFTEN).keep_in(folder.path());
    let client = options().start().unwrap();
    let mut events = client.events();
    client.ready().await;
    until(&client, |status| status.transport == Transport::Stream).await;
    plane.cut();

    let (id, object) = signed(&signer, 1, "checkout");
    host.put(object.clone());
    applied(&mut events, Change::Kill).await;
    let details = client.evaluate(&Context::new("user-1")).details("checkout", true);
    assert_eq!((details.value, details.metadata.cause), (false, Some(Cause::Kill)));
    assert!(client.evaluate(&Context::new("user-1")).boolean("search", false));
    client.close().await;

    // The next start has neither the control plane nor the file.
    let elsewhere = || plane.options(&key).keep_in(folder.path());
    let client = elsewhere().start().unwrap();
    client.ready().await;
    assert!(!is_on(&client), "it is kept");
    // Whatever the control plane publishes, and though the key is revoked.
    plane.post(&format!("/break-glass-keys/{}/revoke", signer.public_key().id()), json!({ "reason": "stolen" })).await;
    plane.apply(&[flag("checkout"), flag("search"), flag("another")]).await;
    plane.mend();
    until(&client, |_| client.boolean("another", false)).await;
    assert!(!is_on(&client));
    // A person ends it, whom nobody ever reported it to.
    plane.restore(&id).await;
    until(&client, |_| is_on(&client)).await;
    client.close().await;

    let client = options().start().unwrap();
    client.ready().await;
    until(&client, |status| status.problems.contains(&ProblemCode::BreakGlassRefused)).await;
    assert!(is_on(&client), "the file that is still there is refused");
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reported_kill_is_an_ordinary_one_and_a_revoked_key_kills_no_more() {
    let plane = ControlPlane::new().await;
    let host = StaticHost::new().await;
    plane.apply(&[flag("checkout")]).await;
    let key = plane.key().await;
    let signer = break_glass_key(&plane, 8).await;
    let (id, object) = signed(&signer, 1, "checkout");
    let report = plane.report(&object).await;
    assert_eq!(report["charted"][0]["id"], id, "{report}");
    let kill = plane.get(&format!("/kills/{id}")).await;
    let by = format!("break-glass:{}", signer.public_key().id());
    assert_eq!((kill["by"].as_str(), kill["reason"].as_str()), (Some(&*by), Some("the API is down")));
    assert_eq!(plane.report(&object).await["known"][0], id, "asked twice it is there");

    let client = plane.options(&key).kill_file(host.url()).kill_poll(OFTEN).start().unwrap();
    client.ready().await;
    assert!(!is_on(&client), "without the file, too");
    plane.restore(&id).await;
    until(&client, |_| is_on(&client)).await;

    plane.post(&format!("/break-glass-keys/{}/revoke", signer.public_key().id()), json!({ "reason": "lost" })).await;
    plane.apply(&[flag("checkout"), flag("after")]).await;
    until(&client, |_| client.boolean("after", false)).await;
    host.put(signed(&signer, 2, "checkout").1);
    until(&client, |status| status.problems.contains(&ProblemCode::BreakGlassRefused)).await;
    assert!(is_on(&client));
    client.close().await;
}
