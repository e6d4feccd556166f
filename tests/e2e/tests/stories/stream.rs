//! A page of the console that nobody sees holds no connection: over HTTP/1.1 a browser has six to a server for all its pages
//! together, also for those that it keeps for the way back, and a kill needs one. A connection that breaks, one that was never
//! there, and an answer that does not come are told, and mended without loading the page anew.

use anyhow::{Result, ensure};
use downhaul_e2e::screens::{Connection, Drills, Flags, Kill, Review};
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::json;

/// Every stream that the page has opened.
const SPY: &str = "const Opened = EventSource; window.streams = []; \
    window.EventSource = class extends Opened { constructor(...given) { super(...given); streams.push(this); } };";

#[tokio::test]
async fn a_page_that_is_left_gives_its_connection_up_and_misses_nothing() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    browser.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": SPY })).await?;
    let console = Console::open(&browser, &stack).await?;
    browser.until("a live stream", "return streams.some(each => each.readyState === EventSource.OPEN)").await?;

    let leave = "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))";
    browser.driver.execute(leave, vec![]).await?;
    browser.until("no stream", "return streams.every(each => each.readyState === EventSource.CLOSED)").await?;
    stack.downhaul(&["kill", "new-search", "--reason", "nobody looks"]).await?;

    let come_back = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    browser.driver.execute(come_back, vec![]).await?;
    Flags::of(&console).is_killed("new-search").await
}

/// Keeps requests to these addresses from leaving the browser.
async fn block(browser: &Browser, addresses: &[&str]) -> Result<()> {
    let cdp = browser.driver.cdp();
    cdp.send_raw("Network.enable", json!({})).await?;
    cdp.send_raw("Network.setBlockedURLs", json!({ "urls": addresses })).await?;
    Ok(())
}

/// Marks the page, so that [`is_the_same`] sees whether it was loaded anew.
async fn mark(browser: &Browser) -> Result<()> {
    browser.driver.execute("window.stays = true", vec![]).await?;
    Ok(())
}

async fn is_the_same(browser: &Browser) -> Result<()> {
    browser.until("the same page", "return window.stays === true").await
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_told_and_needs_no_reload() -> Result<()> {
    let mut stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    editor.add_rule().await?;
    editor.add_condition(4, 1, "tenant", "globex").await?;
    editor.serve(4, "on").await?;
    mark(&browser).await?;

    stack.cut_server().await?;
    let connection = Connection::of(&console);
    let said = connection.lost().await?;
    ensure!(said.contains("downhaul kill FLAG"), "{said}");
    browser.accessible("the editor offline").await?;
    let review = Review::open(&console).await?;
    review.because("globex asked for it").await?;
    review.name("checkout-v2").await?;
    review.may_not_publish().await?;
    let said = review.says().await?;
    ensure!(said.contains("The control plane cannot be reached. The draft is kept"), "{said}");
    browser.picture("console-offline").await?;

    stack.restart_server().await?;
    connection.is_back().await?;
    review.publish().await?;
    stack.downhaul(&["kill", "new-search", "--reason", "heard again"]).await?;
    Kill::in_force(&console, 1).await?;
    is_the_same(&browser).await
}

#[tokio::test]
async fn a_console_that_starts_without_its_server_waits_for_it() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let connection = Connection::of(&console);
    block(&browser, &["*/api/v1/*"]).await?;
    browser.driver.refresh().await?;
    let said = connection.away().await?;
    ensure!(said.contains("The control plane cannot be reached") && said.contains("downhaul kill FLAG"), "{said}");
    browser.accessible("a console without its server").await?;
    browser.picture("console-away").await?;
    mark(&browser).await?;
    // By itself.
    block(&browser, &[]).await?;
    Flags::of(&console).has("checkout-v2").await?;
    is_the_same(&browser).await?;

    // The token of a link is not lost on the way.
    let viewer = stack.person("Vera Okafor", "viewer").await?;
    block(&browser, &["*/api/v1/*"]).await?;
    browser.driver.goto("about:blank").await?;
    browser.driver.goto(format!("{}/#token={viewer}", stack.server)).await?;
    connection.away().await?;
    block(&browser, &[]).await?;
    connection.ask_again().await?;
    console.is_of("Vera Okafor").await
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_told_and_asked_for_again() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    // Nothing is there yet: the page says so.
    block(&browser, &["*/environments/production/drills*"]).await?;
    Drills::open(&console).await?;
    let connection = Connection::of(&console);
    connection.failed().await?;
    browser.accessible("a page that could not be read").await?;
    mark(&browser).await?;
    block(&browser, &[]).await?;
    connection.read_again().await?;

    // Something is there, and is not what it is now: the stream has told of a change.
    block(&browser, &["*/environments/production/drills*"]).await?;
    stack.downhaul(&["kill", "new-search", "--reason", "the search fails"]).await?;
    let said = connection.stuck().await?;
    ensure!(said.contains("Part of this page is not up to date") && said.contains("ago"), "{said}");
    browser.accessible("a page that could not be read again").await?;
    browser.picture("console-stuck").await?;
    block(&browser, &[]).await?;
    connection.mend().await?;
    is_the_same(&browser).await
}
