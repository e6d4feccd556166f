//! Captures every screen of the console over an example environment with something in it, at both widths and in both themes,
//! and the window of the desktop app, where that is built.
//! `cargo xtask screenshots` builds what it needs and runs it.
#![expect(clippy::indexing_slicing, reason = "a member that is missing ends it, and says where")]

mod camera;
mod docs;
mod fill;
mod window;

use anyhow::{Context, Result};
use camera::{Camera, THEMES};
use clap::Parser;
use downhaul_e2e::screens::KillControl;
use downhaul_e2e::{Browser, Console, Editor, Stack};
use fill::fill;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A picture's name, the path below the environment, and the mark that shows that it is all there.
type Screen = (&'static str, &'static str, &'static str);

const SCREENS: [Screen; 47] = [
    ("flags", "/flags", "[data-test=flag-row-checkout-v2]"),
    ("flags-filtered", "/flags?q=checkout&view=critical", "[data-test=save-filter]"),
    ("flags-none", "/flags?q=nothing-like-this", ".empty"),
    ("flag", "/flags/checkout-v2", "[data-test=chart-entry]"),
    ("flag-breaker", "/flags/new-search", "[data-test=breaker-open]"),
    ("flag-guards", "/flags/new-search", "[data-test=guard-course]"),
    ("flag-missing", "/flags/checkout-v9", ".empty"),
    ("edit", "/edit/checkout-v2", "[data-test=editor]"),
    ("create", "/create", "[data-test=editor]"),
    ("copy", "/copy", "h1"),
    ("kill", "/kill/new-search", "[data-test=proven-drill]"),
    ("kills", "/kills", "[data-test^=kill-row-]"),
    ("kill-live", "/kills/KILL", "[data-test=helped]"),
    ("proposals", "/proposals", "[data-test=proposal-row-p-1]"),
    ("proposal", "/proposals/p-1", "[data-test=proposal-effect]"),
    ("proposal-missing", "/proposals/p-99", ".empty"),
    ("guards", "/guards", "[data-test=guard-course]"),
    ("rollouts", "/rollouts", "[data-test=rollout-row-ro-1]"),
    ("rollout", "/rollouts/ro-1", "[data-test=rollout-standing]"),
    ("rollout-choose", "/rollouts/new", "[data-test=roll-out-new-search]"),
    ("rollout-start", "/rollouts/new?flag=new-search", "[data-test=radius][data-state=current]"),
    ("releases", "/releases", "[data-test=readiness]"),
    ("release", "/releases/checkout-2.4.1", "[data-test=release-finding]"),
    ("run", "/runs/r-3", "[data-test=step-2][data-state=running]"),
    ("run-ended", "/runs/r-1", "[data-test=run-phase]"),
    ("drills", "/drills", "[data-test=drill-row-r-2]"),
    ("drill", "/drills/r-2", "[data-test=drill-outcome]"),
    ("fleet", "/fleet", "[data-test=breaker-new-search-on]"),
    ("alarms", "/alarms", "[data-test=alarms]"),
    ("people", "/people", "[data-test^=person-a-]"),
    ("chart", "/chart", "[data-test=chart-entry]"),
    ("chart-entry", "/chart/3", "[data-test=chart-entry]"),
    ("xray", "/xray?flag=checkout-v2", "[data-test=xray-variant]"),
    ("xray-then", "/xray?flag=checkout-v2&at=1", "[data-test=xray-variant]"),
    ("segments", "/segments", "h1"),
    ("segment", "/segments/staff", "[data-test=definition]"),
    ("tenants", "/tenants", "h1"),
    ("tenant", "/tenants/acme", "[data-test=definition]"),
    ("regions", "/regions", "[data-test=definition]"),
    ("populations", "/populations", "h1"),
    ("population", "/populations/default", "h1"),
    ("settings", "/settings", "[data-test=definition]"),
    ("settings-keys", "/settings/keys", "[data-test=signing-behind]"),
    ("settings-clients", "/settings/clients", "h1"),
    ("settings-backup", "/settings/backup", "h1"),
    ("settings-you", "/settings/you", "h1"),
    ("nowhere", "/nothing-is-here", "h1, .empty"),
];

/// The same for whoever may only look.
const AS_A_VIEWER: [Screen; 7] = [
    ("viewer-flags", "/flags", "[data-test=flag-row-checkout-v2]"),
    ("viewer-edit", "/edit/checkout-v2", "[data-test=editor]"),
    ("viewer-kill", "/kill/new-search", "[data-test=kill-reason]"),
    ("viewer-rollout-start", "/rollouts/new?flag=new-search", "[data-test=radius][data-state=current]"),
    ("viewer-release", "/releases/checkout-2.4.1", "h1"),
    ("viewer-people", "/people", "h1"),
    ("viewer-settings", "/settings", "h1"),
];

/// An environment on its first day.
const EMPTY: [Screen; 12] = [
    ("empty-flags", "/flags", ".empty"),
    ("empty-start", "/start", "[data-test=guide]"),
    ("empty-kills", "/kills", ".empty"),
    ("empty-proposals", "/proposals", ".empty"),
    ("empty-rollouts", "/rollouts", ".empty"),
    ("empty-releases", "/releases", ".empty"),
    ("empty-drills", "/drills", "h1"),
    ("empty-guards", "/guards", ".empty"),
    ("empty-fleet", "/fleet", "h1"),
    ("empty-alarms", "/alarms", "h1"),
    ("empty-chart", "/chart", "h1"),
    ("empty-populations", "/populations", "h1"),
];

/// While what they ask for is on its way.
const LOADING: [(&str, &str); 8] = [
    ("loading-flags", "/flags"),
    ("loading-flag", "/flags/checkout-v2"),
    ("loading-kill", "/kill/checkout-v2"),
    ("loading-rollouts", "/rollouts"),
    ("loading-release", "/releases/checkout-2.4.1"),
    ("loading-fleet", "/fleet"),
    ("loading-chart", "/chart"),
    ("loading-people", "/people"),
];

/// What is left while the control plane cannot be reached.
const OFFLINE: [(&str, &str); 3] =
    [("offline-flags", "/flags"), ("offline-kill", "/kill/new-search"), ("offline-fleet", "/fleet")];

#[derive(Debug, Parser)]
struct Arguments {
    /// The folder for the pictures
    into: PathBuf,
    /// The folder of the guides' pictures; takes the screens that they show, and puts them there
    #[arg(long)]
    docs: Option<PathBuf>,
    /// Only these screens
    only: Vec<String>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let Arguments { into, docs, mut only } = Arguments::parse();
    if docs.is_some() {
        only.extend(docs::screens());
    }
    std::fs::create_dir_all(&into)?;
    let mut stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let filled = fill(&stack, &visitor).await?;
    let kills = stack.admin("GET", "/kills", None).await?;
    let kill = kills.pointer("/kills/0/id").and_then(Value::as_str).context("no kill is in force")?.to_owned();
    // A browser for each theme and person: a draft of one would be in the pictures of the next.
    for theme in THEMES {
        let browser = Browser::start().await?;
        let camera = Camera { browser: &browser, into: &into, only: &only };
        browser.driver.goto(&stack.server).await?;
        camera.theme(theme).await?;
        sign_in(&camera, theme).await?;
        let console = Console::open(&browser, &stack).await?;
        camera.screens(&console, &SCREENS, theme, &kill).await?;
        palette(&camera, &console, theme).await?;
        last_resort(&camera, &stack, theme).await?;
        kill_ready(&camera, &console, theme).await?;
        draft(&camera, &console, theme).await?;
        loading(&camera, &console, theme).await?;
    }
    for theme in THEMES {
        let browser = Browser::start().await?;
        let camera = Camera { browser: &browser, into: &into, only: &only };
        elsewhere(&browser, &stack).await?;
        camera.theme(theme).await?;
        let console = Console::open_as(&browser, &stack, &filled.viewer).await?;
        camera.screens(&console, &AS_A_VIEWER, theme, "").await?;
        offline(&camera, &filled.viewer, &mut stack, theme).await?;
    }
    let stack = Stack::empty().await?;
    for theme in THEMES {
        let browser = Browser::start().await?;
        let camera = Camera { browser: &browser, into: &into, only: &only };
        elsewhere(&browser, &stack).await?;
        camera.theme(theme).await?;
        let console = Console::open_empty(&browser, &stack).await?;
        camera.screens(&console, &EMPTY, theme, "").await?;
    }
    window::pictures(&into, &only).await?;
    if let Some(docs) = docs {
        docs::cut(&into, &docs)?;
    }
    println!("{} clients, pictures in {}", filled.clients.len(), into.display());
    Ok(())
}

/// A page with the storage of the console that is not the console: that would not take a token any more.
async fn elsewhere(browser: &Browser, stack: &Stack) -> Result<()> {
    Ok(browser.driver.goto(format!("{}/kill", stack.server)).await?)
}

async fn sign_in(camera: &Camera<'_>, theme: &str) -> Result<()> {
    if !camera.wants("sign-in") {
        return Ok(());
    }
    camera.browser.driver.refresh().await?;
    camera.all_widths("sign-in", theme, "[data-test=sign-in]").await
}

/// An edit whose radius is known.
async fn draft(camera: &Camera<'_>, console: &Console<'_>, theme: &str) -> Result<()> {
    if !camera.wants("edit-draft") && !camera.wants("review") {
        return Ok(());
    }
    console.page("/edit/cart-service-v3").await?;
    let editor = Editor::of(console);
    editor.press("rule-2-open").await?;
    editor.move_left("rule-2-handle-1", 4).await?;
    editor.moved().await?;
    camera.all_widths("edit-draft", theme, "[data-test=editor]").await?;
    console.click("review-open").await?;
    camera.all_widths("review", theme, "[data-test=publish-reason]").await
}

/// A kill that waits only for the hold.
async fn kill_ready(camera: &Camera<'_>, console: &Console<'_>, theme: &str) -> Result<()> {
    if !camera.wants("kill-ready") {
        return Ok(());
    }
    let control = KillControl::open(console, "new-search").await?;
    control.because("the index is stale").await?;
    control.of_incident("INC-2042").await?;
    control.tells_of_a_drill().await?;
    camera.all_widths("kill-ready", theme, "[data-test=hold-to-kill][aria-disabled=false]").await
}

async fn palette(camera: &Camera<'_>, console: &Console<'_>, theme: &str) -> Result<()> {
    if !camera.wants("palette") {
        return Ok(());
    }
    console.page("/flags").await?;
    camera.browser.marked("flag-row-checkout-v2").await?;
    console.click("open-palette").await?;
    camera.browser.shown("[data-test=palette] input").await?.send_keys("checkout").await?;
    camera.all_widths("palette", theme, "[data-test=palette] li").await
}

async fn last_resort(camera: &Camera<'_>, stack: &Stack, theme: &str) -> Result<()> {
    if !camera.wants("last-resort") {
        return Ok(());
    }
    let prepared = "environment=production&flag=new-search&reason=the+index+is+stale";
    camera.browser.driver.goto(format!("{}/kill#{prepared}", stack.server)).await?;
    camera.all_widths("last-resort", theme, "#hold[aria-disabled=false]").await
}

/// What the pages ask of an environment is held up, and never answered.
async fn loading(camera: &Camera<'_>, console: &Console<'_>, theme: &str) -> Result<()> {
    let driver = &camera.browser.driver;
    let held = json!({ "patterns": [{ "urlPattern": "*/api/v1/environments/*" }] });
    driver.cdp().send_raw("Fetch.enable", held).await?;
    for (name, path) in LOADING.into_iter().filter(|(name, _)| camera.wants(name)) {
        console.go(path).await?;
        camera.on_its_way(name, theme).await?;
    }
    driver.cdp().send_raw("Fetch.disable", json!({})).await?;
    Ok(())
}

/// Each page is opened, and then the control plane goes away without a word.
async fn offline(camera: &Camera<'_>, token: &str, stack: &mut Stack, theme: &str) -> Result<()> {
    for (name, path) in OFFLINE.into_iter().filter(|(name, _)| camera.wants(name)) {
        // The session before ended with the server before.
        elsewhere(camera.browser, stack).await?;
        Console::open_as(camera.browser, stack, token).await?.page(path).await?;
        camera.browser.until("nothing on its way", "return !document.querySelector('.skel, .boot')").await?;
        stack.cut_server().await?;
        camera.all_widths(name, theme, "[data-test=offline]").await?;
        stack.restart_server().await?;
    }
    Ok(())
}
