//! A backup that is put back: clients take it whatever they had, and what was taken away since stays away.

use crate::support::stream::{Client, position};
use crate::support::{Received, Served, document, flag};
use downhaul_control::SigningKey;
use downhaul_control::acceptance::{Asked, Held, Take};
use downhaul_control::envelope::{EnvelopeError, EnvelopeSigner};
use downhaul_core::document::ClientKind;
use downhaul_core::kills::KillSet;
use downhaul_server::recovery::{Restore, RestoreError, Restored, back_up, export_secrets, restore};
use downhaul_store::StoreError;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A data folder and room for backups of it.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(TempDir::new().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn serve(&self) -> Served {
        Served::at(&self.data(), |_| {}).await
    }

    async fn back_up(&self, name: &str) -> PathBuf {
        let to = self.file(name);
        back_up(&self.data(), &to, true, Timestamp::now()).await.unwrap();
        to
    }
}

fn asked(backup: &Path, data: &Path) -> Restore {
    Restore {
        backup: backup.to_owned(),
        data: data.to_owned(),
        replace: true,
        secrets: None,
        freeze: false,
        reason: "the disk died".to_owned(),
    }
}

async fn put_back(backup: &Path, data: &Path) -> Restored {
    restore(&asked(backup, data), Timestamp::now()).await.unwrap()
}

fn accept(held: &mut Held, received: &Received) -> Result<Take, EnvelopeError> {
    let context = serde_json::Map::new();
    let kind = ClientKind::Server;
    let asked = Asked { kind, environment: None, context: &context, decided_for: None, formats: &[1] };
    let take = held.accept(&received.header, &asked)?;
    held.note(&received.header, take);
    Ok(take)
}

/// The flags that a client sees killed.
fn killed(received: &Received) -> Vec<String> {
    let set = KillSet::from_bytes(&received.kills).unwrap();
    let mut flags: Vec<String> = set.kills.iter().map(|kill| kill.flag.to_string()).collect();
    flags.sort();
    flags
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_follow_a_server_that_was_put_back() {
    let place = Place::new();
    let served = place.serve().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    served.apply(&document(&["a", "b", "c"].map(flag))).await;
    served.kill("a").await;
    let mut client = Held::default();
    let mut stream = Client::open(&served, &key, "", None).await;
    accept(&mut client, stream.until("put").await.received()).unwrap();

    // While it runs, with a client that listens.
    let backup = place.back_up("backup").await;

    served.restore("k-1").await;
    served.kill("b").await;
    let last = served.apply(&document(&["a", "b", "c", "d"].map(flag))).await;
    let newest = loop {
        let event = stream.next().await.unwrap();
        let Some(received) = &event.received else { continue };
        accept(&mut client, received).unwrap();
        if event.id == position(&last) && event.name == "patch" {
            break received.clone();
        }
    };
    assert_eq!(killed(&newest), ["b"]);
    let epoch = newest.header.epoch;
    drop(stream);
    served.close().await;

    let restored = put_back(&backup, &place.data()).await;
    assert!(restored.epoch > epoch && restored.epoch_before == epoch, "{restored:?}");
    let [production] = restored.environments.as_slice() else { panic!("{restored:?}") };
    assert_eq!(production.kills, ["k-1 a", "k-3 b"], "none that was in force is lost");
    assert_eq!(production.carried, ["killed `b` for everyone"]);
    assert_eq!(production.killed_again, ["k-1 a"]);
    let lost = production.lost.as_ref().unwrap();
    assert_eq!((lost.from, lost.to, lost.continues, lost.changes.len()), (4, 6, true, 3));
    assert!(lost.changes[0].starts_with("6 applied 1 flag"), "{:?}", lost.changes);
    assert!(restored.replaced.as_ref().unwrap().join("downhaul.sqlite3").exists());

    let served = place.serve().await;
    // It says what it has, and that is of an epoch that is over.
    let had = &newest.header;
    let query = format!("&position={}.{}.{}&base={}", had.epoch, had.revision, had.kill_revision, had.program_sha256);
    let mut stream = Client::open(&served, &key, &query, None).await;
    let put = loop {
        let event = stream.next().await.unwrap();
        match &event.received {
            Some(received) if event.name == "put" => break received.clone(),
            // The kills come first, as ever; they alone are taken too.
            Some(received) => assert!(accept(&mut client.clone(), received).unwrap().kills),
            None => {}
        }
    };
    assert!(put.header.revision < had.revision, "without the epoch it would be refused");
    assert_eq!(accept(&mut client, &put), Ok(Take { program: true, kills: true }));
    assert_eq!(killed(&put), ["a", "b"]);
    let of_before = Received { header: newest.header.clone(), ..newest.clone() };
    assert_eq!(accept(&mut client, &of_before), Err(EnvelopeError::RevisionLower), "and there is no way back");

    // What it acknowledges is seen.
    let header = &put.header;
    let said = json!({
        "instance": "i-1", "state": "live", "sdk": "test/1",
        "position": { "epoch": header.epoch, "revision": header.revision, "kill_revision": header.kill_revision },
    });
    let answer = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(&key).json(&said).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::NO_CONTENT);
    let fleet = served.get("/fleet").await;
    assert_eq!(fleet["live"], 1, "{fleet}");
    assert!(fleet.to_string().contains(&format!("\"revision\":{}", header.revision)), "{fleet}");

    // And a kill goes out as ever.
    served.kill("c").await;
    let event = stream.until("kill").await;
    accept(&mut client, event.received()).unwrap();
    assert_eq!(killed(event.received()), ["a", "b", "c"]);

    let report = served.get("/chart/verify").await;
    assert_eq!(report["status"], "verified", "{report}");
    let chart = served.get("/chart?limit=3").await;
    let charted = &chart["changes"][2];
    assert_eq!((charted["type"].as_str(), charted["reason"].as_str()), (Some("restore-backup"), Some("the disk died")));
    assert_eq!(charted["actor_name"], "admin");
    assert_eq!(charted["record"]["command"]["backup"]["replaced"]["revision"], 6);
    assert_eq!(charted["record"]["command"]["backup"]["epoch"], restored.epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_revoked_since_stays_revoked() {
    let place = Place::new();
    let served = place.serve().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    served.apply(&document(&[flag("a")])).await;
    let token = served.post("/tokens", json!({ "name": "pipeline", "roles": ["editor"], "reason": "" })).await;
    let token_id = token["view"]["id"].as_str().unwrap().to_owned();
    let person = served.post("/people", json!({ "name": "Ada", "role": "admin", "reason": "new" })).await;
    let ada = person["actor"].as_str().unwrap_or_else(|| panic!("{person}")).to_owned();
    let other = served.post("/people", json!({ "name": "Grace", "role": "viewer", "reason": "new" })).await;
    let grace = other["actor"].as_str().unwrap().to_owned();
    let expires = format!("{:.3}", Timestamp::now() + jiff::SignedDuration::from_hours(24 * 30));
    let make = |seed: u8| {
        let SigningKey { id, public_key, .. } = SigningKey::new(&EnvelopeSigner::new(&[seed; 32]).public_key());
        (id, json!({ "public_key": public_key, "expires": expires, "reason": "Ann, on call" }))
    };
    let (stolen, request) = make(7);
    served.post("/break-glass-keys", request).await;
    let backup = place.back_up("backup").await;
    served.post(&format!("/break-glass-keys/{stolen}/revoke"), json!({ "reason": "stolen" })).await;
    // Made since: its file lies in a safe, and what it signs has to be believed.
    let (since, request) = make(8);
    served.post("/break-glass-keys", request).await;

    let id = key.split('_').nth(1).unwrap().to_owned();
    let (status, _) = served.admin(Method::DELETE, &format!("/client-keys/{id}"), None).await;
    assert!(status.is_success());
    served.post(&format!("/tokens/{token_id}/revoke"), json!({ "reason": "leaked" })).await;
    served.post(&format!("/people/{ada}/revoke"), json!({ "role": "admin", "reason": "left" })).await;
    served.post(&format!("/people/{grace}/revoke"), json!({ "role": "viewer", "reason": "left" })).await;
    let (status, body) = served.admin(Method::POST, &format!("/people/{grace}/erase"), Some(json!({}))).await;
    assert!(status.is_success(), "{body}");
    served.post("/freeze", json!({ "reason": "an incident" })).await;
    served.close().await;

    let restored = put_back(&backup, &place.data()).await;
    let production = &restored.environments[0];
    assert_eq!(production.not_carried, [""; 0]);
    let mut carried = production.carried.clone();
    carried.sort();
    let mut expected = [
        "froze the environment".to_owned(),
        "revoked the client key `test`".to_owned(),
        "revoked the token `pipeline`".to_owned(),
        format!("made the break-glass key `{since}`, which may kill until {expires}"),
        format!("revoked the break-glass key `{stolen}`"),
        format!("took the role admin from {ada}"),
        format!("took the role viewer from {grace}"),
    ];
    expected.sort();
    assert_eq!(carried, expected);
    assert_eq!(restored.erased, 1);

    let served = place.serve().await;
    let answer = served.client("/client/v1/flag-set?formats=1", &key).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let (status, problem) = served.admin(Method::POST, "/freeze", Some(json!({ "reason": "again" }))).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("already-done")));
    assert!(!served.get("/people").await.to_string().contains("Grace"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn into_an_empty_folder_with_and_without_secrets() {
    let place = Place::new();
    let served = place.serve().await;
    let (key, secret) = served.key(json!({ "kind": "server" })).await;
    served.apply(&document(&[flag("a")])).await;
    let before = served.public_keys(&key).await;
    let bare = place.file("bare");
    back_up(&place.data(), &bare, false, Timestamp::now()).await.unwrap();
    let kept = place.file("secrets.json");
    let names = export_secrets(&place.data(), &kept).await.unwrap();
    assert!(names.contains(&"signing-key".to_owned()) && names.contains(&"token-root".to_owned()), "{names:?}");
    served.close().await;

    // With the secrets, kept apart: the same keys.
    let whole = Restore { secrets: Some(kept), replace: false, ..asked(&bare, &place.file("whole")) };
    let restored = restore(&whole, Timestamp::now()).await.unwrap();
    assert_eq!((restored.missing_secrets.len(), restored.replaced), (0, None));
    assert!(restored.admin_token.is_some(), "the folder has none, and the old one may be lost");
    let served = Served::at(&place.file("whole"), |_| {}).await;
    assert_eq!(served.public_keys(&key).await, before);
    let again = served.key(json!({ "kind": "server" })).await;
    assert_ne!(again.1, secret, "of another key");
    served.close().await;

    // Without: another key signs, and the chart says why.
    let without = Restore { replace: false, ..asked(&bare, &place.file("without")) };
    let restored = restore(&without, Timestamp::now()).await.unwrap();
    assert!(restored.missing_secrets.contains(&"signing-key".to_owned()), "{restored:?}");
    let served = Served::at(&place.file("without"), |_| {}).await;
    let after = served.public_keys(&key).await;
    assert!(after.len() == 1 && after != before, "{after:?}");
    let flag_set = served.flag_set(&key, "", None).await;
    assert_eq!(flag_set.header.keys, Some(vec![after[0].id()]));
    let chart = served.get("/chart?limit=1").await;
    assert_eq!(chart["changes"][0]["type"], "add-signing-key", "{chart}");
    assert!(chart["changes"][0]["reason"].as_str().unwrap().contains("is not in the data folder"), "{chart}");
    served.close().await;
    let served = Served::at(&place.file("without"), |_| {}).await;
    assert_eq!(served.public_keys(&key).await, after, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_replaced_and_kept() {
    let place = Place::new();
    let served = place.serve().await;
    served.apply(&document(&[flag("a")])).await;
    let backup = place.back_up("backup").await;
    served.kill("a").await;
    served.close().await;
    let database = place.data().join("downhaul.sqlite3");
    let whole = std::fs::read(&database).unwrap();
    let half: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| if at < 5000 { *byte } else { 0x55 }).collect();
    std::fs::write(&database, &half).unwrap();
    let restored = put_back(&backup, &place.data()).await;
    assert!(restored.unreadable.is_some(), "{restored:?}");
    let aside = restored.replaced.unwrap().join("downhaul.sqlite3");
    assert_eq!(std::fs::read(aside).unwrap(), half, "as it was");
    let served = place.serve().await;
    assert_eq!(served.get("/kills").await["kills"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_changes_nothing() {
    let place = Place::new();
    let served = place.serve().await;
    served.apply(&document(&[flag("a")])).await;
    let backup = place.back_up("backup").await;
    let error = restore(&asked(&backup, &place.data()), Timestamp::now()).await.unwrap_err();
    assert!(matches!(error, RestoreError::Store(StoreError::InUse(_))), "{error:?}");
    served.kill("a").await;
    served.close().await;
    let plain = Restore { replace: false, ..asked(&backup, &place.data()) };
    let error = restore(&plain, Timestamp::now()).await.unwrap_err();
    assert!(matches!(error, RestoreError::Store(StoreError::Exists(_))), "{error:?}");
    assert!(error.help().contains("--replace"), "{}", error.help());
    let silent = Restore { reason: " ".to_owned(), ..asked(&backup, &place.data()) };
    assert_eq!(restore(&silent, Timestamp::now()).await.unwrap_err().code(), "missing-reason");
    std::fs::write(place.file("text"), "no backup").unwrap();
    let error = restore(&asked(&place.file("text"), &place.data()), Timestamp::now()).await.unwrap_err();
    assert_eq!(error.code(), "not-a-log");
    std::fs::write(place.file("secrets"), "{\"downhaul_secrets\": {\"other\": \"\"}}").unwrap();
    let odd = Restore { secrets: Some(place.file("secrets")), ..asked(&backup, &place.data()) };
    assert_eq!(restore(&odd, Timestamp::now()).await.unwrap_err().code(), "secrets-file");
    let served = place.serve().await;
    let kills: Value = served.get("/kills").await;
    assert_eq!(kills["kills"][0]["id"], "k-1", "{kills}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_under_way_is_not_taken_up_again() {
    let place = Place::new();
    let served = place.serve().await;
    served.apply(&document(&["a", "b"].map(flag))).await;
    let release = json!({
        "key": "shop-2", "owner": "payments", "flags": ["a"], "data_change": "none",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.tgz", "digest": format!("sha256:{}", "a".repeat(64)) },
    });
    let body = json!({ "release": release, "reason": "planned" });
    let (status, answer) = served.admin(Method::PUT, "/releases/shop-2", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let begun = json!({ "reason": "payments fail", "pace": "step-by-step" });
    assert_eq!(served.post("/releases/shop-2/rollback", begun).await["id"], "r-1");
    let backup = place.back_up("backup").await;
    served.close().await;
    let restored = put_back(&backup, &place.data()).await;
    assert_eq!(restored.environments[0].ended_runs, ["r-1"]);
    let served = place.serve().await;
    let run = served.get("/runs/r-1").await;
    assert_eq!(run["phase"], "ended", "{run}");
    let again = served.post("/releases/shop-2/rollback", json!({ "reason": "once more" })).await;
    assert_eq!(again["id"], "r-2", "and another one can begin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_can_freeze() {
    let place = Place::new();
    let served = place.serve().await;
    served.apply(&document(&[flag("a")])).await;
    let backup = place.back_up("backup").await;
    served.close().await;
    let frozen = Restore { freeze: true, ..asked(&backup, &place.data()) };
    restore(&frozen, Timestamp::now()).await.unwrap();
    let served = place.serve().await;
    let body = json!({ "flag": flag("b"), "reason": "a test" });
    let (status, problem) = served.admin(Method::PUT, "/flags/b", Some(body)).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("frozen")));
    served.kill("a").await;
}
