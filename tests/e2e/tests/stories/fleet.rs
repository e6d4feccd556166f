//! What the console tells of connected clients.

use anyhow::{Context, Result, ensure};
use downhaul_e2e::screens::{AlarmBanner, Alarms, Chart, FlagPage, Fleet};
use downhaul_e2e::{Browser, Console, Shop, Stack, stories};
use serde_json::{Value, json};

#[tokio::test]
async fn a_page_that_is_opened_stands_in_the_fleet() -> Result<()> {
    let stack = Stack::start().await?;
    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open(&browser, &stack).await?;
    let fleet = Fleet::open(&console).await?;
    browser.accessible("a fleet of nobody").await?;
    Shop::open(&visitor, &stack, "visitor").await?;
    fleet.has_current(1).await?;

    browser.accessible("the fleet").await?;
    browser.picture("console-fleet").await?;
    Ok(())
}

/// A server tells where its breaker of `recommendations` stands, as the npm package does.
async fn tell(stack: &Stack, key: &str, batch: u64, state: &str) -> Result<()> {
    let guards = json!([{
        "flag": "recommendations", "variant": "on", "ok": 2, "failed": 5, "degraded": 40,
        "moves": [{ "from": "closed", "to": "open", "cause": "consecutive", "count": 1 }],
    }]);
    let said = json!({
        "telemetry": 1, "instance": "server-1", "batch": batch, "release": "shop 2.4.1",
        "buckets": [{ "from_ms": 9_000, "to_ms": 0, "guards": guards }],
        "breakers": [{ "flag": "recommendations", "variant": "on", "state": state, "cause": "consecutive", "since_ms": 180_000 }],
    });
    let sent =
        reqwest::Client::new().post(format!("{}/client/v1/telemetry", stack.server)).bearer_auth(key).json(&said);
    let answer = sent.send().await?;
    ensure!(answer.status().is_success(), "{}", answer.text().await?);
    Ok(())
}

#[tokio::test]
async fn a_breaker_that_opens_is_seen_in_the_fleet_and_at_its_flag() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let fleet = Fleet::open(&console).await?;
    let none = fleet.no_breakers().await?;
    ensure!(none.contains("\"breaker\": {}"), "what to write is said: {none}");

    let mut flag = stack.flag("recommendations").await?;
    flag["breaker"] = json!({});
    stack.admin("PUT", "/flags/recommendations", Some(json!({ "flag": flag, "reason": "guarded" }))).await?;
    let untold = fleet.untold_breakers().await?;
    ensure!(
        untold.contains("recommendations"),
        "a breaker of which nobody tells is not taken for a closed one: {untold}"
    );
    browser.accessible("breakers of which nobody tells").await?;

    let request = json!({ "name": "back end", "kind": "server", "reason": "a story" });
    let made = stack.admin("POST", "/client-keys", Some(request)).await?;
    let key = made["key"].as_str().context("no key")?.to_owned();
    tell(&stack, &key, 1, "open").await?;
    let breaker = fleet.breaker("recommendations", "on");
    breaker.is_open_in(1).await?;
    let row = breaker.says().await?.replace('\u{202F}', " ");
    for part in ["1 open", "1 of 1 server", "3 min", "failures in a row", "40 to the fallback", "5 failed of 7 tried"] {
        ensure!(row.contains(part), "`{part}` in: {row}");
    }
    fleet.open_in_navigation(1).await?;
    browser.accessible("an open breaker in the fleet").await?;
    browser.picture("console-breakers").await?;

    breaker.choose_flag().await?;
    let said = FlagPage::of(&console).open_breaker().await?;
    ensure!(
        said.contains("1 of 1 client that tells of it gives the degraded variant instead of on by itself"),
        "{said}"
    );
    browser.accessible("a flag with an open breaker").await?;
    browser.driver.back().await?;
    breaker.open_kill().await?;
    let kills = stack.admin("GET", "/kills", None).await?;
    ensure!(kills["kills"] == json!([]), "it only opens the kill control: {kills}");

    tell(&stack, &key, 2, "closed").await?;
    let fleet = Fleet::open(&console).await?;
    breaker.is_open_in(0).await?;
    fleet.open_breakers(0).await
}

#[tokio::test]
async fn an_alarm_stands_on_every_page_until_somebody_has_it() -> Result<()> {
    let stack = Stack::start().await?;
    let (browser, other) = (Browser::start().await?, Browser::start().await?);
    let viewer = stack.person("Vera Rubin", "viewer").await?;
    let (console, looking) = (Console::open(&browser, &stack).await?, Console::open_as(&other, &stack, &viewer).await?);
    Chart::open(&looking).await?;
    stories::oscillate(&stack, "new-search").await?;

    // On pages that were open before, without anything being done there.
    let banner = AlarmBanner::of(&console);
    let said = banner.oscillating().await?;
    ensure!(said.contains("new-search was turned off and on 4 times within the hour"), "{said}");
    ensure!(said.contains("Owner: discovery"), "{said}");
    let seen = AlarmBanner::of(&looking);
    seen.oscillating().await?;
    banner.is_read_out("Alarm: new-search was turned off").await?;
    seen.says_whom_to_ask("Ask an operator").await?;
    browser.accessible("a list with an alarm above it").await?;
    browser.picture("console-alarm").await?;
    for page in ["/kills", "/guards", "/people", "/kill/beta", "/settings"] {
        console.page(page).await?;
        banner.has(1).await?;
    }
    banner.is_counted(1).await?;
    banner.open_kill("new-search").await?;

    let alarms = Alarms::open(&console).await?;
    alarms.has(1).await?;
    browser.accessible("the alarms").await?;
    browser.picture("console-alarms").await?;
    banner.acknowledge().await?;
    banner.is_gone().await?;
    // For others too.
    seen.is_gone().await?;
    alarms.oscillating_is("acknowledged").await?;
    let page = stack.admin("GET", "/alarms", None).await?;
    ensure!(page["alarms"][0]["standing"] == "acknowledged", "{page}");
    Ok(())
}

#[tokio::test]
async fn the_heartbeat_is_one_line_of_the_chart_and_can_be_left_out() -> Result<()> {
    let stack = Stack::start().await?;
    let mut flag = stack.flag("beta").await?;
    flag["key"] = json!("pulse");
    stack.admin("PUT", "/flags/pulse", Some(json!({ "flag": flag, "reason": "nothing rests on it" }))).await?;
    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    Shop::open(&visitor, &stack, "visitor").await?;
    let policy = json!({ "heartbeat": { "flag": "pulse", "every_seconds": 10 } });
    stack.admin("PUT", "/policy", Some(json!({ "policy": policy, "reason": "to know how long a kill takes" }))).await?;

    let console = Console::open(&browser, &stack).await?;
    let chart = Chart::open(&console).await?;
    let said = chart.beats("pulse", 4).await?;
    ensure!(said.contains("The heartbeat flipped") && said.contains("pulse"), "{said}");
    browser.accessible("a chart with a heartbeat").await?;
    browser.picture("console-beats").await?;
    chart.open_beats().await?;
    chart.only_by_people(3).await?;
    // An address of what is left out says so instead of showing something else.
    let newest = stack.admin("GET", "/chart?limit=1&flag=pulse", None).await?;
    let revision = newest["changes"][0]["revision"].as_u64().context("no beat")?;
    Chart::open_at(&console, revision).await?.not_there().await?;
    let left_out: Value =
        browser.driver.execute("return localStorage['downhaul.preferences']", vec![]).await?.json().clone();
    ensure!(left_out.to_string().contains("by_people"), "the choice is kept: {left_out}");
    Ok(())
}
