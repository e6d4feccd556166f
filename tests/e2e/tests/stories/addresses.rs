//! Addresses that people send each other: of a rule, of a change, of an X-ray, of what is not there any more, and those that
//! sign in by themselves.

use anyhow::{Result, ensure};
use downhaul_e2e::screens::{Chart, Connection, FlagPage, Flags, Missing, Xray};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;

/// Each names something that is not there.
const NOTHING: [&str; 12] = [
    "/flags/no-such-flag",
    "/edit/no-such-flag",
    "/kill/no-such-flag",
    "/kills/k-999",
    "/proposals/p-999",
    "/rollouts/r-999",
    "/releases/no-such-release",
    "/runs/run-999",
    "/drills/run-999",
    "/populations/no-such-population",
    "/settings/no-such-part",
    "/no/such/page",
];

#[tokio::test]
async fn an_address_of_nothing_says_so_and_leads_on() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    for path in NOTHING {
        Missing::open(&console, path).await?;
        browser.accessible(path).await?;
    }
    // An environment that is not there is not waited for, and those that are there are named.
    let missing = Missing::open(&console, "/../nowhere/flags").await?;
    browser.accessible("an environment that is not there").await?;
    let said = missing.says().await?;
    ensure!(said.contains("There is no environment nowhere") && said.contains("production"), "{said}");
    Connection::of(&console).is_none().await?;
    browser.picture("console-missing").await?;
    missing.go_on().await?;
    Flags::of(&console).has("checkout-v2").await?;

    stack.downhaul(&["flag", "retire", "beta"]).await.ok();
    let said = Chart::open_at(&console, 99_999).await?.not_there().await?;
    ensure!(said.contains("There is no revision"), "{said}");
    let said = Xray::open_for(&console, "no-such-flag").await?.no_flag().await?;
    ensure!(said.contains("no-such-flag"), "another flag is not taken for it in silence: {said}");
    browser.accessible("an X-ray of a flag that is not there").await
}

#[tokio::test]
async fn a_rule_a_change_and_an_x_ray_have_addresses() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let page = FlagPage::open(&console, "checkout-v2").await?;
    page.link_to_rule(3).await?;
    let address = browser.driver.current_url().await?;
    ensure!(address.as_str().ends_with("/flags/checkout-v2#rule-3"), "{address}");

    // Whoever opens it sees that rule, on a screen that has no room for all of them.
    console.page("/flags").await?;
    browser.resize(390, 500).await?;
    browser.driver.goto(address.as_str()).await?;
    page.names_rule(3).await?;
    page.has_in_sight(3).await?;
    browser.resize(1440, 900).await?;

    Chart::open_at(&console, 1).await?.has_chosen(1).await?;

    let context = json!({ "targetingKey": "user-1", "tenant": "acme", "region": "de" });
    let xray = Xray::open_with(&console, "checkout-v2", &context).await?;
    xray.decides().await?;
    xray.asks("checkout-v2", "acme").await
}

#[tokio::test]
async fn a_sign_in_link_works_where_the_console_is_open_already() -> Result<()> {
    let stack = Stack::start().await?;
    let viewer = stack.person("Vera Okafor", "viewer").await?;
    let browser = Browser::start().await?;
    let console = Console::open_signed_out(&browser, &stack).await?;
    let flags = Flags::of(&console);
    browser.driver.execute(format!("location.hash = '#token={}'", stack.admin_token), vec![]).await?;
    flags.has("checkout-v2").await?;
    let is_clean = "return !location.href.includes('token')";
    browser.until("an address without the token", is_clean).await?;

    // Somebody else, in the same tab.
    browser.driver.execute(format!("location.hash = '#token={viewer}'"), vec![]).await?;
    console.is_of("Vera Okafor").await?;
    flags.has("checkout-v2").await?;
    browser.until("an address without the token", is_clean).await
}
