//! The desktop app: its real window, on a screen, a session bus and a keychain of its own.

use anyhow::{Context, Result, ensure};
use downhaul_e2e::screens::{Alarms, Chart, Connection, FlagPage, Flags, Kill, KillControl, Palette};
use downhaul_e2e::stories::whole::{self, Cast};
use downhaul_e2e::{Browser, Console, Desktop, Editor, Keychain, KillPage, Notification, Stack, StartPage, stories};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// A file as people lay it out.
const EXPRESS: &str = r#"{
  "key":     "express-checkout",
  "owner": "payments", "kind": "ops", "review": "2099-01-01",
  "variants": { "on": true, "off": false },
  "degraded": { "variant": "off", "meaning": "The usual checkout" },
  "default": "off"
}
"#;

/// A folder with that file alone.
fn folder_of_flags(desktop: &Desktop) -> Result<PathBuf> {
    let folder = desktop.home.path().join("flags");
    fs::create_dir(&folder)?;
    fs::write(folder.join("express.json"), EXPRESS)?;
    Ok(folder)
}

/// Makes a flag without rules.
async fn make_flag(console: &Console<'_>, editor: &Editor<'_>, key: &str) -> Result<()> {
    editor.describe(key, "payments", "The usual checkout").await?;
    editor.publish("a story").await?;
    Flags::of(console).has(key).await
}

/// Asks the app for what pages of other apps often may, and none here.
async fn refused(window: &Browser) -> Result<()> {
    for command in [
        "plugin:dialog|open",
        "plugin:window|close",
        "plugin:event|emit",
        "plugin:webview|print",
        "plugin:fs|read_file",
    ] {
        let ask = format!(
            "const done = arguments[0]; __TAURI__.core.invoke('{command}', {{}}).then(() => done('done'), why => done(String(why)))"
        );
        let said = window.driver.execute_async(ask, vec![]).await?;
        let said = said.json().as_str().unwrap_or_default().to_owned();
        ensure!(said.contains("not allowed"), "{command}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_control_plane_is_inside_and_everything_is_kept() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let start = StartPage::opened(&window).await?;
    window.accessible("the ways to start").await?;
    window.picture("desktop-start").await?;
    let console = start.local().await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&console, &editor, "express-checkout").await?;
    Connection::of(&console).is_well().await?;
    window.picture("desktop-local").await?;

    // The policy holds in this window too: nothing inline runs, and nothing leaves it.
    window.until("a policy", "
        const script = document.createElement('script'); script.textContent = 'window.leaked = true'; document.head.append(script);
        return window.leaked === undefined").await?;
    refused(&window).await?;
    desktop.close(window).await?;

    let window = Browser::window(&desktop).await?;
    let console = Console::in_window(&window).await?;
    Flags::of(&console).has("express-checkout").await?;
    let who = Chart::open(&console).await?.newest().await?;
    ensure!(who.contains("maya"), "{who}");
    desktop.close(window).await?;

    let open = desktop.listening().await?;
    ensure!(open.is_empty(), "a port is open: {open:?}");
    Ok(())
}

/// The same story as in browsers: `stories/whole.rs`. The approver has a browser, so that both are seen to go together.
#[tokio::test]
async fn from_a_new_flag_to_a_look_back_in_time_in_windows() -> Result<()> {
    let stack = Stack::start().await?;
    let tokens = whole::prepare(&stack).await?;
    let (of_maya, of_jonas) = (Desktop::start(Keychain::Unlocked).await?, Desktop::start(Keychain::Unlocked).await?);
    let (managing, operating) = (Browser::window(&of_maya).await?, Browser::window(&of_jonas).await?);
    let (approving, visitor) = (Browser::start().await?, Browser::start().await?);
    let cast = Cast {
        maya: StartPage::opened(&managing).await?.remote(&stack.server, &stack.admin_token).await?,
        ada: Console::open_as(&approving, &stack, &tokens.approver).await?,
        jonas: StartPage::opened(&operating).await?.remote(&stack.server, &tokens.operator).await?,
        visitor: &visitor,
    };
    cast.play(&stack, "desktop").await
}

#[tokio::test]
async fn a_remote_control_plane_in_the_window() -> Result<()> {
    let mut stack = Stack::start().await?;
    stories::put_people(&stack).await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let (window, visitor) = (Browser::window(&desktop).await?, Browser::start().await?);
    let console = StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    stories::kill_and_watch(&stack, &visitor, &window, &console, "desktop").await?;
    stories::stage_a_cohort(&stack, &window, &console).await?;
    window.accessible("the console in the window").await?;
    let kept = fs::read_to_string(desktop.kept("config", "way.json"))?;
    ensure!(kept.contains(&stack.server) && !kept.contains(&stack.admin_token), "{kept}");
    desktop.close(window).await?;

    // The token comes from the keychain, also where the control plane is down at first: nobody is asked for it.
    stack.cut_server().await?;
    let window = Browser::window(&desktop).await?;
    let away = Console::of_window(&window);
    let connection = Connection::of(&away);
    connection.away().await?;
    connection.away_offers_another_start().await?;
    window.picture("desktop-away").await?;
    stack.restart_server().await?;
    let console = Console::in_window(&window).await?;
    Flags::of(&console).has("checkout-v2").await
}

/// Contexts that are replayed: as many as the example's population has, which is more than browsers take. With
/// `DOWNHAUL_CONTEXTS` as many as that says, to measure.
fn contexts() -> usize {
    std::env::var("DOWNHAUL_CONTEXTS").ok().and_then(|number| number.parse().ok()).unwrap_or(52_740)
}

/// The app replays all of a population natively; the window draws on meanwhile, and says how far it is.
#[tokio::test]
async fn the_whole_population_is_replayed_natively() -> Result<()> {
    let (stack, number) = (Stack::start().await?, contexts());
    let people: String = (0..number)
        .map(|each| {
            let (tenant, region) = [("acme", "de"), ("globex", "us"), ("initech", "fr")][each % 3];
            format!("{{\"targetingKey\":\"user-{each}\",\"tenant\":\"{tenant}\",\"region\":\"{region}\"}}\n")
        })
        .collect();
    let file = stack.data.path().join("people.jsonl");
    fs::write(&file, people)?;
    stack.downhaul(&["population", "put", "default", &file.display().to_string()]).await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    let source = editor.source(number).await?;
    ensure!(source.contains("all ") && !source.contains("a sample of"), "{source}");

    let watch = "window.gap = 0; window.told = 0; let last = performance.now(); \
                 const draw = () => { const now = performance.now(); window.gap = Math.max(window.gap, now - last); last = now; requestAnimationFrame(draw); }; \
                 requestAnimationFrame(draw); \
                 new MutationObserver(() => { if (document.querySelector('[data-test=progress]')) window.told += 1; }).observe(document.body, { subtree: true, childList: true, attributes: true });";
    window.driver.execute(watch, vec![]).await?;
    editor.add_rule().await?;
    editor.add_condition(4, 1, "tenant", "globex").await?;
    editor.serve(4, "on").await?;
    let moved = editor.moved().await?;
    ensure!(moved > 0.0, "somebody of globex is moved");
    let said = window.driver.execute("return `drawn at least every ${Math.round(window.gap)} ms, progress told ${window.told} times, ${document.querySelector('[data-test=radius]').innerText.match(/live[^\\n]*/)?.[0]}`", vec![]).await?;
    eprintln!("{number} contexts: {}", said.json());
    window.picture("desktop-population").await
}

#[tokio::test]
async fn without_a_keychain_the_app_says_so() -> Result<()> {
    let desktop = Desktop::start(Keychain::Absent).await?;
    let window = Browser::window(&desktop).await?;
    let start = StartPage::opened(&window).await?;
    let none = start.keychain().await?;
    ensure!(none.matches("no keychain").count() == 1 && none.matches('.').count() == 1, "one sentence: {none}");
    let console = start.local().await?;
    console.reports("this session only").await?;
    Connection::of(&console).is_well().await?;
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
    // Before a control plane is chosen, a link has nowhere to lead.
    let start = StartPage::opened(&window).await?;
    desktop.start_again(&["downhaul://kill/production/express-checkout"]).await?;
    let console = start.local().await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&console, &editor, "express-checkout").await?;
    desktop.start_again(&["downhaul://kill/production/express-checkout"]).await?;
    KillControl::opened(&console).await?;
    desktop.start_again(&["downhaul://flag/production/express-checkout"]).await?;
    let page = FlagPage::opened(&console).await?;
    editor.edit("express-checkout").await?;
    editor.add_rule().await?;
    editor.publish("acme asked for it").await?;
    Flags::open(&console).await?;
    desktop.start_again(&["downhaul://flag/production/express-checkout#rule-1"]).await?;
    page.names_rule(1).await?;
    desktop.start_again(&["downhaul://restore/production/express-checkout"]).await?;
    console.reports("leads nowhere").await
}

#[tokio::test]
async fn a_shortcut_of_the_system_opens_the_kill_control() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.local().await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&console, &editor, "express-checkout").await?;
    desktop.press("ctrl+alt+k").await?;
    Palette::opened(&console).await?;
    FlagPage::open(&console, "express-checkout").await?;
    desktop.press("ctrl+alt+k").await?;
    KillControl::opened(&console).await?;
    Ok(())
}

/// Its address says that it has begun; whoever drives it cannot start it, as their answer would come after it. The driver's
/// session ends with the process of the page, so the rest is seen from outside.
#[tokio::test]
async fn a_page_that_computes_for_ever_gives_way_to_the_last_resort() -> Result<()> {
    let stack = Stack::start().await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    FlagPage::open(&console, "checkout-v2").await?;
    let hang = "addEventListener('resize', () => { history.replaceState(null, '', '#hangs'); for (;;); })";
    window.driver.execute(hang, vec![]).await?;
    desktop.resize(1000, 800).await?;
    window.at("#hangs").await?;
    let asked = stack.answered("/api/v1/session").await?;
    desktop.press("ctrl+alt+k").await?;
    desktop.called("Kill checkout-v2 \u{b7} Downhaul").await?;
    // It works: it has asked who is there.
    stack.answers("/api/v1/session", asked + 1).await
}

#[tokio::test]
async fn the_last_resort_kills_in_the_window() -> Result<()> {
    let stack = Stack::start().await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    let page = KillPage::open(&window, "console://localhost", "environment=production&flag=checkout-v2").await?;
    page.write("reason", "payments fail").await?;
    // What was written is kept where the kill control is asked for again.
    desktop.press("ctrl+alt+k").await?;
    page.hold().await?;
    page.says("killed", "checkout-v2 is killed for everyone").await?;
    window.picture("desktop-last-resort").await?;
    let kills = stack.admin("GET", "/kills", None).await?;
    ensure!(kills.pointer("/kills/0/reason").is_some_and(|reason| reason == "payments fail"), "{kills}");
    Ok(())
}

#[tokio::test]
async fn a_panic_in_the_window_leaves_the_kill_at_hand() -> Result<()> {
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    stories::panic_and_kill(&stack, &visitor, &window, &console, "desktop-kill-page").await
}

#[tokio::test]
async fn the_tray_opens_the_kill_control_and_ends_the_app() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let tray = desktop.tray().await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.local().await?;
    let editor = Editor::create_first(&console).await?;
    make_flag(&console, &editor, "express-checkout").await?;
    tray.choose("Kill…").await?;
    Palette::opened(&console).await?;
    FlagPage::open(&console, "express-checkout").await?;
    tray.choose("Kill…").await?;
    KillControl::opened(&console).await?;
    tray.choose("Start another way…").await?;
    StartPage::opened(&window).await?;
    tray.choose("Quit").await?;
    desktop.ended().await
}

#[tokio::test]
async fn a_notification_of_a_kill_has_a_button_that_leads_to_it() -> Result<()> {
    let mut stack = Stack::start().await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let notifications = desktop.notifications().await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    Connection::of(&console).is_well().await?;
    // The page's stream, and the app's own.
    stack.answers("/api/v1/environments/{environment}/events", 2).await?;
    let jonas = stack.person("Jonas Weber", "operator").await?;
    stack.downhaul_as(&jonas, &["kill", "checkout-v2", "--reason", "payments fail at the bank"]).await?;
    let shown = notifications.with("checkout-v2 was killed").await?;
    ensure!(shown.summary == "checkout-v2 was killed in production", "{shown:?}");
    ensure!(shown.body == "By Jonas Weber: payments fail at the bank", "{shown:?}");
    notifications.press(&shown, "Watch the kill", window.at("/e/production/kills/")).await?;
    Kill::opened(&console).await?;

    // What happens while nothing is heard is told afterwards.
    stack.cut_server().await?;
    stack.restart_server().await?;
    stack.downhaul_as(&jonas, &["kill", "gift-cards", "--reason", "none is accepted"]).await?;
    notifications.with("gift-cards was killed").await?;
    let again = notifications.count("checkout-v2 was killed");
    ensure!(again == 1, "told {again} times");
    Ok(())
}

#[tokio::test]
async fn a_notification_of_an_alarm_leads_to_the_kill_control_and_comes_once() -> Result<()> {
    let mut stack = Stack::start().await?;
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let notifications = desktop.notifications().await?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.remote(&stack.server, &stack.admin_token).await?;
    Connection::of(&console).is_well().await?;
    stories::oscillate(&stack, "new-search").await?;
    let shown = notifications.with("Alarm in production").await?;
    ensure!(shown.body == "new-search was turned off and on 4 times within the hour", "{shown:?}");
    notifications.press(&shown, "Kill…", window.at("/e/production/kill/new-search")).await?;
    KillControl::opened(&console).await?;
    // The same again is the same, and the connection that comes back tells of nothing twice; another one is told.
    stack.cut_server().await?;
    stack.restart_server().await?;
    stories::oscillate(&stack, "gift-cards").await?;
    let another = |shown: &Notification| shown.body.starts_with("gift-cards was turned off");
    let another = notifications.that("gift-cards", another).await?;
    // A click on it opens the alarms.
    notifications.press(&another, "Open", window.at("/e/production/alarms")).await?;
    Alarms::of(&console).oscillating_is("raised").await?;
    ensure!(notifications.count("Alarm in production") == 2, "told again: {notifications:?}");

    // What somebody has acknowledged before the app is there is told to nobody.
    desktop.close(window).await?;
    acknowledge_all(&stack).await?;
    let window = Browser::window(&desktop).await?;
    let console = Console::in_window(&window).await?;
    Alarms::open(&console).await?.oscillating_is("acknowledged").await?;
    stories::oscillate(&stack, "beta").await?;
    let beta = |shown: &Notification| shown.body.starts_with("beta was turned off");
    let shown = notifications.that("beta", beta).await?;
    ensure!(notifications.count("Alarm in production") == 3, "told although acknowledged: {notifications:?}");

    // It is withdrawn once somebody has the alarm.
    ensure!(!shown.is_withdrawn, "{shown:?}");
    acknowledge_all(&stack).await?;
    notifications.that("beta, withdrawn", |shown| beta(shown) && shown.is_withdrawn).await?;
    Ok(())
}

async fn acknowledge_all(stack: &Stack) -> Result<()> {
    let page = stack.admin("GET", "/alarms", None).await?;
    let alarms = page.get("alarms").and_then(Value::as_array).context("no alarms")?;
    for alarm in alarms.iter().filter(|alarm| alarm.get("standing").is_some_and(|standing| standing == "raised")) {
        let id = alarm.get("id").and_then(Value::as_str).context("no id")?;
        stack.admin("POST", &format!("/alarms/{id}/acknowledge"), Some(json!({}))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn dialogs_of_the_system_say_where_files_are() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let folder = folder_of_flags(&desktop)?;
    let window = Browser::window(&desktop).await?;
    let start = StartPage::opened(&window).await?;
    start.pick_folder().await?;
    desktop.answer("Open a folder of flag files", &folder).await?;
    start.has_picked(&folder).await?;
    let console = start.open_folder().await?;
    Flags::of(&console).has("express-checkout").await?;

    window.driver.goto("console://localhost/e/local/chart").await?;
    Chart::of(&console).export().await?;
    let exported = desktop.home.path().join("exported.jsonl");
    desktop.answer("Save", &exported).await?;
    console.reports("exported.jsonl").await?;
    let text = fs::read_to_string(&exported)?;
    ensure!(text.lines().count() >= 1 && text.contains("express-checkout"), "{text}");
    ensure!(!exported.with_extension("jsonl.part").exists(), "what it was written into is left");
    Ok(())
}

#[tokio::test]
async fn the_window_is_where_it_was() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let window = Browser::window(&desktop).await?;
    StartPage::opened(&window).await?;
    desktop.resize(900, 700).await?;
    window.until("another size", "return innerWidth === 900").await?;
    desktop.close(window).await?;
    let window = Browser::window(&desktop).await?;
    StartPage::opened(&window).await?;
    window.until("the size of before", "return innerWidth === 900 && innerHeight === 700").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_published_is_written_into_the_folder() -> Result<()> {
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    let folder = folder_of_flags(&desktop)?;
    let window = Browser::window(&desktop).await?;
    let console = StartPage::opened(&window).await?.folder(&folder).await?;
    Flags::of(&console).has("express-checkout").await?;
    let editor = Editor::of(&console);
    editor.edit_in("local", "express-checkout").await?;
    editor.add_rule().await?;
    editor.add_condition(1, 1, "tenant", "acme").await?;
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
