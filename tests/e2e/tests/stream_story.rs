//! A page of the console that nobody sees holds no connection: over HTTP/1.1 a browser has six to a server for all its pages
//! together, also for those that it keeps for the way back, and a kill needs one.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;

/// Every stream that the page has opened.
const SPY: &str = "const Opened = EventSource; window.streams = []; \
    window.EventSource = class extends Opened { constructor(...given) { super(...given); streams.push(this); } };";

#[tokio::test]
async fn a_page_that_is_left_gives_its_connection_up_and_misses_nothing() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    browser.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": SPY })).await?;
    Console::open(&browser, &stack).await?;
    browser.until("a live stream", "return streams.some(each => each.readyState === EventSource.OPEN)").await?;

    let leave = "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))";
    browser.driver.execute(leave, vec![]).await?;
    browser.until("no stream", "return streams.every(each => each.readyState === EventSource.CLOSED)").await?;
    stack.downhaul(&["kill", "new-search", "--reason", "nobody looks"]).await?;

    let come_back = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    browser.driver.execute(come_back, vec![]).await?;
    browser.shown("[data-test=flag-row-new-search] [data-state=killed]").await?;
    Ok(())
}
