//! Breakers of the whole fleet: when they trip, when they do not dare to, and what is shown of it.

use crate::support::{Served, document, flag};
use downhaul_control::guards::GuardEvidence;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

fn guarded(key: &str, breaker: Value) -> Value {
    let mut flag = flag(key);
    flag["breaker"] = breaker;
    flag
}

/// The server and edge instances of a fleet.
struct Fleet {
    key: String,
    /// Where its pages are from.
    origin: Option<&'static str>,
    batch: u64,
}

impl Fleet {
    async fn of(served: &Served, kind: &str) -> Fleet {
        let origin = (kind == "browser").then_some("https://shop.example");
        Fleet { key: served.key(json!({ "kind": kind })).await.0, origin, batch: 0 }
    }

    /// Each instance tells the states of its breakers.
    async fn tell(&mut self, served: &Served, instances: impl IntoIterator<Item = (u32, &str, Value)>) {
        self.batch += 1;
        for (instance, region, breakers) in instances {
            let body = json!({
                "telemetry": 1, "instance": format!("i-{instance}"), "batch": self.batch, "sdk": "test/1", "region": region,
                "buckets": [], "breakers": breakers,
            });
            let url = served.url("/client/v1/telemetry");
            let mut request = served.http.post(url).bearer_auth(&self.key);
            if let Some(origin) = self.origin {
                request = request.header("origin", origin);
            }
            let answer = request.json(&body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
        }
    }
}

fn state(flag: &str, state: &str) -> Value {
    json!({ "flag": flag, "variant": "on", "state": state, "cause": "consecutive", "since_ms": 0 })
}

/// `open` of `of` instances have an open breaker, by turns in the regions.
fn some_open<'a>(flag: &str, open: u32, of: u32, regions: &'a [&str]) -> Vec<(u32, &'a str, Value)> {
    let one = |instance: u32| {
        let region = regions[instance as usize % regions.len()];
        (instance, region, json!([state(flag, if instance < open { "open" } else { "closed" })]))
    };
    (0..of).map(one).collect()
}

async fn until(served: &Served, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..400 {
        let view = served.get(path).await;
        if is(&view) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#}", served.get(path).await)
}

/// Two ticks of what looks at the fleet.
async fn looked_at() {
    tokio::time::sleep(Duration::from_millis(2200)).await;
}

fn killed(view: &Value) -> usize {
    view["kills"].as_array().unwrap().iter().filter(|kill| kill["restored"].is_null()).count()
}

#[tokio::test]
async fn enough_clients_in_enough_places_take_the_variant_from_everyone() {
    let served = Served::new().await;
    served
        .apply(&document(&[guarded("f", json!({ "fleet": "kill" })), guarded("g", json!({})), guarded("h", json!({}))]))
        .await;
    let (mut fleet, mut pages) = (Fleet::of(&served, "server").await, Fleet::of(&served, "browser").await);
    // Too few; enough in one place; what pages claim; a flag that asks for nothing.
    for (open, regions) in [(2, &["eu", "us"][..]), (40, &["eu"][..])] {
        fleet.tell(&served, some_open("f", open, 40, regions)).await;
        pages.tell(&served, some_open("f", 10, 10, &["eu", "us"])).await;
        looked_at().await;
        assert_eq!(killed(&served.get("/kills").await), 0, "{open} in {regions:?}");
    }
    fleet.tell(&served, some_open("g", 40, 40, &["eu", "us"])).await;
    looked_at().await;
    assert_eq!(killed(&served.get("/kills").await), 0);
    let page = served.get("/breakers?flag=f").await;
    assert_eq!((&page["fleet"][0]["heard"], &page["fleet"][0]["needed"]), (&json!(40), &json!(3)), "{page:#}");
    // Three of forty, which are more than 5 %, in two regions.
    fleet.tell(&served, some_open("f", 3, 40, &["eu", "us"])).await;
    let kills = until(&served, "/kills", |view| killed(view) == 1).await;
    let kill = &kills["kills"][0];
    assert_eq!((&kill["flag"], &kill["scope"]), (&json!("f"), &json!({ "variant": ["on"] })), "{kill:#}");
    assert_eq!(kill["reason"], "fleet breaker of `on`: breakers of 3 of 40 instances are open, in eu, us, with test/1");
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
    let chart = served.get("/chart?limit=20").await;
    let changes = chart["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| change["reason"] == kill["reason"]).unwrap();
    let evidence: GuardEvidence = serde_json::from_value(change["record"]["evidence"].clone()).unwrap();
    assert_eq!(evidence.check(), Ok(()));
    // A person restores it. What opened before is of before, and trips nothing again.
    served.restore(kill["id"].as_str().unwrap()).await;
    looked_at().await;
    assert_eq!(killed(&served.get("/kills").await), 0);
    fleet.tell(&served, some_open("f", 3, 40, &["eu", "us"])).await;
    until(&served, "/kills", |view| killed(view) == 1).await;
    let figures = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = r#"downhaul_automatic_kills_total{environment="production",by="fleet-breaker"} 2"#;
    assert!(figures.lines().any(|found| found == line), "{figures}");
}

#[tokio::test]
async fn what_fails_together_is_nobodys_fault_and_nothing_is_killed() {
    let served = Served::new().await;
    let keys = ["a", "b", "c"];
    let mut flags: Vec<Value> = keys.iter().map(|key| guarded(key, json!({ "fleet": "kill" }))).collect();
    flags[0]["default"] = json!("off");
    served.apply(&document(&flags)).await;
    let stages = json!([{ "percent": 10, "bake_seconds": 3600 }, { "percent": 100, "bake_seconds": 3600 }]);
    served
        .post("/rollouts", json!({ "rollout": { "flag": "a", "variant": "on", "stages": stages }, "reason": "new" }))
        .await;
    let mut fleet = Fleet::of(&served, "server").await;
    let all = |open: &[&str]| -> Vec<(u32, &'static str, Value)> {
        let states: Vec<Value> =
            keys.iter().map(|key| state(key, if open.contains(key) { "open" } else { "closed" })).collect();
        (0..6).map(|instance| (instance, ["eu", "us"][instance as usize % 2], json!(states))).collect()
    };
    fleet.tell(&served, all(&["b", "c"])).await;
    until(&served, "/breakers", |page| page["panic"]["failing"] == json!(["b", "c"])).await;
    looked_at().await;
    assert_eq!(killed(&served.get("/kills").await), 0);
    let page = until(&served, "/breakers", |page| page["withheld"].as_array().unwrap().len() == 2).await["withheld"][0]
        .clone();
    assert_eq!((&page["why"], &page["by"]), (&json!("panic"), &json!("fleet-breaker")), "{page:#}");
    let paused = |view: &Value| view["standing"]["kind"] == "paused";
    let view = until(&served, "/rollouts/ro-1", paused).await;
    assert!(view["standing"]["words"].as_str().unwrap().contains("2 of 3 guarded flags fail at once"), "{view:#}");
    // Somebody lets it go on all the same, and is not contradicted.
    served.post("/rollouts/ro-1/resume", json!({ "reason": "it is the database" })).await;
    looked_at().await;
    assert!(!paused(&served.get("/rollouts/ro-1").await));
    // One alone is to blame again.
    fleet.tell(&served, all(&["b"])).await;
    let kills = until(&served, "/kills", |view| killed(view) == 1).await;
    assert_eq!(kills["kills"][0]["flag"], "b");
    assert_eq!(served.get("/breakers").await["panic"], Value::Null);
}

#[tokio::test]
async fn the_budget_of_kills_is_kept_to_and_a_notice_kills_nothing() {
    let served = Served::new().await;
    let mut flags: Vec<Value> =
        (0..9).map(|number| guarded(&format!("f{number}"), json!({ "fleet": "kill" }))).collect();
    flags[8]["breaker"] = json!({ "fleet": "notice" });
    served.apply(&document(&flags)).await;
    served.policy(json!({ "automatic": { "kills": 2, "seconds": 3600 } })).await;
    let mut fleet = Fleet::of(&served, "server").await;
    let mut states: Vec<Value> = (0..9).map(|number| state(&format!("f{number}"), "closed")).collect();
    let instances = |states: &[Value]| -> Vec<(u32, &'static str, Value)> {
        (0..4).map(|instance| (instance, ["eu", "us"][instance as usize % 2], json!(states))).collect()
    };
    for number in [0, 1, 2, 8] {
        states[number] = state(&format!("f{number}"), "open");
    }
    fleet.tell(&served, instances(&states)).await;
    let page = until(&served, "/breakers", |page| page["withheld"].as_array().unwrap().len() == 2).await;
    let why: Vec<(&str, &str)> = page["withheld"]
        .as_array()
        .unwrap()
        .iter()
        .map(|view| (view["flag"].as_str().unwrap(), view["why"].as_str().unwrap()))
        .collect();
    assert!(why.contains(&("f8", "notice")) && why.iter().any(|(_, why)| *why == "budget"), "{why:?}");
    assert_eq!((killed(&served.get("/kills").await), &page["automatic_left"]), (2, &json!(0)));
}

#[tokio::test]
async fn the_policy_says_how_much_clients_tell() {
    let served = Served::new().await;
    served.apply(&document(&[flag("f")])).await;
    served.policy(json!({ "telemetry": { "share": 0.25, "period_seconds": 120 } })).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let body = json!({ "telemetry": 1, "instance": "i", "batch": 1, "buckets": [] });
    let answer =
        served.http.post(served.url("/client/v1/telemetry")).bearer_auth(&key).json(&body).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "share": 0.25, "period_seconds": 120 }));
}
