//! Keys that sign are made, let sign and revoked while clients go on.

use crate::support::stream::Client;
use crate::support::{Served, document, flag};
use downhaul_control::chart::{NoteKey, SignedHead};
use downhaul_control::envelope::{EnvelopeError, PublicKey, open};
use downhaul_server::recovery::{generate_signing_key, import_signing_key};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn make(served: &Served, body: Value) -> String {
    let made = served.post("/signing-keys", body).await;
    made["id"].as_str().unwrap().to_owned()
}

async fn act(served: &Served, id: &str, act: &str) -> (StatusCode, Value) {
    let body = json!({ "reason": "a test" });
    served.admin(Method::POST, &format!("/signing-keys/{id}/{act}"), Some(body)).await
}

/// The id of the key that signed.
fn signer(bytes: &[u8]) -> String {
    bytes[4..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn only(keys: &[PublicKey], id: &str) -> Vec<PublicKey> {
    keys.iter().filter(|key| key.id() == id).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_go_on_over_a_rotation_and_a_revoked_key_is_believed_no_more() {
    let served = Served::new().await;
    served.apply(&document(&[flag("a")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let page = served.get("/signing-keys").await;
    let first = page["keys"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!((page["keys"].as_array().unwrap().len(), page["keys"][0]["standing"].as_str()), (1, Some("signs")));
    let old = served.flag_set(&key, "", None).await;
    assert_eq!((signer(&old.bytes), old.header.keys.clone()), (first.clone(), None));

    // Made: believed, and signs nothing yet.
    let second = make(&served, json!({ "reason": "the yearly rotation" })).await;
    let both = served.public_keys(&key).await;
    assert_eq!(both.len(), 2);
    let mut stream = Client::open(&served, &key, "", None).await;
    let put = stream.until("put").await;
    assert_eq!(signer(&put.received().bytes), first);
    let named = put.received().header.keys.clone().unwrap();
    assert!(named.contains(&first) && named.contains(&second) && named.len() == 2, "{named:?}");

    // Used: the stream goes on, and says so with the next envelope, which the change itself causes.
    let (status, view) = act(&served, &second, "use").await;
    assert_eq!((status, view["standing"].as_str()), (StatusCode::OK, Some("signs")), "{view}");
    let patch = stream.until("patch").await;
    assert_eq!(signer(&patch.received().bytes), second);
    served.kill("a").await;
    assert_eq!(signer(&stream.until("kill").await.received().bytes), second, "kills too");
    assert_eq!(open(&old.bytes, &both).unwrap().header.revision, old.header.revision, "what was kept is still good");

    // The one that signs is not revoked; the other is.
    let (status, problem) = act(&served, &second, "revoke").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("not-now")));
    let (status, _) = act(&served, &first, "revoke").await;
    assert_eq!(status, StatusCode::OK);
    let patch = stream.until("patch").await;
    assert_eq!(patch.received().header.keys, Some(vec![second.clone()]), "each client is told");
    let left = served.public_keys(&key).await;
    assert_eq!(left, only(&both, &second));
    assert_eq!(open(&old.bytes, &left).unwrap_err(), EnvelopeError::SignatureInvalid);
    let (status, problem) = act(&served, &first, "use").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("already-done")));
    let kinds: Vec<String> = served.get("/chart?limit=5").await["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["revoke-signing-key", "kill", "use-signing-key", "add-signing-key", "add-signing-key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_outlive_the_process() {
    let folder = TempDir::new().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    served.apply(&document(&[flag("a")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let id = make(&served, json!({ "signs": true, "reason": "at once" })).await;
    served.close().await;
    let served = Served::at(folder.path(), |_| {}).await;
    assert_eq!(signer(&served.flag_set(&key, "", None).await.bytes), id);
    let page = served.get("/signing-keys").await;
    assert_eq!((page["keys"][0]["id"].as_str(), page["keys"][0]["here"].as_bool()), (Some(id.as_str()), Some(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chart_remembers_its_heads_over_a_rotation() {
    let served = Served::new().await;
    served.apply(&document(&[flag("a")])).await;
    let before = served.get("/chart/head").await;
    make(&served, json!({ "signs": true, "reason": "at once" })).await;
    let after = served.get("/chart/head").await;
    assert_ne!(before["key"], after["key"]);
    for head in [&before, &after] {
        let signed: SignedHead = head["note"].as_str().unwrap().parse().unwrap();
        let key: NoteKey = head["key"].as_str().unwrap().parse().unwrap();
        assert_eq!(signed.verify(&key), Ok(()));
    }
    let path = format!("/chart/verify?head={}", urlencode(before["note"].as_str().unwrap()));
    assert_eq!(served.get(&path).await["status"], "verified", "a head of the key before still counts");
}

fn urlencode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spare_key_takes_over_when_it_is_brought() {
    let (folder, safe) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = safe.path().join("spare.json");
    let spare = generate_signing_key(&file).unwrap();
    let error = generate_signing_key(&file).unwrap_err();
    assert_eq!(error.code(), "file-exists", "nothing is written over");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let served = Served::at(folder.path(), |_| {}).await;
    served.apply(&document(&[flag("a")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let id = make(&served, json!({ "public_key": spare.public_key, "reason": "in the safe" })).await;
    assert_eq!(id, spare.id);
    let (status, problem) = act(&served, &id, "use").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("signing-key-not-here")));
    let body = json!({ "public_key": "AAAA", "reason": "a test" });
    let (status, problem) = served.admin(Method::POST, "/signing-keys", Some(body)).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid")));
    let error = import_signing_key(folder.path(), &file).await.unwrap_err();
    assert_eq!(error.code(), "data-folder-in-use");
    served.close().await;

    import_signing_key(folder.path(), &file).await.unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    let (status, _) = act(&served, &id, "use").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(signer(&served.flag_set(&key, "", None).await.bytes), spare.id);
}
