//! Populations on the server, and plans over them.

use crate::support::people::Tokens;
use crate::support::{Served, document, flag};
use downhaul_blast::population::{Builder, Limits, Population};
use downhaul_control::api::{POPULATION_MEDIA_TYPE, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

fn people(rows: usize) -> Population {
    let mut builder = Builder::new(&Limits::default());
    for row in 0..rows {
        let tenant = ["acme", "globex", "initech"][row % 3];
        let context = json!({ "targetingKey": format!("user-{row}"), "tenant": tenant, "app": { "version": "2.4.1" } });
        builder.push(context.as_object().unwrap(), 2.0).unwrap();
    }
    builder.finish()
}

/// Puts a population, and gives the answer.
async fn put(served: &Served, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
    let url = served.url(&format!("/api/v1/environments/production/populations/{path}"));
    let request = served.http.put(url).bearer_auth(&served.admin_token).header("content-type", media_type);
    let answer = request.body(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn content(served: &Served, path: &str) -> Vec<u8> {
    let url = served.url(&format!("/api/v1/environments/production/populations/{path}"));
    let answer = served.http.get(url).bearer_auth(&served.admin_token).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], POPULATION_MEDIA_TYPE);
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_population_is_put_listed_sampled_and_removed() {
    let served = Served::new().await;
    let before = served.get("/document").await;
    assert_eq!(served.get("/populations").await, json!({ "populations": [], "journal": [] }));

    let whole = people(1000);
    let bytes = whole.to_bytes();
    let (status, answer) =
        put(&served, "eu%2Fshop?source=people.csv&taken_at=2026-11-01", POPULATION_MEDIA_TYPE, bytes.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let view = &answer["population"];
    assert_eq!(view["name"], "eu/shop");
    assert_eq!((&view["rows"], &view["weight"]), (&json!(1000), &json!(2000.0)));
    let mut columns: Vec<&str> =
        view["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    columns.sort_unstable();
    assert_eq!(columns, ["app.version", "targetingKey", "tenant"]);
    assert_eq!((&view["source"], &view["taken_at"]), (&json!("people.csv"), &json!("2026-11-01T00:00:00.000Z")));
    assert_eq!((&view["put_by"], &view["size"]), (&json!("admin"), &json!(bytes.len())));
    assert_eq!(&served.get("/populations/eu%2Fshop").await, view);

    assert_eq!(content(&served, "eu%2Fshop/content").await, bytes);
    let sample = content(&served, "eu%2Fshop/content?rows=50").await;
    assert_eq!(sample, whole.to_sample_bytes(50));
    assert_eq!(sample, content(&served, "eu%2Fshop/content?rows=50").await, "the same each time");
    assert_eq!(Population::from_sample_bytes(&sample, &Limits::default()).unwrap().rows(), 50);

    let listed = served.get("/populations").await;
    assert_eq!(listed["populations"], json!([view]));
    assert_eq!(listed["default"], Value::Null);
    put(&served, "default", POPULATION_MEDIA_TYPE, people(3).to_bytes()).await;
    assert_eq!(served.get("/populations").await["default"], "default");

    let (status, _) = served.admin(Method::DELETE, "/populations/eu%2Fshop", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, problem) = served.admin(Method::GET, "/populations/eu%2Fshop", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown-population")));
    let journal = served.get("/populations").await["journal"].clone();
    let told: Vec<_> =
        journal.as_array().unwrap().iter().map(|event| (&event["what"], &event["name"], &event["by"])).collect();
    let [put, removed, admin] = [json!("put"), json!("removed"), json!("admin")];
    let (shop, default) = (json!("eu/shop"), json!("default"));
    assert_eq!(told, [(&removed, &shop, &admin), (&put, &default, &admin), (&put, &shop, &admin)]);
    // None of it is a change of the flag set.
    assert_eq!(served.get("/document").await, before);
    assert_eq!(served.get("/chart").await["changes"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_read_as_their_media_type_says() {
    let served = Served::new().await;
    let csv = "id,ver,visits\nuser-1,2.4.1,3\nuser-2,,oops\n";
    let mapping = "mapping=%7B%22targetingKey%22%3A%22id%22%2C%22rename%22%3A%7B%22ver%22%3A%22app.version%22%7D%2C%22weight%22%3A%22visits%22%7D";
    let (status, problem) = put(&served, &format!("a?{mapping}"), "text/csv; charset=utf-8", csv).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("visits"), "{problem}");
    assert_eq!(served.get("/populations").await["populations"], json!([]), "nothing is kept of it");

    let (status, answer) = put(&served, &format!("a?malformed=1&{mapping}"), "text/csv", csv).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!((&answer["malformed"], &answer["population"]["weight"]), (&json!(1), &json!(3.0)));
    let read = Population::from_sample_bytes(&content(&served, "a/content").await, &Limits::default()).unwrap();
    assert_eq!(Value::Object(read.context(0)), json!({ "targetingKey": "user-1", "app.version": "2.4.1" }));

    let lines = "{\"targetingKey\": \"user-1\", \"n\": {\"x\": 1}}\n{\"targetingKey\": \"user-2\"}\n";
    let (status, answer) = put(&served, "b", "application/x-ndjson", lines).await;
    assert_eq!((status, &answer["population"]["rows"]), (StatusCode::OK, &json!(2)), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_kept_is_refused_with_what_to_do() {
    let served = Served::new().await;
    let good = people(2).to_bytes();
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let cases: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
        ("live", POPULATION_MEDIA_TYPE, good.clone(), 409, "population-reserved"),
        ("-x", POPULATION_MEDIA_TYPE, good.clone(), 400, "population-name"),
        ("x", "text/html", good.clone(), 415, "population-format"),
        ("x", "", good.clone(), 415, "population-format"),
        ("x", POPULATION_MEDIA_TYPE, damaged, 422, "population-not-a-sample"),
        ("x", "application/vnd.apache.parquet", good.clone(), 422, "population-not-parquet"),
        ("x?mapping=%7B", "text/csv", b"a\n1\n".to_vec(), 400, "bad-mapping"),
        ("x?mapping=%7B%7D", POPULATION_MEDIA_TYPE, good.clone(), 400, "bad-mapping"),
        ("x?taken_at=yesterday", POPULATION_MEDIA_TYPE, good.clone(), 400, "malformed-query"),
        ("x?surprise=1", POPULATION_MEDIA_TYPE, good.clone(), 400, "malformed-query"),
        ("x", "text/csv", vec![b'a'; 64 * 1024 * 1024 + 1], 413, "population-too-large"),
    ];
    for (path, media_type, body, status, code) in cases {
        let (found, problem) = put(&served, path, media_type, body).await;
        assert_eq!(
            (found.as_u16(), problem["code"].as_str().unwrap()),
            (status, code),
            "{path} {media_type}: {problem}"
        );
        assert!(!problem["help"].as_str().unwrap().is_empty(), "{problem}");
    }
    let (status, problem) = served.admin(Method::DELETE, "/populations/x", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown-population")));
    assert_eq!(served.get("/populations").await, json!({ "populations": [], "journal": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_reads_and_an_editor_writes() {
    let folder = TempDir::new().unwrap();
    let tokens = Tokens::plant(folder.path()).await;
    let served = Served::at(folder.path(), |_| {}).await;
    for role in [Role::Viewer, Role::Editor, Role::Operator] {
        let token = tokens.of(role.as_str());
        let url = |path: &str| served.url(&format!("/api/v1/environments/production/populations{path}"));
        let writes = if role == Role::Editor { 200 } else { 403 };
        let put = served.http.put(url("/x")).bearer_auth(token).header("content-type", POPULATION_MEDIA_TYPE);
        assert_eq!(put.body(people(1).to_bytes()).send().await.unwrap().status().as_u16(), writes, "{role:?}");
        let listed = served.http.get(url("")).bearer_auth(token).send().await.unwrap();
        assert_eq!(listed.status(), StatusCode::OK, "{role:?}");
        let removed = served.http.delete(url("/x")).bearer_auth(token).send().await.unwrap();
        assert_eq!(removed.status().as_u16(), if role == Role::Editor { 204 } else { 403 }, "{role:?}");
    }
}

fn on_for(tenant: &str) -> Value {
    let mut flag = flag("checkout");
    flag["default"] = json!("off");
    flag["rules"] = json!([{ "when": [{ "tenant": [tenant] }], "serve": "on" }]);
    flag
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_planned_against_what_is_published() {
    let served = Served::new().await;
    served.apply(&document(&[on_for("acme"), flag("other")])).await;
    // Without a population.
    let plan = served.post("/plan", json!({ "flag": on_for("globex") })).await;
    assert_eq!(
        (&plan["verdict"], &plan["base_revision"], &plan["population"]),
        (&json!("changes"), &json!(1), &Value::Null)
    );
    assert_eq!(plan["flags"].as_object().unwrap().len(), 1);
    assert_eq!(plan["exact"]["complete"], true);
    assert_eq!(plan["totals"]["flags"], 2, "what the draft does not name stays");

    put(&served, "default?source=people.csv", POPULATION_MEDIA_TYPE, people(300).to_bytes()).await;
    put(&served, "few", POPULATION_MEDIA_TYPE, people(3).to_bytes()).await;
    let plan = served.post("/plan", json!({ "flag": on_for("globex"), "by": ["app.version"] })).await;
    let moved = &plan["population"];
    assert_eq!(
        (&moved["name"], &moved["moved"], &moved["weight"]),
        (&json!("server:default"), &json!(400.0), &json!(600.0))
    );
    assert_eq!(moved["origin"]["source"], "people.csv");
    assert!(plan["flags"]["checkout"]["by"]["app.version"].is_object(), "{plan}");
    // The same as a whole document, and as a command.
    let source = json!([{ "name": "flags.json", "text": document(&[on_for("globex")]).to_string() }]);
    let same = [
        json!({ "sources": source, "by": ["app.version"] }),
        json!({ "commands": [{ "type": "put-flag", "flag": on_for("globex") }], "by": ["app.version"] }),
    ];
    for asked in same {
        let other = served.post("/plan", asked).await;
        assert_eq!(other["flags"], plan["flags"]);
        assert_eq!(other["population"], plan["population"]);
    }
    let plan = served.post("/plan", json!({ "sources": source, "prune": true, "population": "few" })).await;
    assert_eq!((&plan["totals"]["removed"], &plan["population"]["rows"]), (&json!(1), &json!(3)));
    let plan = served.post("/plan", json!({ "flag": on_for("globex"), "no_population": true })).await;
    assert_eq!(plan["population"], Value::Null);
    let plan = served.post("/plan", json!({ "flag": on_for("globex"), "exact": false, "rows": 30 })).await;
    assert_eq!((&plan["exact"], &plan["population"]["rows"]), (&Value::Null, &json!(30)));
    assert_eq!(plan["population"]["sampled"]["rows"], 300);
    let plan = served.post("/plan", json!({ "flag": on_for("acme") })).await;
    assert_eq!(plan["verdict"], "no-change");
    // Nothing was changed by any of it.
    assert_eq!(served.get("/flags").await["position"]["revision"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_that_cannot_be_planned_are_refused() {
    let served = Served::new().await;
    served.apply(&document(&[on_for("acme")])).await;
    let mut broken = on_for("globex");
    broken["requires"] = json!([{ "flag": "nothing", "variants": ["on"] }]);
    let draft = on_for("globex");
    for (asked, status, code) in [
        (json!({}), 400, "no-draft"),
        (json!({ "flag": draft, "commands": [{ "type": "retire-flag", "key": "checkout" }] }), 400, "no-draft"),
        (json!({ "flag": { "key": "x" } }), 422, "invalid"),
        (json!({ "flag": broken }), 422, "invalid"),
        (json!({ "commands": [{ "type": "revoke-key", "id": "x" }] }), 422, "invalid"),
        (json!({ "sources": [{ "name": "a.json", "text": "{" }] }), 422, "invalid"),
        (json!({ "flag": draft, "population": "nobody" }), 404, "unknown-population"),
        (json!({ "flag": draft, "population": "a", "no_population": true }), 400, "malformed-body"),
        (json!({ "flag": draft, "by": ["1", "2", "3", "4", "5", "6", "7", "8", "9"] }), 400, "too-many-groups"),
        (json!({ "flag": draft, "expected_revision": 7 }), 409, "changed-since"),
        (json!({ "flag": draft, "expected_revision": 1, "expected_digest": "00" }), 409, "changed-since"),
        (json!({ "flag": draft, "surprise": 1 }), 422, "malformed-body"),
    ] {
        let (found, problem) = served.admin(Method::POST, "/plan", Some(asked.clone())).await;
        assert_eq!((found.as_u16(), problem["code"].as_str().unwrap()), (status, code), "{asked}: {problem}");
    }
    served.post("/plan", json!({ "flag": draft, "expected_revision": 1 })).await;
}

/// Waits until so many plans are being made.
async fn running(served: &Served, plans: usize) {
    let line = format!("downhaul_plans_running {plans}\n");
    loop {
        let metrics = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
        if metrics.contains(&line) {
            return;
        }
    }
}

/// A draft that takes long: every flag of many is edited, and each asks everyone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_is_answered_while_a_plan_runs_and_who_goes_away_is_let_go() {
    let served = Served::with(|options| {
        options.plans_at_once = 1;
        options.plan_wait = Duration::ZERO;
        options.plan_time = Duration::from_secs(600);
    })
    .await;
    let flags = |share: u32| {
        let flag = |number: usize| {
            let mut flag = flag(&format!("flag-{number}"));
            let slices = json!([["on", share], ["off", 100_000 - share]]);
            flag["rules"] = json!([{ "when": [{ "attribute": "app.version", "op": "semver", "values": [format!(">={number}.0.0")] }], "split": { "slices": slices } }]);
            flag
        };
        (0..400).map(flag).collect::<Vec<_>>()
    };
    served.apply(&document(&flags(10_000))).await;
    put(&served, "default", POPULATION_MEDIA_TYPE, people(100_000).to_bytes()).await;
    let source = json!([{ "name": "flags.json", "text": document(&flags(20_000)).to_string() }]);
    let request = served.http.post(served.url("/api/v1/environments/production/plan")).bearer_auth(&served.admin_token);
    let large = tokio::spawn(request.json(&json!({ "sources": source })).send());
    running(&served, 1).await;
    let small = json!({ "flag": flag("new"), "no_population": true });
    let (status, problem) = served.admin(Method::POST, "/plan", Some(small.clone())).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("plans-busy")));
    assert_eq!(served.kill("flag-7").await["flag"], "flag-7");
    assert!(!large.is_finished(), "the kill did not wait for it");
    // Its place is free again when nobody waits for it any more.
    large.abort();
    running(&served, 0).await;
    assert_eq!(served.post("/plan", small).await["totals"]["added"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_out_of_time_says_what_it_knows() {
    let served = Served::with(|options| options.plan_time = Duration::ZERO).await;
    served.apply(&document(&[on_for("acme")])).await;
    // Whatever was compared before the time was over stands; the rest is unknown, never left out.
    let plan = served.post("/plan", json!({ "flag": on_for("globex") })).await;
    assert!(plan["flags"]["checkout"].is_object(), "{plan}");
    put(&served, "default", POPULATION_MEDIA_TYPE, people(200_000).to_bytes()).await;
    let (status, problem) = served.admin(Method::POST, "/plan", Some(json!({ "flag": on_for("globex") }))).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("plan-too-long")), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_judged_by_the_population_before_it_is_made() {
    let served = Served::new().await;
    served.apply(&document(&[on_for("acme")])).await;
    let policy = |members: Value| json!({ "policy": members, "reason": "budgets" });
    let put_policy = async |members: Value| {
        let (status, answer) = served.admin(Method::PUT, "/policy", Some(policy(members))).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    };
    put_policy(json!({ "budget": { "share": 0.5 } })).await;
    let edit = json!({ "flag": on_for("globex"), "reason": "for globex" });
    let put_flag = async || served.admin(Method::PUT, "/flags/checkout", Some(edit.clone())).await;
    // Without people, how many these tenants are is not known.
    let (status, problem) = put_flag().await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("needs-approval")), "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("how many are moved is not known without a population, at most 100.000 %"), "{detail}");
    // Two thirds of them.
    put(&served, "default", POPULATION_MEDIA_TYPE, people(300).to_bytes()).await;
    let (status, problem) = put_flag().await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("needs-approval")), "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("66.667 % of the population is moved, 50.000 % may (`checkout`)"), "{detail}");
    assert_eq!(served.get("/flags").await["position"]["revision"], 2, "nothing was changed");
    // A rehearsal says the same.
    let source = json!([{ "name": "flags.json", "text": document(&[on_for("globex")]).to_string() }]);
    let rehearsal = json!({ "sources": source, "reason": "for globex", "dry_run": true });
    let (status, problem) = served.admin(Method::POST, "/apply", Some(rehearsal)).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("needs-approval")), "{problem}");
    assert_eq!(served.kill("checkout").await["flag"], "checkout", "a kill waits for nobody");
    let kill = served.get("/kills").await["kills"][0]["id"].as_str().unwrap().to_owned();
    served.post(&format!("/kills/{kill}/restore"), json!({ "reason": "mended" })).await;
    put_policy(json!({ "budget": { "share": 0.7 }, "population": "default" })).await;
    let (status, answer) = put_flag().await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let verdict = &answer["change"]["impact"]["budget"];
    assert_eq!((&verdict["verdict"], &verdict["population"]["name"]), (&json!("within"), &json!("default")));
    assert_eq!(verdict["findings"][0]["why"], "66.667 % of the population is moved, 70.000 % may");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_values_of_a_population_are_told_and_nobody_is_named() {
    let served = Served::new().await;
    put(&served, "default", POPULATION_MEDIA_TYPE, people(10).to_bytes()).await;
    let told = served.get("/populations/default/values").await;
    assert_eq!((&told["rows"], &told["weight"]), (&json!(10), &json!(20.0)));
    let of = |name: &str| {
        let attributes = told["attributes"].as_array().unwrap().clone();
        attributes.into_iter().find(|each| each["attribute"] == name).unwrap()
    };
    let tenant = json!({
        "attribute": "tenant", "rows": 10, "weight": 20.0, "distinct": 3,
        "values": [
            { "value": "acme", "weight": 8.0 }, { "value": "globex", "weight": 6.0 }, { "value": "initech", "weight": 6.0 },
        ],
    });
    assert_eq!(of("tenant"), tenant);
    assert_eq!(of("app.version")["values"], json!([{ "value": "2.4.1", "weight": 20.0 }]));
    let keys = of("targetingKey");
    assert_eq!((&keys["distinct"], &keys["values"]), (&json!(10), &json!([])));
    assert_eq!(served.admin(Method::GET, "/populations/nobody/values", None).await.0, StatusCode::NOT_FOUND);
}
