//! Alarms over a real server: told by webhook and letter, whatever the targets do, taken, silenced, and over when the
//! recovery metric says so.

use crate::support::smtp::{AUTHORITY, Mood, Smtp, Way};
use crate::support::target::Target;
use crate::support::{Served, document, flag};
use downhaul_core::read::Format;
use downhaul_server::{ServerOptions, Targets};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// What is wrong here is a rollback that is held at its first step, for as long as a person leaves it so.
fn release(recovery: &Value) -> Value {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    json!({
        "key": "shop-1", "owner": "payments", "flags": ["checkout"], "recovery": recovery,
        "artifact": { "kind": "http", "reference": "https://shop.example/1.tgz", "digest": digest("a") },
        "runbook": { "steps": [{ "manual": "look at the orders" }] },
    })
}

fn options(targets: &Value) -> impl FnOnce(&mut ServerOptions) {
    let targets = Targets::of(&targets.to_string(), Format::Json).unwrap();
    move |options| {
        options.targets = targets;
        options.alarm_quiet = Duration::from_millis(500);
    }
}

fn mail(address: &str, alarms: &Value) -> Value {
    let (server, port) = address.rsplit_once(':').unwrap();
    json!({
        "server": server, "port": port.parse::<u16>().unwrap(), "security": "none", "allow_private": true,
        "from": "Downhaul <alarms@shop.example>", "to": ["duty@shop.example"], "alarms": alarms,
    })
}

async fn began(folder: &Path, targets: &Value) -> Served {
    let served = Served::at(folder, options(targets)).await;
    served.apply(&document(&[flag("checkout")])).await;
    let body = json!({ "release": release(&json!([])), "reason": "the new shop" });
    let (status, answer) = served.admin(Method::PUT, "/releases/shop-1", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    served.post("/releases/shop-1/rollback", json!({ "reason": "orders fail" })).await;
    served.post("/runs/r-1/fail", json!({ "step": 1, "note": "no access" })).await;
    served
}

async fn until<T>(look: impl AsyncFn() -> Result<T, String>) -> T {
    let mut last = String::new();
    for _ in 0..900 {
        match look().await {
            Ok(found) => return found,
            Err(why) => last = why,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{last}")
}

/// The newest alarm, once it stands so.
async fn standing(served: &Served, standing: &str) -> Value {
    until(async || {
        let page = served.get("/alarms").await;
        let alarm = page["alarms"][0].clone();
        if alarm["standing"] == standing { Ok(alarm) } else { Err(format!("{page:#}")) }
    })
    .await
}

async fn letters(smtp: &Smtp, count: usize) -> Vec<String> {
    until(async || {
        let letters = smtp.letters();
        if letters.len() == count { Ok(letters) } else { Err(format!("{letters:#?}")) }
    })
    .await
}

#[tokio::test]
async fn a_letter_arrives_whatever_the_mail_server_does_and_over_a_restart() {
    let folder = tempfile::TempDir::new().unwrap();
    // Nobody listens there yet.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let targets = json!({ "mail": { "duty": mail(&address, &json!(true)) } });
    let served = began(folder.path(), &targets).await;
    let raised = standing(&served, "raised").await;
    assert_eq!((&raised["about"], &raised["owner"]), (&json!("rollback-held"), &json!("payments")), "{raised:#}");
    assert_eq!(raised["act"], "downhaul rollback shop-1 --resume");
    // Then one that has no time, and the control plane is started anew meanwhile.
    let smtp = Smtp::start(&address, Mood::Busy).await;
    until(async || if smtp.tried() > 0 { Ok(()) } else { Err("nobody tried".to_owned()) }).await;
    served.close().await;
    let served = Served::at(folder.path(), options(&targets)).await;
    smtp.is(Mood::Takes);
    let found = letters(&smtp, 1).await;
    for part in [
        "Subject: [downhaul production] the rollback of shop-1",
        "To: duty@shop.example",
        "From: Downhaul <alarms@shop.example>",
        "Act: downhaul rollback shop-1 --resume",
        "Acknowledge: downhaul alarms acknowledge al-",
        "Runbook: downhaul rollback shop-1",
    ] {
        assert!(found[0].contains(part), "{part}\n{}", found[0]);
    }
    let told = standing(&served, "raised").await;
    assert_eq!(told["id"], raised["id"], "the same alarm as before the restart");
    // Somebody ends the run: the alarm is over, and whoever was told is told that.
    served.post("/runs/r-1/abort", json!({ "note": "it was nothing" })).await;
    let found = letters(&smtp, 2).await;
    assert!(found[1].contains("over: the rollback of shop-1"), "{}", found[1]);
    // It is written down once the letter was taken.
    let told = until(async || {
        let over = standing(&served, "recovered").await;
        let told: Vec<Value> = over["told"].as_array().unwrap().iter().map(|told| told["what"].clone()).collect();
        if told.len() == 2 { Ok(told) } else { Err(format!("{over:#}")) }
    })
    .await;
    assert_eq!(told, ["raised", "recovered"]);
}

#[tokio::test]
async fn a_server_that_says_nothing_keeps_no_other_waiting_and_one_that_refuses_is_left_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let silent = Smtp::start("127.0.0.1:0", Mood::Silent).await;
    let refusing = Smtp::start("127.0.0.1:0", Mood::Refuses).await;
    let target = Target::start().await;
    let mut targets = target.targets();
    targets["webhooks"]["pager"]["alarms"] = json!(true);
    targets["mail"] = json!({
        "a-silent": mail(&silent.address.to_string(), &json!(true)),
        "b-refusing": mail(&refusing.address.to_string(), &json!(true)),
    });
    let served = began(folder.path(), &targets).await;
    let told = target.first("/hooks/pager").await;
    assert_eq!((&told.body["type"], &told.body["data"]["state"]), (&json!("downhaul.alarm"), &json!("raised")));
    until(async || if refusing.tried() > 0 { Ok(()) } else { Err("not tried".to_owned()) }).await;
    // It counts as told, which the ledger shows: it is not tried again.
    let refused = until(async || {
        let page = served.get("/alarms").await;
        let told = page["alarms"][0]["told"].clone();
        let of = |name: &str| told.as_array().unwrap().iter().any(|told| told["target"] == name);
        if of("b-refusing") && of("pager") { Ok(told) } else { Err(format!("{page:#}")) }
    })
    .await;
    assert!(!refused.as_array().unwrap().iter().any(|told| told["target"] == "a-silent"), "{refused:#}");
    assert_eq!((refusing.letters().len(), silent.letters().len()), (0, 0));
}

#[tokio::test]
async fn whoever_has_it_keeps_others_asleep_and_a_silence_has_an_end() {
    let folder = tempfile::TempDir::new().unwrap();
    let (first, lead) = (Smtp::start("127.0.0.1:0", Mood::Takes).await, Smtp::start("127.0.0.1:0", Mood::Takes).await);
    let targets = json!({ "mail": {
        "first": mail(&first.address.to_string(), &json!(true)),
        "lead": mail(&lead.address.to_string(), &json!({ "after_minutes": 0 })),
    } });
    let served = began(folder.path(), &targets).await;
    // Nobody has acknowledged it for no minutes: the lead is called at once.
    letters(&first, 1).await;
    let found = letters(&lead, 1).await;
    assert!(found[0].contains("nobody has acknowledged: the rollback"), "{}", found[0]);
    let alarm = standing(&served, "raised").await;
    let id = alarm["id"].as_str().unwrap();
    let taken = served.post(&format!("/alarms/{id}/acknowledge"), json!({ "note": "on it" })).await;
    assert_eq!(
        (&taken["standing"], &taken["acknowledged"]["by"]),
        (&json!("acknowledged"), &json!("admin")),
        "{taken:#}"
    );
    assert_eq!(taken["acknowledged"]["note"], "on it");
    for (until, code) in [
        (json!(null), None),
        (json!("2020-01-01T00:00:00Z"), Some("invalid")),
        (json!("9999-01-01T00:00:00Z"), Some("invalid")),
        (json!("soon"), Some("invalid")),
    ] {
        let mut body = json!({ "reason": "known" });
        if !until.is_null() {
            body["until"] = until;
        }
        let (status, answer) = served.admin(Method::POST, &format!("/alarms/{id}/silence"), Some(body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert!(code.is_none() || answer["code"].as_str() == code, "{answer}");
    }
    let end = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let silenced =
        served.post(&format!("/alarms/{id}/silence"), json!({ "until": end.to_string(), "reason": "known" })).await;
    assert_eq!((&silenced["standing"], &silenced["silenced"]["reason"]), (&json!("silenced"), &json!("known")));
    let (status, answer) = served.admin(Method::POST, "/alarms/al-0/acknowledge", Some(json!({}))).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::NOT_FOUND, Some("unknown-alarm")));
    served.post("/runs/r-1/abort", json!({ "note": "it was nothing" })).await;
    letters(&first, 2).await;
    let (status, answer) = served.admin(Method::POST, &format!("/alarms/{id}/acknowledge"), Some(json!({}))).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::CONFLICT, Some("already-done")));
}

/// Over TLS from the first byte, and from `STARTTLS` on; from a server whom only one's own authority vouches for.
#[tokio::test]
async fn letters_go_over_tls_to_whom_an_authority_vouches_for() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, AUTHORITY).unwrap();
    for (way, security, ca) in [
        (Way::Tls, "tls", Some(file.to_str().unwrap())),
        (Way::StartTls, "starttls", Some(AUTHORITY)),
        (Way::Tls, "tls", None),
        (Way::StartTls, "starttls", None),
    ] {
        let smtp = Smtp::by(way, "127.0.0.1:0", Mood::Takes).await;
        let mut target = mail(&format!("localhost:{}", smtp.address.port()), &json!(true));
        target["security"] = json!(security);
        if let Some(ca) = ca {
            target["ca"] = json!(ca);
        }
        let data = tempfile::TempDir::new().unwrap();
        let _served = began(data.path(), &json!({ "mail": { "duty": target } })).await;
        if ca.is_some() {
            let found = letters(&smtp, 1).await;
            assert!(found[0].contains("Subject: [downhaul production] the rollback of shop-1"), "{way:?} {found:?}");
        } else {
            until(async || if smtp.tried() > 1 { Ok(()) } else { Err("tried once at most".to_owned()) }).await;
            assert_eq!(smtp.letters(), [""; 0], "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_backup_that_nobody_takes_is_an_alarm_until_somebody_does() {
    let folder = tempfile::TempDir::new().unwrap();
    let served = Served::at(folder.path(), options(&json!({}))).await;
    let body = json!({ "policy": { "backup_hours": 24 }, "reason": "every night" });
    let (status, answer) = served.admin(Method::PUT, "/policy", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let raised = standing(&served, "raised").await;
    assert_eq!(
        (&raised["about"], &raised["message"]),
        (&json!("backup-missed"), &json!("no backup was ever taken, as far as is known here"))
    );
    let now = jiff::Timestamp::now();
    downhaul_server::recovery::back_up(folder.path(), &folder.path().join("copy"), false, now).await.unwrap();
    standing(&served, "recovered").await;
    // The next one goes wrong: there is one of that name already.
    let failed =
        downhaul_server::recovery::back_up(folder.path(), &folder.path().join("copy"), false, jiff::Timestamp::now())
            .await;
    assert!(failed.is_err());
    let raised = standing(&served, "raised").await;
    assert_eq!(raised["about"], "backup-failed", "{raised:#}");
}

#[tokio::test]
async fn letters_never_go_in_the_clear_where_they_should_not() {
    let folder = tempfile::TempDir::new().unwrap();
    let smtp = Smtp::start("127.0.0.1:0", Mood::Takes).await;
    let mut target = mail(&smtp.address.to_string(), &json!(true));
    // This server knows no TLS.
    target["security"] = json!("starttls");
    let served = began(folder.path(), &json!({ "mail": { "duty": target.clone() } })).await;
    until(async || if smtp.tried() > 1 { Ok(()) } else { Err("tried once at most".to_owned()) }).await;
    assert_eq!(smtp.letters(), [""; 0]);
    drop(served);
    for (field, value, code) in [
        ("security", json!("none"), "in-the-clear"),
        ("server", json!("127.0.0.1"), "private-address"),
        ("to", json!([]), "malformed-address"),
        ("from", json!("nobody"), "malformed-address"),
        ("ca", json!("/nowhere/authority.pem"), "malformed-ca"),
        ("ca", json!("-----BEGIN NOTHING-----"), "malformed-ca"),
        ("password_env", json!("DOWNHAUL_TEST_NO_SUCH_VARIABLE"), "missing-password"),
        ("user", json!("downhaul"), "missing-password"),
    ] {
        let mut wrong = target.clone();
        wrong["allow_private"] = json!(false);
        wrong["server"] = json!("mail.shop.example");
        wrong[field] = value;
        let refused = Targets::of(&json!({ "mail": { "duty": wrong } }).to_string(), Format::Json).unwrap_err();
        assert_eq!(refused.code, code, "{refused:?}");
    }
}

/// Waits until the console is told that so many alarms go on, of which nobody has so many.
async fn told(events: &mut (impl futures_util::Stream<Item = Value> + Unpin), open: u64, unattended: u64) {
    use futures_util::StreamExt;
    let mut last = Value::Null;
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while let Some(event) = events.next().await {
            last = event;
            if (&last["open"], &last["unattended"]) == (&json!(open), &json!(unattended)) {
                return;
            }
        }
        panic!("the stream has ended");
    });
    waited.await.unwrap_or_else(|_| panic!("expected {open} and {unattended}; told last: {last:#}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_is_told_of_alarms_as_they_come_are_taken_and_end() {
    use eventsource_stream::Eventsource;
    use futures_util::{FutureExt, StreamExt};
    let folder = tempfile::TempDir::new().unwrap();
    let served = Served::at(folder.path(), options(&json!({}))).await;
    served.apply(&document(&[flag("checkout")])).await;
    let watch = async || {
        let url = served.url("/api/v1/environments/production/events");
        let answer = served.http.get(url).bearer_auth(&served.admin_token).send().await.unwrap();
        let data = |event: eventsource_stream::Event| serde_json::from_str::<Value>(&event.data).unwrap();
        let events = answer.bytes_stream().eventsource().filter_map(|event| async { event.ok() }).map(data);
        events.filter(|event| std::future::ready(event["type"] == "alarms")).boxed()
    };
    let mut first = watch().await;
    // That there are none is told, too.
    told(&mut first, 0, 0).await;
    // Off and on again and again.
    for _ in 0..2 {
        let kill = served.kill("checkout").await;
        served.restore(kill["id"].as_str().unwrap()).await;
    }
    told(&mut first, 1, 1).await;
    let raised = served.get("/alarms").await;
    assert_eq!(
        (&raised["alarms"][0]["about"], &raised["alarms"][0]["flag"]),
        (&json!("oscillating-flag"), &json!("checkout"))
    );
    // Who comes later is told what there is.
    let mut second = watch().await;
    told(&mut second, 1, 1).await;
    let id = raised["alarms"][0]["id"].as_str().unwrap();
    served.post(&format!("/alarms/{id}/acknowledge"), json!({})).await;
    told(&mut first, 1, 0).await;
    told(&mut second, 1, 0).await;
    // Nothing has changed since: nothing is told.
    assert!(second.next().now_or_never().is_none());

    // One that ends.
    let body = json!({ "release": release(&json!([])), "reason": "the new shop" });
    served.admin(Method::PUT, "/releases/shop-1", Some(body)).await;
    served.post("/releases/shop-1/rollback", json!({ "reason": "orders fail" })).await;
    served.post("/runs/r-1/fail", json!({ "step": 1, "note": "no access" })).await;
    told(&mut first, 2, 1).await;
    served.post("/runs/r-1/abort", json!({ "note": "it was nothing" })).await;
    told(&mut first, 1, 0).await;
}
