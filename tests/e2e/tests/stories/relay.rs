//! Services behind a relay at the edge: a kill reaches them, and the control plane counts them one by one.

use anyhow::{Context, Result};
use downhaul_e2e::{NodeClient, Stack};
use serde_json::json;

#[tokio::test]
async fn a_kill_reaches_who_is_behind_a_relay_and_counts_them() -> Result<()> {
    let stack = Stack::start().await?;
    let request = json!({ "name": "services", "kind": "server", "reason": "a test" });
    let made = stack.admin("POST", "/client-keys", Some(request)).await?;
    let key = made["key"].as_str().context("no key")?;
    let (relay, _process) = stack.start_relay()?;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(NodeClient::start(&relay, key, &[])?);
    }
    for client in &mut clients {
        client.until("a first flag set", |state| state["position"]["revision"].as_u64() > Some(0)).await?;
    }
    // A kill counts whom the control plane knows.
    stack.counts("live", 3).await?;
    let said = stack.downhaul(&["kill", "checkout-v2", "--reason", "payments fail at the bank", "--wait"]).await?;
    assert!(said.contains("3 of 3 live clients dark"), "{said}");
    for client in &mut clients {
        client.until("the kill", |state| state["killed"] == true).await?;
    }
    Ok(())
}
