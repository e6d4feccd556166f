//! Who knows OpenFeature only: a page whose provider is ours, and clients that ask the server to decide.

use anyhow::{Context, Result};
use downhaul_e2e::{Browser, NodeClient, Shop, Stack};
use serde_json::json;

/// A visitor who is in the first cohort of `checkout-v2`.
const IN_COHORT: &str = "visitor-in-cohort";

#[tokio::test]
async fn a_page_in_react_goes_dark_and_comes_back() -> Result<()> {
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let orders = Shop::open_orders(&visitor, &stack, IN_COHORT).await?;
    orders.checkout("one-page").await?;
    visitor.picture("orders-live").await?;

    stack.downhaul(&["kill", "checkout-v2", "--reason", "payments fail at the bank"]).await?;
    orders.checkout("three-page").await?;
    visitor.picture("orders-killed").await?;
    stack.downhaul(&["restore", "checkout-v2", "--reason", "the bank is back"]).await?;
    orders.checkout("one-page").await
}

/// Whatever is no flag is the caller's default with OpenFeature's code.
#[tokio::test]
async fn its_own_remote_clients_see_a_kill_when_they_ask_again() -> Result<()> {
    let stack = Stack::start().await?;
    let request = json!({ "name": "remote", "kind": "server", "reason": "a test" });
    let made = stack.admin("POST", "/client-keys", Some(request)).await?;
    let mut clients = NodeClient::start_ofrep(&stack.server, made["key"].as_str().context("no key")?)?;
    let both = |value: bool, reason: &'static str| {
        move |said: &serde_json::Value| {
            ["one", "page"].iter().all(|which| said[which]["value"] == value && said[which]["reason"] == reason)
        }
    };
    let said = clients.until("values", both(true, "TARGETING_MATCH")).await?;
    assert_eq!(said["missing"], json!({ "value": true, "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND" }), "{said}");
    stack.downhaul(&["kill", "checkout-v2", "--reason", "payments fail at the bank"]).await?;
    clients.until("the kill", both(false, "DISABLED")).await?;
    stack.downhaul(&["restore", "checkout-v2", "--reason", "the bank is back"]).await?;
    clients.until("the restore", both(true, "TARGETING_MATCH")).await?;
    Ok(())
}

/// The npm package itself, where no module can run: by the same remote evaluation, but told at once.
#[tokio::test]
async fn a_client_without_webassembly_has_the_control_plane_decide() -> Result<()> {
    let stack = Stack::start().await?;
    let request = json!({ "name": "locked down", "kind": "server", "reason": "a test" });
    let made = stack.admin("POST", "/client-keys", Some(request)).await?;
    let mut client = NodeClient::start_without_webassembly(&stack.server, made["key"].as_str().context("no key")?)?;
    let remote = |killed: bool| {
        move |said: &serde_json::Value| {
            said["source"] == "remote" && said["problems"] == json!(["engine-trap"]) && said["killed"] == killed
        }
    };
    client.until("values", remote(false)).await?;
    stack.downhaul(&["kill", "checkout-v2", "--reason", "payments fail at the bank"]).await?;
    client.until("the kill", remote(true)).await?;
    stack.downhaul(&["restore", "checkout-v2", "--reason", "the bank is back"]).await?;
    client.until("the restore", remote(false)).await?;
    Ok(())
}
