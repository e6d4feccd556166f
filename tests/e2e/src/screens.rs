//! The screens of the console, with what a person does and sees at each. Where things are marked is known here alone; the marks
//! are listed in admin-app/ui/README.md.

mod alarms;
mod audience;
mod chart;
mod connection;
mod draft;
mod drills;
mod first_steps;
mod flag;
mod flags;
mod fleet;
mod guards;
mod kills;
mod missing;
mod palette;
mod people;
mod populations;
mod proposals;
mod review;
mod rollouts;
mod runs;
mod settings;
mod xray;

use crate::{Browser, Console, Stack};
use anyhow::Result;

pub use alarms::{AlarmBanner, Alarms};
pub use audience::{Definition, Regions, Segments, Tenants};
pub use chart::Chart;
pub use connection::Connection;
pub use draft::Draft;
pub use drills::{Drill, Drills};
pub use first_steps::FirstSteps;
pub use flag::{FlagPage, Retirement};
pub use flags::{Batch, Copying, Flags};
pub use fleet::{Breaker, Fleet};
pub use guards::Guards;
pub use kills::{Kill, KillControl};
pub use missing::Missing;
pub use palette::Palette;
pub use people::People;
pub use populations::Populations;
pub use proposals::{Inbox, Proposal};
pub use review::Review;
pub use rollouts::{Rollout, RolloutForm, Rollouts};
pub use runs::{Release, Releases, Run};
pub use settings::{Backups, ClientKeys, Freeze, Policy, SigningKeys, ThisBrowser};
pub use xray::Xray;

/// What the screens have in common.
impl<'a> Console<'a> {
    /// Opens the console, which asks who is there.
    pub async fn open_signed_out(browser: &'a Browser, stack: &Stack) -> Result<Self> {
        browser.driver.goto(&stack.server).await?;
        let console = Console { browser, address: stack.server.clone() };
        console.asks_who_is_there().await?;
        Ok(console)
    }

    /// Waits until it asks who is there.
    pub async fn asks_who_is_there(&self) -> Result<()> {
        self.browser.marked("sign-in-token").await?;
        Ok(())
    }

    /// Waits until it is somebody's.
    pub async fn is_of(&self, name: &str) -> Result<()> {
        let avatar = format!("return !!document.querySelector('.avatar[title*=\"{name}\"]')");
        self.browser.until(&format!("the console of {name}"), &avatar).await
    }

    /// The console in the window of the desktop app, whatever is there yet.
    pub fn of_window(browser: &'a Browser) -> Self {
        Console { browser, address: "console://localhost".to_owned() }
    }

    /// Says why in the form that is open, and does it.
    pub(crate) async fn because(&self, reason: &str) -> Result<()> {
        self.browser.marked("act-reason").await?.send_keys(reason).await?;
        self.confirmed().await
    }

    /// Does something that asks only whether it is meant.
    pub(crate) async fn confirm(&self, id: &str) -> Result<()> {
        self.press(id).await?;
        self.confirmed().await
    }

    /// Does what the form that is open asks about, once it may be done.
    pub(crate) async fn confirmed(&self) -> Result<()> {
        Ok(self.browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?)
    }

    /// Waits for a short report of what was done.
    pub(crate) async fn reported(&self) -> Result<()> {
        self.browser.marked("toast").await?;
        Ok(())
    }

    /// The same, until one says this.
    pub async fn reports(&self, part: &str) -> Result<()> {
        let script = format!(
            "return [...document.querySelectorAll('[data-test=toast]')].some(each => each.textContent.includes('{part}'))"
        );
        self.browser.until(part, &script).await
    }

    /// Puts a report away, which stands over the lower edge of the page until then.
    pub async fn put_report_away(&self) -> Result<()> {
        Ok(self.browser.shown("[data-test=toast] .iconbtn").await?.click().await?)
    }
}
