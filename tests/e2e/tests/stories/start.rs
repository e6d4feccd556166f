//! The first day: a flag is made, the code that the console gives is put into a page of one's own, its first decision is
//! seen, and its kill is rehearsed.

use anyhow::Result;
use downhaul_e2e::screens::{FirstSteps, Xray};
use downhaul_e2e::{Browser, Console, Site, Stack};

#[tokio::test]
async fn from_nothing_to_a_rehearsed_kill() -> Result<()> {
    let stack = Stack::empty().await?;
    let site = Site::start().await?;
    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open_empty(&browser, &stack).await?;
    browser.accessible("a list without a flag").await?;
    // There is nothing to look through, either, and that leads to the same.
    Xray::open(&console).await?.leads_to_the_first_steps().await?;
    browser.accessible("an X-ray without a flag").await?;
    let steps = FirstSteps::begin(&console).await?;
    steps.are_at("flag").await?;
    browser.accessible("the first step").await?;

    // What the core refuses is said beside the form, and nothing is made of it.
    steps.name_flag("hello there").await?;
    steps.may_not_make().await?;
    steps.name_flag("hello").await?;
    steps.make_flag().await?;
    steps.are_at("snippet").await?;
    steps.make_key(&site.address).await?;
    steps.are_at("decision").await?;
    steps.wait_for_a_decision().await?;
    browser.accessible("waiting for a decision").await?;
    browser.picture("console-first-steps").await?;

    // It goes on where it was left.
    browser.driver.refresh().await?;
    steps.are_at("decision").await?;
    let code = steps.snippet().await?;
    assert!(code.contains(&stack.server) && code.contains("dhk_") && code.contains("\"hello\""), "{code}");
    site.put(&code)?;
    visitor.driver.goto(&site.address).await?;
    visitor
        .until("a page that is given the flag", "return document.querySelector('#flag').textContent === 'on'")
        .await?;
    steps.have_seen_a_decision().await?;
    steps.are_at("rehearsal").await?;
    browser.accessible("a decision that was seen").await?;

    // How long the page is without the flag is up to the rehearsal: what it showed is written down as it happens.
    let watch = "window.shown = []; const flag = document.querySelector('#flag');
        new MutationObserver(() => window.shown.push(flag.textContent)).observe(flag, { childList: true, characterData: true, subtree: true })";
    visitor.driver.execute(watch, vec![]).await?;
    let run = steps.rehearse("the first rehearsal").await?;
    run.begin().await?;
    visitor.until("a page without it", "return window.shown.includes('off')").await?;
    run.ended("done").await?;
    visitor.until("a page that has it back", "return document.querySelector('#flag').textContent === 'on'").await?;

    let steps = FirstSteps::open(&console).await?;
    steps.are_at("done").await?;
    steps.rehearsed("every client was dark").await?;
    browser.accessible("the end of the first steps").await?;

    // The list reminds of it until it is put away.
    steps.are_reminded_of().await?;
    FirstSteps::open(&console).await?.put_away("hello").await
}
