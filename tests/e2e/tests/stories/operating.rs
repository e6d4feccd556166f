//! What whoever runs a control plane does to it, as a back end with the npm package lives through it.

use anyhow::{Context, Result};
use downhaul_e2e::{NodeClient, Stack};
use serde_json::{Value, json};

fn at(state: &Value, member: &str) -> u64 {
    state["position"][member].as_u64().unwrap_or(0)
}

fn is_well(state: &Value) -> bool {
    state["problems"].as_array().is_some_and(Vec::is_empty)
}

async fn key(stack: &Stack) -> Result<String> {
    let request = json!({ "name": "back end", "kind": "server", "reason": "a test" });
    let made = stack.admin("POST", "/client-keys", Some(request)).await?;
    Ok(made["key"].as_str().context("no key")?.to_owned())
}

async fn revision(stack: &Stack) -> Result<u64> {
    stack.admin("GET", "/freeze", None).await?["position"]["revision"].as_u64().context("no position")
}

/// The key that signs, and its public half.
async fn signing_key(stack: &Stack) -> Result<(String, String)> {
    let page = stack.admin("GET", "/signing-keys", None).await?;
    let text = |member: &str| page["keys"][0][member].as_str().map(str::to_owned).context("no signing key");
    Ok((text("id")?, text("public_key")?))
}

#[tokio::test]
async fn a_client_lives_through_a_rotation_and_drops_the_revoked_key() -> Result<()> {
    let stack = Stack::start().await?;
    let (first, first_public) = signing_key(&stack).await?;
    let made = stack.admin("POST", "/signing-keys", Some(json!({ "reason": "the yearly rotation" }))).await?;
    let (second, second_public) = (made["id"].as_str().context("no id")?, made["public_key"].as_str().unwrap_or(""));
    let key = key(&stack).await?;
    let mut asking = NodeClient::start(&stack.server, &key, &[])?;
    let mut pinned = NodeClient::start(&stack.server, &key, &[&first_public, second_public])?;
    let mut behind = NodeClient::start(&stack.server, &key, &[&first_public])?;
    for client in [&mut asking, &mut pinned, &mut behind] {
        client.until("a first flag set", |state| at(state, "revision") > 0).await?;
    }

    stack.downhaul(&["signing-keys", "rotate", "--to", second, "--reason", "all know it"]).await?;
    stack.downhaul(&["kill", "checkout-v2", "--reason", "under the new key"]).await?;
    let killed = revision(&stack).await?;
    stack.downhaul(&["signing-keys", "revoke", &first, "--reason", "all have moved"]).await?;
    for client in [&mut asking, &mut pinned] {
        let newest = |state: &Value| at(state, "revision") > killed && state["killed"] == true && is_well(state);
        client.until("the kill, and the revocation", newest).await?;
    }
    // Who does not know the new key keeps what it has, and says why.
    let refused = |state: &Value| state["problems"].to_string().contains("signature-invalid");
    let state = behind.until("a complaint", refused).await?;
    assert!(at(&state, "revision") < killed && state["killed"] == false, "{state}");
    Ok(())
}

#[tokio::test]
async fn a_client_follows_a_server_that_was_put_back_from_a_backup() -> Result<()> {
    let mut stack = Stack::start().await?;
    let key = key(&stack).await?;
    let mut client = NodeClient::start(&stack.server, &key, &[])?;
    stack.downhaul(&["kill", "checkout-v2", "--reason", "it burns"]).await?;
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("backup").display().to_string();
    let data = stack.data.path().display().to_string();
    client.until("the kill", |state| state["killed"] == true).await?;
    stack.downhaul(&["backup", "create", &backup, "--data", &data]).await?;

    stack.downhaul(&["restore", "checkout-v2", "--reason", "it is out"]).await?;
    let before = client.until("the restore", |state| state["killed"] == false).await?;
    let newest = revision(&stack).await?;
    client.until("the newest revision", |state| at(state, "revision") == newest).await?;
    stack.close_server().await?;
    stack.downhaul(&["backup", "restore", &backup, "--data", &data, "--replace", "--reason", "the disk died"]).await?;
    stack.restart_server().await?;

    let (epoch, restored) = (at(&before, "epoch"), revision(&stack).await?);
    assert!(restored <= newest, "without the epoch the client would refuse it");
    // With the kill, which was in force in the backup.
    let follows = |state: &Value| {
        at(state, "epoch") > epoch && at(state, "revision") == restored && state["killed"] == true && is_well(state)
    };
    client.until("the flag set of the higher epoch", follows).await?;
    // What it applied is counted.
    stack.counts("current", 1).await?;
    let verified = stack.downhaul(&["chart", "verify", "--format", "json"]).await?;
    assert!(verified.contains("\"verified\""), "{verified}");
    Ok(())
}
