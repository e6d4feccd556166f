//! Two people at the same flag: each sees that the other is there and what the other does, and no edit is lost.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::json;

const FLAG: &str = "checkout-v2";

#[tokio::test]
async fn two_people_at_one_flag() -> Result<()> {
    let stack = Stack::start().await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let ada = stack.person("Ada Lovelace", "editor").await?;
    let jonas = stack.person("Jonas Weber", "editor").await?;
    let (ada, jonas) =
        (Console::open_as(&first, &stack, &ada).await?, Console::open_as(&second, &stack, &jonas).await?);

    ada.flag(FLAG).await?;
    ada.company(&[]).await?;
    jonas.flag(FLAG).await?;
    jonas.company(&["Ada Lovelace looks at this flag"]).await?;
    ada.company(&["Jonas Weber looks at this flag"]).await?;
    first.accessible("a flag with company").await?;
    first.picture("console-company").await?;

    // Both edit; Ada publishes first, and Jonas, who has typed meanwhile, loses nothing.
    let editor = Editor::of(&jonas);
    editor.edit(FLAG).await?;
    ada.company(&["Jonas Weber edits this flag"]).await?;
    let owners = Editor::of(&ada);
    owners.edit(FLAG).await?;
    jonas.company(&["Ada Lovelace edits this flag"]).await?;
    editor.write("edit-description", " for everyone").await?;
    second.shown("[data-test=draft][data-changed=true]").await?;
    owners.write("edit-owner", "-europe").await?;
    owners.publish("Europe has it now").await?;
    second.marked("conflict").await?;
    second
        .until(
            "who has changed it",
            "return document.querySelector('[data-test=conflict]').innerText.includes('Ada Lovelace')",
        )
        .await?;
    second.accessible("a conflict in the editor").await?;
    second.picture("console-conflict").await?;
    editor.press("conflict-both").await?;
    editor.publish("described for everyone").await?;

    // Ada is back at the flag's page, and is told of what was published there.
    first.marked("news").await?;
    first
        .until(
            "whose change it is",
            "return document.querySelector('[data-test=news]').innerText.includes('Jonas Weber')",
        )
        .await?;
    first.accessible("news of a flag").await?;
    first.picture("console-news").await?;
    let flag = stack.admin("GET", &format!("/flags/{FLAG}"), None).await?["flag"].clone();
    let text = |name: &str| flag.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    assert!(text("owner").ends_with("-europe") && text("description").ends_with(" for everyone"), "{flag}");

    // Who leaves is seen to leave.
    jonas.page("/flags").await?;
    ada.company(&[]).await?;

    // The chart calls people by their names, too.
    ada.page("/chart").await?;
    first
        .until("who was granted what", "return document.body.innerText.includes('granted Jonas Weber the role editor')")
        .await
}

/// Asks again until it is so.
async fn until(is_so: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let asking = async {
        while !is_so().await? {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), asking).await?
}

/// A page that is closed says so itself: nobody waits until the server has not heard of it for long.
#[tokio::test]
async fn who_closes_the_page_is_gone() -> Result<()> {
    const ROUTE: &str = "/api/v1/environments/{environment}/presence";
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let look = json!({ "tab": "another", "edits": false });
    let seats = async || -> Result<usize> {
        let view = stack.admin("PUT", "/presence", Some(look.clone())).await?;
        Ok(view["seats"].as_array().map_or(0, Vec::len))
    };
    console.flag(FLAG).await?;
    until(async || Ok(seats().await? > 0)).await?;
    let told = stack.answered(ROUTE).await?;
    browser.driver.goto("about:blank").await?;
    stack.answers(ROUTE, told + 1).await?;
    until(async || Ok(seats().await? == 0)).await
}

#[tokio::test]
async fn the_palette_finds_everything_and_leaves_no_draft_unasked() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    stack.person("Ada Lovelace", "approver").await?;
    let console = Console::open(&browser, &stack).await?;

    for (query, found) in [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Revision 2", "Revision 2"),
        ("kill checkout-v2", "Kill checkout-v2…"),
        ("checkout-v2", "checkout-v2"),
    ] {
        console.look_for(query, found).await?;
    }

    // A change has an address of its own, which the palette leads to.
    console.choose("Revision 2", "Revision 2").await?;
    browser.until("the entry's address", "return /[/]chart[/][0-9]+$/.test(location.pathname)").await?;
    browser.shown("[data-test=chart-entry][aria-current=true]").await?;
    browser.driver.refresh().await?;
    browser.shown("[data-test=chart-entry][aria-current=true]").await?;

    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    editor.write("edit-owner", "-europe").await?;
    browser.shown("[data-test=draft][data-changed=true]").await?;
    console.choose("kill checkout-v2", "Kill checkout-v2…").await?;
    browser.marked("leave").await?;
    browser.accessible("leaving a draft by the palette").await?;
    editor.press("leave-stay").await?;
    browser.shown("[data-test=draft][data-changed=true]").await?;

    // What the draft decides, before anybody gets it: `T`.
    // Out of the field: letters are letters there.
    browser.driver.execute("document.activeElement?.blur()", vec![]).await?;
    browser.shown("body").await?.send_keys("t").await?;
    browser.marked("trial").await?;
    browser.marked("xray-variant").await?;
    browser.accessible("an X-ray of a draft").await?;
    browser.picture("console-trial").await?;
    browser.shown("body").await?.send_keys("t").await?;
    browser.until("the X-ray closed", "return !document.querySelector('[data-test=trial]')").await?;

    console.choose("kill checkout-v2", "Kill checkout-v2…").await?;
    editor.press("leave-keep").await?;
    // A kill command opens the kill control, and no more.
    browser.marked("kill-reason").await?;
    assert_eq!(stack.admin("GET", "/kills", None).await?["kills"], json!([]));
    Ok(())
}
