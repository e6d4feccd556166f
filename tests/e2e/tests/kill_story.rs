//! The story that Downhaul exists for: a feature is live in a page, an operator kills it from the console, the page goes
//! dark and is counted, the operator restores it.

use anyhow::Result;
use downhaul_e2e::stories::{self, IN_COHORT};
use downhaul_e2e::{Browser, Console, Shop, Stack};

#[tokio::test]
async fn kill_from_the_console_and_watch_the_shop() -> Result<()> {
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let operator = Browser::start().await?;

    let console = Console::open(&operator, &stack).await?;
    stories::kill_and_watch(&stack, &visitor, &operator, &console, "console").await
}

#[tokio::test]
async fn reload_offline_and_still_decide() -> Result<()> {
    let mut stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let shop = Shop::open(&visitor, &stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;

    stack.cut_server().await?;
    visitor.driver.refresh().await?;
    shop.checkout("one-page").await?;
    visitor.picture("shop-offline").await?;

    stack.restart_server().await?;
    shop.live().await?;
    Ok(())
}

#[tokio::test]
async fn a_kill_survives_a_power_cut_of_the_server() -> Result<()> {
    let mut stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let shop = Shop::open(&visitor, &stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;

    stack.downhaul(&["kill", "checkout-v2", "--reason", "before the power cut"]).await?;
    shop.checkout("three-page").await?;
    stack.cut_server().await?;
    visitor.driver.refresh().await?;
    shop.checkout("three-page").await?;
    stack.restart_server().await?;
    shop.live().await?;
    shop.checkout("three-page").await?;
    stack.downhaul(&["restore", "checkout-v2", "--reason", "after it"]).await?;
    shop.checkout("one-page").await
}

#[tokio::test]
async fn the_edge_hands_the_page_its_first_values() -> Result<()> {
    let mut stack = Stack::start().await?;
    stack.start_edge().await?;
    let page = reqwest::get(format!("{}/?visitor={IN_COHORT}", stack.edge)).await?.text().await?;
    assert!(page.contains("\"checkout-v2\""), "no decisions in the page:\n{page}");

    stack.downhaul(&["kill", "checkout-v2", "--reason", "seen at the edge"]).await?;
    for _ in 0..200 {
        let decided = reqwest::get(format!("{}/decide?context=%7B%22targetingKey%22%3A%22a%22%7D", stack.edge)).await?;
        if decided.text().await?.contains("DISABLED") {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("the edge never decided by the kill")
}
