//! The first day: a flag is made, the code that the console gives is put into a page of one's own, its first decision is
//! seen, and its kill is rehearsed.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Site, Stack};

#[tokio::test]
async fn from_nothing_to_a_rehearsed_kill() -> Result<()> {
    let stack = Stack::empty().await?;
    let site = Site::start().await?;
    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open_empty(&browser, &stack).await?;
    browser.accessible("a list without a flag").await?;
    // There is nothing to look through, either, and that leads to the same.
    console.page("/xray").await?;
    browser.shown(".empty a[href$='/start']").await?;
    browser.accessible("an X-ray without a flag").await?;
    console.page("/flags").await?;
    browser.shown("a:has([data-test=guide-open])").await?.click().await?;
    console.says("guide", "step", "flag").await?;
    browser.accessible("the first step").await?;

    // What the core refuses is said beside the form, and nothing is made of it.
    console.write("guide-key", "hello there").await?;
    browser.shown("[data-test=guide-make][aria-disabled=true]").await?;
    console.write("guide-key", "hello").await?;
    console.click("guide-make").await?;
    console.says("guide", "step", "snippet").await?;
    console.write("guide-origin", &site.address).await?;
    console.click("guide-make-key").await?;
    console.says("guide", "step", "decision").await?;
    browser.marked("guide-waiting").await?;
    browser.accessible("waiting for a decision").await?;
    browser.picture("console-first-steps").await?;

    // It goes on where it was left.
    browser.driver.refresh().await?;
    console.says("guide", "step", "decision").await?;
    let code = browser.marked("guide-snippet").await?.text().await?;
    assert!(code.contains(&stack.server) && code.contains("dhk_") && code.contains("\"hello\""), "{code}");
    site.put(&code)?;
    visitor.driver.goto(&site.address).await?;
    visitor
        .until("a page that is given the flag", "return document.querySelector('#flag').textContent === 'on'")
        .await?;
    browser.marked("guide-seen").await?;
    console.says("guide", "step", "rehearsal").await?;
    browser.accessible("a decision that was seen").await?;

    // How long the page is without the flag is up to the rehearsal: what it showed is written down as it happens.
    let watch = "window.shown = []; const flag = document.querySelector('#flag');
        new MutationObserver(() => window.shown.push(flag.textContent)).observe(flag, { childList: true, characterData: true, subtree: true })";
    visitor.driver.execute(watch, vec![]).await?;
    console.act("drill", "the first rehearsal").await?;
    console.says("run-phase", "phase", "awaiting-go").await?;
    console.press("go").await?;
    browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    visitor.until("a page without it", "return window.shown.includes('off')").await?;
    console.says("run-phase", "verdict", "done").await?;
    visitor.until("a page that has it back", "return document.querySelector('#flag').textContent === 'on'").await?;

    console.page("/start").await?;
    console.says("guide", "step", "done").await?;
    let said = browser.marked("guide-rehearsed").await?.text().await?;
    assert!(said.contains("every client was dark"), "{said}");
    browser.accessible("the end of the first steps").await?;

    // The list reminds of it until it is put away.
    console.page("/flags").await?;
    browser.marked("guide-go-on").await?;
    console.page("/start").await?;
    console.click("guide-put-away").await?;
    browser.marked("flag-row-hello").await?;
    browser.until("no reminder", "return !document.querySelector('[data-test=guide-go-on]')").await?;
    Ok(())
}
