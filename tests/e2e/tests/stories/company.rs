//! Two people at the same flag: each sees that the other is there and what the other does, and no edit is lost.

use anyhow::Result;
use downhaul_e2e::screens::{Chart, Draft, FlagPage, Flags, KillControl, Palette, Xray};
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

    let seen_by_ada = FlagPage::open(&ada, FLAG).await?;
    seen_by_ada.company(&[]).await?;
    let seen_by_jonas = FlagPage::open(&jonas, FLAG).await?;
    seen_by_jonas.company(&["Ada Lovelace looks at this flag"]).await?;
    seen_by_ada.company(&["Jonas Weber looks at this flag"]).await?;
    first.accessible("a flag with company").await?;
    first.picture("console-company").await?;

    // Both edit; Ada publishes first, and Jonas, who has typed meanwhile, loses nothing.
    let editor = Editor::of(&jonas);
    editor.edit(FLAG).await?;
    seen_by_ada.company(&["Jonas Weber edits this flag"]).await?;
    let owners = Editor::of(&ada);
    owners.edit(FLAG).await?;
    seen_by_jonas.company(&["Ada Lovelace edits this flag"]).await?;
    editor.write("edit-description", " for everyone").await?;
    let draft = Draft::of(&jonas);
    draft.is_changed().await?;
    owners.write("edit-owner", "-europe").await?;
    owners.publish("Europe has it now").await?;
    draft.has_a_conflict_with("Ada Lovelace").await?;
    second.accessible("a conflict in the editor").await?;
    second.picture("console-conflict").await?;
    draft.keep_both().await?;
    editor.publish("described for everyone").await?;

    // Ada is back at the flag's page, and is told of what was published there.
    seen_by_ada.news_of("Jonas Weber").await?;
    first.accessible("news of a flag").await?;
    first.picture("console-news").await?;
    let flag = stack.flag(FLAG).await?;
    let text = |name: &str| flag.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    assert!(text("owner").ends_with("-europe") && text("description").ends_with(" for everyone"), "{flag}");

    // Who leaves is seen to leave.
    Flags::open(&jonas).await?;
    seen_by_ada.company(&[]).await?;

    // The chart calls people by their names, too.
    Chart::open(&ada).await?.tells("granted Jonas Weber the role editor").await
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
    FlagPage::open(&console, FLAG).await?;
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
        let palette = Palette::open(&console).await?;
        palette.find(query, found).await?;
        palette.close().await?;
    }

    // A change has an address of its own, which the palette leads to.
    Palette::choose(&console, "Revision 2", "Revision 2").await?;
    let chart = Chart::of(&console);
    chart.is_at_a_change().await?;
    chart.has_chosen(2).await?;
    browser.driver.refresh().await?;
    chart.has_chosen(2).await?;

    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    editor.write("edit-owner", "-europe").await?;
    let draft = Draft::of(&console);
    draft.is_changed().await?;
    Palette::choose(&console, "kill checkout-v2", "Kill checkout-v2…").await?;
    draft.is_asked_about().await?;
    browser.accessible("leaving a draft by the palette").await?;
    draft.stay().await?;
    draft.is_changed().await?;

    // What the draft decides, before anybody gets it.
    let trial = Xray::of_draft(&console).await?;
    trial.decides().await?;
    browser.accessible("an X-ray of a draft").await?;
    browser.picture("console-trial").await?;
    trial.close().await?;

    Palette::choose(&console, "kill checkout-v2", "Kill checkout-v2…").await?;
    draft.keep().await?;
    // A kill command opens the kill control, and no more.
    KillControl::opened(&console).await?;
    assert_eq!(stack.admin("GET", "/kills", None).await?["kills"], json!([]));
    Ok(())
}
