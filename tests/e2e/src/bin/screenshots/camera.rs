//! Pictures of one browser, from the top of a page to its bottom.

use crate::{Screen, docs};
use anyhow::Result;
use downhaul_e2e::{Browser, Console};
use serde_json::Value;
use std::path::Path;

pub(crate) const THEMES: [&str; 2] = ["light", "dark"];
/// A desktop and a phone.
pub(crate) const WIDTHS: [(u32, u32); 2] = [(1440, 900), Browser::PHONE];
/// The widest that the console is made for, and what is looked at there.
const WIDEST: (u32, u32) = (2560, 1300);
const WIDE: [&str; 2] = ["flags", "fleet"];

/// Whether a screen is among those that are asked for.
pub(crate) fn wants(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|each| each == name)
}

#[derive(Debug)]
pub(crate) struct Camera<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) into: &'a Path,
    /// Only these screens; all where there is none.
    pub(crate) only: &'a [String],
}

impl Camera<'_> {
    pub(crate) fn wants(&self, name: &str) -> bool {
        wants(self.only, name)
    }

    /// Of every page that is loaded from now on.
    pub(crate) async fn theme(&self, theme: &str) -> Result<()> {
        let choose = format!("localStorage.setItem('downhaul.theme', JSON.stringify('{theme}'))");
        self.browser.driver.execute(choose, vec![]).await?;
        Ok(())
    }

    pub(crate) async fn screens(
        &self,
        console: &Console<'_>,
        screens: &[Screen],
        theme: &str,
        kill: &str,
    ) -> Result<()> {
        for (name, path, mark) in screens.iter().filter(|(name, ..)| self.wants(name)) {
            console.go(&path.replace("KILL", kill)).await?;
            self.all_widths(name, theme, mark).await?;
        }
        Ok(())
    }

    /// The page as it stands, once the mark is shown and nothing is on its way, from top to bottom.
    pub(crate) async fn all_widths(&self, name: &str, theme: &str, mark: &str) -> Result<()> {
        self.widths(name, theme, mark, true).await
    }

    /// The page while what it asks for is on its way.
    pub(crate) async fn on_its_way(&self, name: &str, theme: &str) -> Result<()> {
        self.widths(name, theme, ".skel", false).await
    }

    async fn widths(&self, name: &str, theme: &str, mark: &str, settled: bool) -> Result<()> {
        for (width, height) in WIDTHS.into_iter().chain(WIDE.contains(&name).then_some(WIDEST)) {
            self.browser.resize(width, height).await?;
            if let Err(why) = self.browser.shown(mark).await {
                let instead = self.into.join(format!("{name}-instead.png"));
                self.browser.whole_picture(&instead).await?;
                let shown = instead.display().to_string();
                return Err(why.context(format!("the screen {name}; what there is instead: {shown}")));
            }
            if settled {
                self.browser.until("nothing on its way", "return !document.querySelector('.skel, .boot')").await?;
            }
            let wide = "return document.documentElement.scrollWidth <= innerWidth";
            let fits = self.browser.driver.execute(wide, vec![]).await?;
            if fits.json() != &Value::Bool(true) {
                println!("{name} is wider than {width} px");
            }
            self.browser.whole_picture(&self.into.join(format!("{name}-{width}-{theme}.png"))).await?;
            if (width, height) == WIDTHS[0] && docs::shows(name) {
                self.browser.driver.screenshot(&docs::window(self.into, name, theme)).await?;
            }
        }
        let (width, height) = WIDTHS[0];
        self.browser.resize(width, height).await
    }
}
