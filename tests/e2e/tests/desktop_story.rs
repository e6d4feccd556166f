//! The desktop app: its real window, on a screen, a session bus and a keychain of its own.

use anyhow::{Context, Result, ensure};
use downhaul_e2e::{Browser, Console, Desktop, Editor, Keychain, Stack, stories};
use std::fs;

/// Makes a flag without rules.
async fn make_flag(window: &Browser, editor: &Editor<'_>, key: &str) -> Result<()> {
    editor.write("edit-key", key).await?;
    editor.write("edit-owner", "payments").await?;
    editor.write("edit-degraded-meaning", "The usual checkout").await?;
    editor.publish("a story").await?;
    window.marked(&format!("flag-row-{key}")).await?;
    Ok(())
}

/// Waits for a report.
async fn said(window: &Browser, part: &str) -> Result<()> {
    let script = format!(
        "return [...document.querySelectorAll('[data-test=toast]')].some(each => each.textContent.includes('{part}'))"
    );
    window.until(part, &script).await
}

#[tokio::test]
async fn the_control_plane_is_inside_and_everything_is_kept() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    window.shown("html[data-ready]").await?;
    window.accessible("the ways to start").await?;
    window.picture("desktop-start").await?;
    let console = Console::start_local(&window).await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&window, &editor, "express-checkout").await?;
    console.says("connection", "state", "ok").await?;
    window.picture("desktop-local").await?;

    // The policy holds in this window too: nothing inline runs, and nothing leaves it.
    window.until("a policy", "
        const script = document.createElement('script'); script.textContent = 'window.leaked = true'; document.head.append(script);
        return window.leaked === undefined").await?;
    desktop.close(window).await?;

    let window = Browser::window(&desktop).await?;
    let console = Console::in_window(&window).await?;
    window.marked("flag-row-express-checkout").await?;
    console.page("/chart").await?;
    let who = window.shown("[data-test=chart-entry]").await?.text().await?;
    ensure!(who.contains("maya"), "{who}");
    desktop.close(window).await?;

    let open = desktop.listening().await?;
    ensure!(open.is_empty(), "a port is open: {open:?}");
    Ok(())
}

#[tokio::test]
async fn a_remote_control_plane_in_the_window() -> Result<()> {
    let stack = Stack::start().await?;
    stories::put_people(&stack).await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let (window, visitor) = (Browser::window(&desktop).await?, Browser::start().await?);
    let console = Console::start_remote(&window, &stack).await?;
    stories::kill_and_watch(&stack, &visitor, &window, &console, "desktop").await?;
    stories::stage_a_cohort(&stack, &window, &console).await?;
    window.accessible("the console in the window").await?;
    let kept = fs::read_to_string(desktop.kept("config", "way.json"))?;
    ensure!(kept.contains(&stack.server) && !kept.contains(&stack.admin_token), "{kept}");
    desktop.close(window).await?;

    // The token comes from the keychain.
    let window = Browser::window(&desktop).await?;
    Console::in_window(&window).await?;
    window.marked("flag-row-checkout-v2").await?;
    Ok(())
}

#[tokio::test]
async fn without_a_keychain_the_app_says_so() -> Result<()> {
    let desktop = Desktop::start(Keychain::Absent).await?;
    let window = Browser::window(&desktop).await?;
    window.shown("html[data-ready]").await?;
    let none = window.marked("keychain").await?.text().await?;
    ensure!(none.contains("no keychain"), "{none}");
    let console = Console::start_local(&window).await?;
    said(&window, "this session only").await?;
    console.says("connection", "state", "ok").await?;
    desktop.close(window).await?;
    // What is on the disk is opened all the same: nobody outside the app can ask.
    let window = Browser::window(&desktop).await?;
    Console::in_window(&window).await?;
    Ok(())
}

#[tokio::test]
async fn a_second_start_and_a_link_come_to_the_first_window() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let console = Console::start_local(&window).await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&window, &editor, "express-checkout").await?;
    desktop.start_again(&["downhaul://kill/production/express-checkout"]).await?;
    window.marked("kill-reason").await?;
    desktop.start_again(&["downhaul://flag/production/express-checkout"]).await?;
    window.marked("kill-open").await?;
    desktop.start_again(&["downhaul://restore/production/express-checkout"]).await?;
    said(&window, "leads nowhere").await?;
    Ok(())
}

#[tokio::test]
async fn a_shortcut_of_the_system_opens_the_kill_control() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let console = Console::start_local(&window).await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&window, &editor, "express-checkout").await?;
    desktop.press("ctrl+alt+k").await?;
    window.marked("palette").await?;
    console.flag("express-checkout").await?;
    desktop.press("ctrl+alt+k").await?;
    window.marked("kill-reason").await?;

    // A page that does not answer gives way to the page of last resort, which is told of which flag it is.
    console.flag("express-checkout").await?;
    let hang = "setTimeout(() => { const from = Date.now(); while (Date.now() - from < 10000); }, 0)";
    window.driver.execute(hang, vec![]).await?;
    desktop.press("ctrl+alt+k").await?;
    let flag = "return location.pathname === '/kill' && location.hash.includes('flag=express-checkout')";
    window.until("the page of last resort", flag).await?;
    Ok(())
}

#[tokio::test]
async fn the_window_is_where_it_was() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    window.shown("html[data-ready]").await?;
    desktop.resize(900, 700).await?;
    window.until("another size", "return innerWidth === 900").await?;
    desktop.close(window).await?;
    let window = Browser::window(&desktop).await?;
    window.shown("html[data-ready]").await?;
    window.until("the size of before", "return innerWidth === 900 && innerHeight === 700").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_published_is_written_into_the_folder() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let folder = desktop.home.path().join("flags");
    fs::create_dir(&folder)?;
    let flag = r#"{
  "key":     "express-checkout",
  "owner": "payments", "kind": "ops", "review": "2099-01-01",
  "variants": { "on": true, "off": false },
  "degraded": { "variant": "off", "meaning": "The usual checkout" },
  "default": "off"
}
"#;
    fs::write(folder.join("express.json"), flag)?;
    let window = Browser::window(&desktop).await?;
    let console = Console::start_folder(&window, &folder).await?;
    window.marked("flag-row-express-checkout").await?;
    let editor = Editor::of(&console);
    editor.edit_in("local", "express-checkout").await?;
    editor.press("add-rule").await?;
    editor.press("rule-1-condition-add-tenant").await?;
    editor.add("rule-1-condition-1-value", "acme").await?;
    editor.publish("acme asked for it").await?;
    let written = desktop.written(&folder.join("express.json"), "acme").await?;
    for kept in [
        r#""key":     "express-checkout","#,
        r#""owner": "payments", "kind": "ops", "review": "2099-01-01","#,
        r#""variants": { "on": true, "off": false },"#,
    ] {
        ensure!(written.contains(kept), "{written}");
    }
    desktop.close(window).await?;
    let again = fs::read_to_string(folder.join("express.json")).context("the file is gone")?;
    ensure!(again == written, "closing changes nothing");
    Ok(())
}
