//! A page that knows OpenFeature only: its provider brings it Downhaul's flags, and its kills.

use anyhow::Result;
use downhaul_e2e::{Browser, Shop, Stack};

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
