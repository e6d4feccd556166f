//! Pictures of the window of the desktop app: its first page, and the console in it, on the first day of a control plane inside.

use crate::camera::{self, THEMES, WIDTHS};
use anyhow::Result;
use downhaul_e2e::screens::FirstSteps;
use downhaul_e2e::{Browser, Desktop, Keychain, StartPage};
use std::path::Path;

pub(crate) async fn pictures(into: &Path, only: &[String]) -> Result<()> {
    let wants = |name: &str| camera::wants(only, name);
    if !wants("window-start") && !wants("window-first-steps") {
        return Ok(());
    }
    let desktop = Desktop::start(Keychain::Unlocked).await?;
    if let Err(why) = desktop.application() {
        println!("no pictures of the window: {why}");
        return Ok(());
    }
    let window = Browser::window(&desktop).await?;
    let start = StartPage::opened(&window).await?;
    if wants("window-start") {
        all(&desktop, &window, into, "window-start").await?;
    }
    if wants("window-first-steps") {
        let console = start.local().await?;
        FirstSteps::open(&console).await?;
        all(&desktop, &window, into, "window-first-steps").await?;
    }
    desktop.close(window).await
}

/// Waits until what was changed is drawn.
const DRAWN: &str =
    "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100)))";

async fn all(desktop: &Desktop, window: &Browser, into: &Path, name: &str) -> Result<()> {
    for (width, height) in WIDTHS {
        desktop.resize(width, height).await?;
        window.until("the width", &format!("return innerWidth === {width}")).await?;
        for theme in THEMES {
            window.driver.execute(format!("document.documentElement.dataset.theme = '{theme}'"), vec![]).await?;
            window.finish_animations().await?;
            window.driver.execute_async(DRAWN, vec![]).await?;
            window.driver.screenshot(&into.join(format!("{name}-{width}-{theme}.png"))).await?;
        }
    }
    Ok(())
}
