//! What the console tells of connected clients.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Shop, Stack};

#[tokio::test]
async fn a_page_that_is_opened_stands_in_the_fleet() -> Result<()> {
    let stack = Stack::start().await?;
    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open(&browser, &stack).await?;
    console.page("/fleet").await?;
    browser.accessible("a fleet of nobody").await?;
    Shop::open(&visitor, &stack, "visitor").await?;
    console.says("fleet", "live", "1").await?;
    console.says("fleet", "current", "1").await?;

    browser.accessible("the fleet").await?;
    browser.picture("console-fleet").await?;
    Ok(())
}
