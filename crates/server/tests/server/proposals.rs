//! Proposals over the API, from a refusal to the chart.

use crate::support::{Served, document, flag};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A control plane that two people may use: whoever holds its data folder, and ann, who is approver.
struct Two {
    served: Served,
    ann: String,
}

impl Two {
    async fn new() -> Two {
        let served = Served::new().await;
        let person = json!({ "name": "ann", "role": "approver", "reason": "joins" });
        let id = served.post("/people", person).await["actor"].clone();
        let token = served.post("/tokens", json!({ "name": "laptop", "person": id })).await;
        let ann = token["token"].as_str().unwrap().to_owned();
        served.apply(&document(&[on_for(&[]), flag("other")])).await;
        let two = Two { served, ann };
        two.policy(json!({ "budget": { "share": 0.1 }, "approvals": { "restore": 1 } })).await;
        two
    }

    async fn policy(&self, policy: Value) {
        let body = json!({ "policy": policy, "reason": "two people" });
        let (status, answer) = self.served.admin(Method::PUT, "/policy", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    async fn by(&self, token: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let url = self.served.url(&format!("/api/v1/environments/production{path}"));
        let answer = self.served.http.post(url).bearer_auth(token).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn by_approver(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.by(&self.ann, path, body).await
    }

    async fn approve(&self, id: &str) -> Value {
        let digest = self.served.get(&format!("/proposals/{id}")).await["now"]["digest"].clone();
        let body = json!({ "digest": digest, "reason": "looked at it" });
        let (status, view) = self.by_approver(&format!("/proposals/{id}/approve"), body).await;
        assert_eq!(status, StatusCode::OK, "{view}");
        view
    }

    /// The code of a refusal.
    async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let (status, problem) = self.served.admin(Method::POST, path, Some(body)).await;
        (status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn on_for(tenants: &[&str]) -> Value {
    let mut flag = flag("checkout");
    flag["default"] = json!("off");
    if !tenants.is_empty() {
        flag["rules"] = json!([{ "when": [{ "tenant": tenants }], "serve": "on" }]);
    }
    flag
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_budget_is_proposed_approved_and_landed() {
    let two = Two::new().await;
    let served = &two.served;
    let edit = json!({ "flag": on_for(&["acme"]), "reason": "for acme" });
    let (status, problem) = served.admin(Method::PUT, "/flags/checkout", Some(edit.clone())).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("needs-approval")), "{problem}");

    let view = served.post("/proposals", edit).await;
    assert_eq!((&view["proposal"]["id"], &view["proposal"]["status"]), (&json!("p-1"), &json!("open")), "{view}");
    assert_eq!((&view["now"]["quorum"], &view["now"]["counting"]), (&json!(1), &json!(0)));
    assert_eq!(view["now"]["grounds"][0]["kind"], "over_budget");
    assert_eq!(view["now"]["reaches"], json!(["checkout"]));
    assert_eq!(view["now"]["impact"]["budget"]["verdict"], "unknown");
    let shown = served.get("/proposals/p-1").await;
    assert_eq!(shown["now"]["plan"]["flags"]["checkout"]["status"], "changed", "{shown}");
    assert_eq!(shown["now"]["blocked"]["code"], "needs-approval");
    let flags = served.get("/flags").await;
    assert_eq!(flags["flags"][0]["serving"], "off for everyone", "nothing changed for anyone");

    let own = json!({ "digest": shown["now"]["digest"], "reason": "mine" });
    assert_eq!(two.refused("/proposals/p-1/approve", own).await, (403, "self-approval".to_owned()));
    assert_eq!(two.refused("/proposals/p-1/land", json!({})).await, (409, "needs-approval".to_owned()));
    let view = two.approve("p-1").await;
    assert_eq!((&view["now"]["counting"], &view["now"]["blocked"]), (&json!(1), &Value::Null), "{view}");
    // A kill waits for nobody, and what was approved is then another thing.
    let kill = served.kill("checkout").await["id"].as_str().unwrap().to_owned();
    assert_eq!(two.refused("/proposals/p-1/land", json!({})).await, (409, "needs-approval".to_owned()));
    let view = served.get("/proposals/p-1").await;
    assert_eq!(view["approvals"][0]["counts"], false);
    // Whether or not it counts, it was given; whoever gave it would have to look again.
    assert_eq!(view["proposal"]["approved_by"], json!([view["approvals"][0]["actor"]]), "{view}");
    let listed = served.get("/proposals").await["proposals"][0].clone();
    assert_eq!(listed["lapsed"], listed["approved_by"], "{listed}");
    assert!(view["approvals"][0]["void"].as_str().unwrap().starts_with("`checkout` was changed at revision"), "{view}");
    // Its restore is proposed too, by the policy.
    let restore = json!({ "restore": kill, "reason": "mended" });
    assert_eq!(two.refused(&format!("/kills/{kill}/restore"), json!({ "reason": "mended" })).await.1, "needs-approval");
    assert_eq!(served.post("/proposals", restore).await["proposal"]["id"], "p-2");
    two.approve("p-2").await;
    served.post("/proposals/p-2/land", json!({})).await;
    assert_eq!(served.get("/kills").await["kills"], json!([]));
    two.approve("p-1").await;
    assert_eq!(served.get("/proposals").await["proposals"][1]["lapsed"], Value::Null);
    let landed = served.post("/proposals/p-1/land", json!({})).await;
    let change = &landed["change"];
    assert_eq!((&change["type"], &change["reason"]), (&json!("put-flag"), &json!("for acme")));
    assert_eq!((&change["landed"]["proposal"], &change["landed"]["approvers"]), (&json!("p-1"), &json!(["ann"])));
    assert!(change["record"]["landed"]["approvals"][0]["actor"].as_str().unwrap().starts_with("a-"), "an id, no name");
    let statuses: Vec<Value> = served.get("/proposals").await["proposals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|proposal| json!([proposal["id"], proposal["status"]]))
        .collect();
    assert_eq!(statuses, [json!(["p-2", "landed"]), json!(["p-1", "landed"])]);
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposals_in_each_others_way_are_told_and_amended() {
    let two = Two::new().await;
    let served = &two.served;
    let source = |tenants: &[&str]| json!([{ "name": "flags.json", "text": document(&[on_for(tenants)]).to_string() }]);
    served.post("/proposals", json!({ "sources": source(&["acme"]), "reason": "acme" })).await;
    let view = served.post("/proposals", json!({ "sources": source(&["globex"]), "reason": "globex" })).await;
    assert_eq!(view["now"]["conflicts"], json!([{ "what": "`checkout`", "proposal": "p-1" }]), "{view}");
    two.approve("p-1").await;
    two.approve("p-2").await;
    served.post("/proposals/p-1/land", json!({})).await;
    assert_eq!(two.refused("/proposals/p-2/land", json!({})).await, (409, "changed-since".to_owned()));
    let view = served.get("/proposals/p-2").await;
    assert_eq!(view["now"]["blocked"]["code"], "changed-since", "{view}");
    assert_eq!(view["now"]["conflicts"][0]["change"]["reason"], "acme", "{view}");
    let amended = json!({ "sources": source(&["acme", "globex"]), "reason": "on top of acme" });
    let view = served.post("/proposals/p-2/amend", amended).await;
    assert_eq!((&view["now"]["conflicts"], &view["approvals"][0]["counts"]), (&json!([]), &json!(false)), "{view}");
    two.approve("p-2").await;
    served.post("/proposals/p-2/land", json!({})).await;
    let document = served.get("/document").await;
    assert_eq!(document["flags"][0]["rules"][0]["when"][0]["tenant"], json!(["acme", "globex"]), "neither was lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_proposed_or_is_over_is_refused() {
    let two = Two::new().await;
    let served = &two.served;
    let flag = on_for(&["acme"]);
    for (body, status, code) in [
        (json!({ "reason": "r" }), 400, "no-draft"),
        (json!({ "flag": flag, "restore": "k-1", "reason": "r" }), 400, "no-draft"),
        (json!({ "flag": flag }), 422, "malformed-body"),
        (json!({ "flag": flag, "reason": "" }), 422, "missing-reason"),
        (json!({ "flag": { "key": "x" }, "reason": "r" }), 422, "invalid"),
        (json!({ "flag": on_for(&[]), "reason": "r" }), 409, "already-done"),
        (json!({ "restore": "k-1", "reason": "r" }), 404, "unknown-kill"),
        (json!({ "policy": { "kills": 1 }, "reason": "r" }), 422, "invalid"),
        (json!({ "commands": [{ "type": "freeze" }], "reason": "r" }), 422, "invalid"),
        (json!({ "flag": flag, "reason": "r", "expected_revision": 99 }), 409, "changed-since"),
        (json!({ "flag": flag, "reason": "r", "base": 99 }), 422, "invalid"),
        (json!({ "flag": flag, "reason": "r", "surprise": 1 }), 422, "malformed-body"),
    ] {
        assert_eq!(two.refused("/proposals", body.clone()).await, (status, code.to_owned()), "{body}");
    }
    let (status, _) = served.admin(Method::GET, "/proposals/p-1", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    served.post("/proposals", json!({ "flag": flag, "reason": "r" })).await;
    for (path, body, status, code) in [
        ("/proposals/p-1/approve", json!({ "digest": "00", "reason": "r" }), 422, "invalid"),
        ("/proposals/p-1/approve", json!({ "digest": "0".repeat(64), "reason": "r" }), 403, "self-approval"),
        ("/proposals/p-2/land", json!({}), 404, "unknown-proposal"),
        ("/proposals/1/land", json!({}), 404, "unknown-proposal"),
    ] {
        assert_eq!(two.refused(path, body).await, (status, code.to_owned()), "{path}");
    }
    let stale = json!({ "digest": "0".repeat(64), "reason": "r" });
    let (status, problem) = two.by_approver("/proposals/p-1/approve", stale).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("changed-since")), "{problem}");
    let (status, view) = two.by_approver("/proposals/p-1/reject", json!({ "reason": "not now" })).await;
    assert_eq!((status.as_u16(), &view["proposal"]["closed"]["reason"]), (200, &json!("not now")), "{view}");
    assert_eq!(view.get("now"), None);
    assert_eq!(
        two.refused("/proposals/p-1/withdraw", json!({ "reason": "r" })).await,
        (409, "already-done".to_owned())
    );
    // One's own is taken back.
    served.post("/proposals", json!({ "flag": flag, "reason": "r" })).await;
    let view = served.post("/proposals/p-2/withdraw", json!({ "reason": "another way" })).await;
    assert_eq!(view["proposal"]["status"], "withdrawn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_act_takes_its_role_and_a_machine_is_who_made_its_token() {
    let two = Two::new().await;
    let served = &two.served;
    let token = async |name: &str, roles: Value| {
        let made = served.post("/tokens", json!({ "name": name, "roles": roles })).await;
        made["token"].as_str().unwrap().to_owned()
    };
    let (editor, operator) = (token("edits", json!(["editor"])).await, token("runs", json!(["operator"])).await);
    let machine = token("approves", json!(["approver"])).await;
    let draft = json!({ "flag": on_for(&["acme"]), "reason": "for acme" });
    for (who, token) in [("an operator", &operator), ("an approver", &two.ann)] {
        let (status, problem) = two.by(token, "/proposals", draft.clone()).await;
        assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("not-permitted")), "{who}: {problem}");
    }
    served.post("/proposals", draft.clone()).await;
    let digest = served.get("/proposals/p-1").await["now"]["digest"].clone();
    let word = json!({ "digest": digest, "reason": "looked at it" });
    let (status, problem) = two.by(&editor, "/proposals/p-1/approve", word.clone()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("not-permitted")), "{problem}");
    let (status, problem) = two.by(&machine, "/proposals/p-1/approve", word.clone()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("self-approval")), "{problem}");
    let (status, problem) = two.by(&operator, "/proposals/p-1/withdraw", json!({ "reason": "no" })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("not-permitted")), "{problem}");
    two.approve("p-1").await;
    let (status, problem) = two.by_approver("/proposals/p-1/land", json!({})).await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("not-permitted")), "{problem}");
    // Ann is no longer approver: her word goes with the role.
    let people = served.get("/people").await;
    let ann = people["people"][0]["actor"].as_str().unwrap();
    served.post(&format!("/people/{ann}/revoke"), json!({ "role": "approver", "reason": "moves on" })).await;
    let (status, problem) = two.by(&editor, "/proposals/p-1/land", json!({})).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("needs-approval")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().ends_with("who gave it is no longer approver"), "{problem}");
    served.post(&format!("/people/{ann}/grant"), json!({ "role": "approver", "reason": "is back" })).await;
    let (status, landed) = two.by(&editor, "/proposals/p-1/land", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{landed}");
}
