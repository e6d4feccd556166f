//! Addresses that people send each other: of a rule, of a change, of an X-ray, of what is not there any more, and those that
//! sign in by themselves.

use anyhow::{Result, ensure};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;

/// Each names something that is not there.
const NOTHING: [&str; 13] = [
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
    "/../nowhere/flags",
];

#[tokio::test]
async fn an_address_of_nothing_says_so_and_leads_on() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    for path in NOTHING {
        console.page(path).await?;
        browser.marked("missing").await?;
        let shape = "return document.querySelectorAll('main h1').length === 1 && \
                     !!document.querySelector('main h1').innerText.trim() && \
                     !!document.querySelector('[data-test=missing] a[href]')";
        browser.until(&format!("one heading and a way on at {path}"), shape).await?;
        browser.accessible(path).await?;
    }
    // An environment that is not there is not waited for, and those that are there are named.
    let said = browser.marked("missing").await?.text().await?;
    ensure!(said.contains("There is no environment nowhere") && said.contains("production"), "{said}");
    browser.until("no connection", "return !document.querySelector('[data-test=connection]')").await?;
    browser.picture("console-missing").await?;
    browser.shown("[data-test=missing] a").await?.click().await?;
    browser.marked("flag-row-checkout-v2").await?;

    stack.downhaul(&["flag", "retire", "beta"]).await.ok();
    console.page("/chart/99999").await?;
    let said = browser.marked("chart-not-there").await?.text().await?;
    ensure!(said.contains("There is no revision"), "{said}");
    console.page("/xray?flag=no-such-flag").await?;
    let said = browser.marked("xray-no-flag").await?.text().await?;
    ensure!(said.contains("no-such-flag"), "another flag is not taken for it in silence: {said}");
    browser.accessible("an X-ray of a flag that is not there").await
}

#[tokio::test]
async fn a_rule_a_change_and_an_x_ray_have_addresses() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.flag("checkout-v2").await?;
    console.click("rule-3-link").await?;
    console.says("rule-3", "named", "true").await?;
    let address = browser.driver.current_url().await?;
    ensure!(address.as_str().ends_with("/flags/checkout-v2#rule-3"), "{address}");

    // Whoever opens it sees that rule, on a screen that has no room for all of them.
    console.page("/flags").await?;
    browser.resize(390, 500).await?;
    browser.driver.goto(address.as_str()).await?;
    console.says("rule-3", "named", "true").await?;
    let in_sight = "const rule = document.querySelector('[data-test=rule-3]').getBoundingClientRect(); \
                    return rule.top >= 0 && rule.top < innerHeight";
    browser.until("the rule in sight", in_sight).await?;
    browser.resize(1440, 900).await?;

    console.page("/chart/1").await?;
    browser.shown("[data-test=chart-entry][data-revision='1'][aria-current=true]").await?;

    let context = json!({ "targetingKey": "user-1", "tenant": "acme", "region": "de" }).to_string();
    let query: String = reqwest::Url::parse_with_params("http://x/", [("flag", "checkout-v2"), ("context", &context)])?
        .query()
        .unwrap_or_default()
        .to_owned();
    console.page(&format!("/xray?{query}")).await?;
    browser.marked("xray-variant").await?;
    let asked = "return document.querySelector('[data-test=xray-flag]').value === 'checkout-v2' && \
                 document.querySelector('[data-test=xray-attribute-tenant]').value.includes('acme')";
    browser.until("the question that was sent", asked).await
}

#[tokio::test]
async fn a_sign_in_link_works_where_the_console_is_open_already() -> Result<()> {
    let stack = Stack::start().await?;
    let viewer = stack.person("Vera Okafor", "viewer").await?;
    let browser = Browser::start().await?;
    browser.driver.goto(&stack.server).await?;
    browser.marked("sign-in-token").await?;
    browser.driver.execute(format!("location.hash = '#token={}'", stack.admin_token), vec![]).await?;
    browser.marked("flag-row-checkout-v2").await?;
    let is_clean = "return !location.href.includes('token')";
    browser.until("an address without the token", is_clean).await?;

    // Somebody else, in the same tab.
    browser.driver.execute(format!("location.hash = '#token={viewer}'"), vec![]).await?;
    browser.until("another person", "return !!document.querySelector('.avatar[title*=\"Vera Okafor\"]')").await?;
    browser.marked("flag-row-checkout-v2").await?;
    browser.until("an address without the token", is_clean).await
}
