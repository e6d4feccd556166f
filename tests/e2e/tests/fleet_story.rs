//! What the console tells of connected clients.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Shop, Stack};
use serde_json::json;

#[tokio::test]
async fn a_page_that_is_opened_and_a_beat_stand_in_the_fleet() -> Result<()> {
    let stack = Stack::start().await?;
    let pulse = json!({ "key": "pulse", "description": "Heartbeat; nothing rests on it", "owner": "platform", "kind": "ops",
        "review": "2030-06-01", "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false }, "default": "on",
        "degraded": { "variant": "off", "meaning": "Nothing; it is between two beats" } });
    stack.admin("PUT", "/flags/pulse", Some(json!({ "flag": pulse, "reason": "a story" }))).await?;

    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open(&browser, &stack).await?;
    console.page("/fleet").await?;
    browser.accessible("a fleet of nobody").await?;
    Shop::open(&visitor, &stack, "visitor").await?;
    console.says("fleet", "live", "1").await?;
    console.says("fleet", "current", "1").await?;

    let policy = json!({ "heartbeat": { "flag": "pulse", "every_seconds": 600 } });
    stack.admin("PUT", "/policy", Some(json!({ "policy": policy, "reason": "a story" }))).await?;
    console.says("heartbeat", "beats", "1").await?;
    browser.accessible("the fleet").await?;
    browser.picture("console-fleet").await?;
    Ok(())
}
