//! Heads, proofs and the past, as the server gives them.

use crate::support::{ENVIRONMENT, Served, document, flag};
use downhaul_control::Hash;
use downhaul_control::chart::{ConsistencyProof, InclusionProof, NoteKey, NoteSigner, SignedHead, TreeHead, origin};
use downhaul_control::{Command, Decision, Request, State, decide, fold};
use downhaul_core::validate::validate;
use downhaul_store::{ChangeLog, Effects, Options, SqliteLog};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn text(served: &Served, path: &str) -> String {
    let url = served.url(&format!("/api/v1/environments/production{path}"));
    let answer = served.http.get(url).bearer_auth(&served.admin_token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// Beyond a tile and a snapshot, so that both are used, and after a restart as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_chart_is_proved_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    served.apply(&document(&[flag("checkout")])).await;
    for _ in 0..135 {
        let kill = served.kill("checkout").await;
        served.restore(kill["id"].as_str().unwrap()).await;
    }
    let old: SignedHead = served.get("/chart/head").await["note"].as_str().unwrap().parse().unwrap();
    assert_eq!(old.head().size, 271);
    served.kill("checkout").await;
    served.close().await;

    let served = Served::at(folder.path(), |_| {}).await;
    let newest = served.get("/chart/head").await;
    let key: NoteKey = newest["key"].as_str().unwrap().parse().unwrap();
    assert_eq!((&newest["size"], old.verify(&key)), (&json!(272), Ok(())));
    for revision in [1, 42, 255, 256, 257, 271, 272] {
        let proof: InclusionProof = text(&served, &format!("/chart/proof?revision={revision}")).await.parse().unwrap();
        assert_eq!(proof.head.verify(&key), Ok(()));
        assert_eq!(proof.check().unwrap().change().revision, revision);
    }
    let by_old: InclusionProof = text(&served, "/chart/proof?revision=42&size=271").await.parse().unwrap();
    assert_eq!(by_old.head.head(), old.head());
    by_old.check().unwrap();
    for size in [1, 255, 256, 271, 272] {
        let proof: ConsistencyProof = text(&served, &format!("/chart/consistency?old={size}")).await.parse().unwrap();
        let one: InclusionProof = text(&served, &format!("/chart/proof?revision=1&size={size}")).await.parse().unwrap();
        proof.check(one.head.head().root).unwrap();
    }
    let verified = served.get("/chart/verify").await;
    assert_eq!((&verified["status"], &verified["root"]), (&json!("verified"), &newest["root"]));

    let export = text(&served, "/chart/export").await;
    assert_eq!(export.lines().count(), 273);
    let last: Value = serde_json::from_str(export.lines().last().unwrap()).unwrap();
    assert_eq!(last["head"], newest["note"]);

    let ask = async |moment: Value| {
        let mut body = json!({ "flag": "checkout", "context": {} });
        body.as_object_mut().unwrap().extend(moment.as_object().unwrap().clone());
        served.post("/explain", body).await
    };
    for (revision, reason) in [
        (1, "STATIC"),
        (2, "DISABLED"),
        (3, "STATIC"),
        (256, "DISABLED"),
        (270, "DISABLED"),
        (271, "STATIC"),
        (272, "DISABLED"),
    ] {
        let explained = ask(json!({ "revision": revision })).await;
        assert_eq!((&explained["xray"]["reason"], &explained["revision"]), (&json!(reason), &json!(revision)));
        let at = explained["made_at"].as_str().unwrap().to_owned();
        let then = ask(json!({ "at": at })).await["revision"].as_u64().unwrap();
        // Changes of one millisecond are all made by then.
        assert!(then >= revision, "{then}");
    }
    let both = json!({ "flag": "checkout", "context": {}, "revision": 1, "at": "2026-11-23T20:00:00Z" });
    let (status, problem) = served.admin(Method::POST, "/explain", Some(both)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("two-moments")));
}

/// A condition on the time is answered as it was then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_has_its_own_now() {
    let served = Served::new().await;
    let mut timed = flag("sale");
    let over =
        json!({ "when": [{ "attribute": "now", "op": "before", "values": ["2099-01-01T00:00:00Z"] }], "serve": "on" });
    timed["rules"] = json!([over]);
    timed["default"] = json!("off");
    served.apply(&document(&[timed])).await;
    let ask = async |body: Value| served.post("/explain", body).await["xray"]["variant"].clone();
    let context = json!({ "now": "2100-01-01T00:00:00Z" });
    assert_eq!(ask(json!({ "flag": "sale", "context": {}, "revision": 1 })).await, "on");
    assert_eq!(ask(json!({ "flag": "sale", "context": {}, "at": "2099-06-01T00:00:00Z" })).await, "off");
    assert_eq!(ask(json!({ "flag": "sale", "context": context, "revision": 1 })).await, "off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_that_was_written_anew_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    served.apply(&document(&[flag("checkout")])).await;
    served.get("/chart/head").await;
    served.close().await;
    // As if another chart had been there when the last head was signed.
    let log = SqliteLog::open(folder.path(), 0, &Options::default()).await.unwrap();
    let seed: [u8; 32] = log.setting("signing-key").await.unwrap().unwrap().try_into().unwrap();
    let name = origin(log.epoch(), "production");
    let other =
        TreeHead { origin: name.clone(), size: 1, root: Hash::of(b"other") }.sign(&NoteSigner::new(&seed, &name));
    log.put_setting("chart-head/production", other.as_str().as_bytes()).await.unwrap();
    log.close().await;

    let served = Served::at(folder.path(), |_| {}).await;
    let (status, problem) = served.admin(Method::GET, "/chart/head", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("chart-forked")));
    let fault = served.get("/chart/verify").await["fault"].clone();
    assert_eq!((&fault["code"], &fault["revision"]), (&json!("head-differs"), &json!(1)));
}

/// A flag that is put by a person, and then killed and restored by the control plane itself, as often as that.
async fn flipped(folder: &std::path::Path, times: u64) {
    let log = SqliteLog::open(folder, 0, &Options::default()).await.unwrap();
    let mut state = State::empty(ENVIRONMENT.parse().unwrap(), log.epoch());
    let now = jiff::Timestamp::now();
    let put = |key: &str| Command::PutFlag { flag: Box::new(serde_json::from_value(flag(key)).unwrap()) };
    let kill = |id: String| {
        let at = downhaul_control::time::to_text(now);
        let kill = json!({ "id": id, "flag": "pulse", "scope": {}, "reason": "heartbeat", "by": "system", "at": at });
        Command::Kill { kill: serde_json::from_value(kill).unwrap() }
    };
    let mut commands = vec![("a-1", put("pulse"))];
    for number in 0..times {
        let id = format!("beat-{number}");
        commands.extend([("system", kill(id.clone())), ("system", Command::Restore { id })]);
    }
    commands.push(("a-1", put("checkout")));
    for (actor, command) in commands {
        let valid = validate(state.flag_set.clone(), None).unwrap().0;
        let Decision::Change(decided) =
            decide(&state, &valid, Request::by_server(command, actor, "a test", now)).unwrap()
        else {
            panic!("it is so already")
        };
        state = fold(state, &decided.record);
        log.append(&decided.record, &Effects::of(&state, &decided.record)).await.unwrap();
    }
    log.close().await;
}

#[tokio::test]
async fn what_the_control_plane_does_by_itself_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    flipped(folder.path(), 1_100).await;
    let served = Served::at(folder.path(), |_| {}).await;
    let revisions = |page: &Value| -> Vec<u64> {
        page["changes"].as_array().unwrap().iter().map(|change| change["revision"].as_u64().unwrap()).collect()
    };
    // The server has made its signing key by itself.
    let whole = served.get("/chart?limit=3").await;
    assert_eq!((revisions(&whole), &whole["next_before"]), (vec![2203, 2202, 2201], &json!(2201)));
    // So much is looked through for one page, and the next goes on from there.
    let page = served.get("/chart?limit=3&automatic=false").await;
    assert_eq!((revisions(&page), &page["next_before"]), (vec![2202], &json!(204)));
    let rest = served.get("/chart?limit=3&automatic=false&before=204").await;
    assert_eq!((revisions(&rest), &rest["next_before"]), (vec![1], &Value::Null));
    let one = served.get("/chart?limit=1&automatic=false").await;
    assert_eq!((revisions(&one), &one["next_before"]), (vec![2202], &json!(2202)));
    let of_flag = served.get("/chart?flag=pulse&automatic=false&before=300").await;
    assert_eq!(revisions(&of_flag), [1]);
}
