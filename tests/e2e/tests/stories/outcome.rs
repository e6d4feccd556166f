//! A release goes bad, as back ends with the npm package count it, and its rollback is proved by the same counts.

use anyhow::{Context, Result, bail};
use downhaul_e2e::{Browser, NodeClient, Shop, Stack};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// A shop whose release is to be proved by its outcomes, and two back ends at work behind the new checkout.
async fn at_work() -> Result<(Stack, [NodeClient; 2])> {
    let stack = Stack::start().await?;
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let metric = json!({
        "name": "checkout fails", "query": "outcomes of checkout-v2 over 30s", "condition": "< 0.05", "for_seconds": 5,
    });
    let release = json!({
        "key": "checkout-2.4.1", "owner": "payments", "flags": ["checkout-v2"], "data_change": "additive",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "recovery": [metric],
    });
    let put = json!({ "release": release, "reason": "the new checkout" });
    stack.admin("PUT", "/releases/checkout-2.4.1", Some(put)).await?;
    let key = json!({ "name": "back end", "kind": "server", "reason": "a test" });
    let made = stack.admin("POST", "/client-keys", Some(key)).await?;
    let key = made["key"].as_str().context("no key")?;
    let mut clients = [NodeClient::working(&stack.server, key)?, NodeClient::working(&stack.server, key)?];
    for client in &mut clients {
        client.until("the new checkout", |said| said["variant"] == "on").await?;
    }
    Ok((stack, clients))
}

/// Waits until the run is so.
async fn until(stack: &Stack, is: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut run = Value::Null;
    for _ in 0..1200 {
        run = stack.admin("GET", "/runs/r-1", None).await?;
        if is(&run) {
            return Ok(run);
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("it did not come true: {run:#}")
}

fn detail(run: &Value) -> &str {
    run["steps"][1]["detail"].as_str().unwrap_or_default()
}

fn share(page: &Value, variant: &str) -> Option<f64> {
    page["outcomes"].as_array()?.iter().find(|row| row["variant"] == variant)?["share"].as_f64()
}

#[tokio::test]
async fn a_release_that_goes_bad_is_rolled_back_and_proved_by_outcomes() -> Result<()> {
    let (stack, mut clients) = at_work().await?;
    for client in &mut clients {
        client.tell(&json!({ "on": 0.5, "off": 0.2 })).await?;
    }
    let mut bad = None;
    for _ in 0..600 {
        bad = share(&stack.admin("GET", "/outcomes?flag=checkout-v2", None).await?, "on").filter(|share| *share > 0.3);
        if bad.is_some() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    bad.context("nobody told that the new checkout fails")?;
    let rollback = json!({ "reason": "payments fail" });
    stack.admin("POST", "/releases/checkout-2.4.1/rollback", Some(rollback)).await?;
    for client in &mut clients {
        client.until("the old checkout", |said| said["variant"] == "off").await?;
    }
    // Dark, and no better: the old checkout fails as well.
    until(&stack, |run| run["steps"][0]["state"] == "done" && detail(run).ends_with("which does not hold")).await?;
    for client in &mut clients {
        client.tell(&json!({ "off": 0 })).await?;
    }
    let run = until(&stack, |run| run["phase"] == "ended").await?;
    assert_eq!(run["verdict"], "done", "{run:#}");
    let shown = stack.downhaul(&["outcomes", "checkout-v2", "--format", "plain"]).await?;
    assert!(shown.lines().any(|line| line.starts_with("checkout-v2\toff\tserver\t")), "{shown}");
    Ok(())
}

#[tokio::test]
async fn clients_that_fall_silent_hold_the_proof() -> Result<()> {
    let (stack, mut clients) = at_work().await?;
    stack.admin("POST", "/releases/checkout-2.4.1/rollback", Some(json!({ "reason": "payments fail" }))).await?;
    for client in &mut clients {
        client.until("the old checkout", |said| said["variant"] == "off").await?;
        client.tell(&json!({ "idle": true })).await?;
    }
    let run = until(&stack, |run| {
        run["phase"] == "ended" || detail(run).contains("no client told of an outcome of `checkout-v2` within 30 s")
    })
    .await?;
    assert_eq!(run["steps"][1]["state"], "running", "{run:#}");
    for client in &mut clients {
        client.tell(&json!({ "idle": false })).await?;
    }
    let run = until(&stack, |run| run["phase"] == "ended").await?;
    assert_eq!(run["verdict"], "done", "{run:#}");
    Ok(())
}

/// A page counts too, and tells the last of it as it is left.
#[tokio::test]
async fn a_page_that_is_left_tells_how_paying_went() -> Result<()> {
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let shop = Shop::open(&visitor, &stack, "visitor-in-cohort").await?;
    shop.checkout("one-page").await?;
    shop.pay("Paid").await?;
    shop.let_the_bank_refuse().await?;
    shop.pay("The bank refused").await?;
    shop.pay("The bank refused").await?;
    visitor.picture("shop-refused").await?;
    visitor.driver.goto("about:blank").await?;
    for _ in 0..600 {
        let page = stack.admin("GET", "/outcomes", None).await?;
        let row = &page["outcomes"][0];
        // A heartbeat may have told of the first ones.
        if (row["ok"].as_u64(), row["failed"].as_u64()) == (Some(1), Some(2)) {
            let told = (&row["flag"], &row["variant"], &row["kind"]);
            assert_eq!(told, (&json!("checkout-v2"), &json!("on"), &json!("browser")), "{page:#}");
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("nothing was told")
}
