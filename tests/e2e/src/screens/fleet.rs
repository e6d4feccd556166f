use crate::Console;
use crate::screens::KillControl;
use anyhow::Result;
use thirtyfour::prelude::*;

/// The clients that are connected, and their circuit breakers.
#[derive(Debug)]
pub struct Fleet<'a> {
    console: &'a Console<'a>,
}

impl<'a> Fleet<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/fleet").await?;
        Ok(Fleet { console })
    }

    /// Waits until so many clients are live, and all of them have the newest flags.
    pub async fn has_current(&self, count: usize) -> Result<()> {
        self.console.says("fleet", "live", &count.to_string()).await?;
        self.console.says("fleet", "current", &count.to_string()).await
    }

    /// What is said where no flag has a breaker.
    pub async fn no_breakers(&self) -> Result<String> {
        Ok(self.console.browser.marked("breakers-none").await?.text().await?)
    }

    /// What is said of breakers of which nobody tells.
    pub async fn untold_breakers(&self) -> Result<String> {
        Ok(self.console.browser.marked("breakers-untold").await?.text().await?)
    }

    /// Waits until so many breakers are open.
    pub async fn open_breakers(&self, count: usize) -> Result<()> {
        self.console.says("breakers", "open", &count.to_string()).await
    }

    /// Waits until the navigation says that so many breakers are open, as on every page. It asks by itself.
    pub async fn open_in_navigation(&self, count: usize) -> Result<()> {
        let script = format!("return document.querySelector('[data-test=breakers-open]').textContent === '{count}'");
        self.console.browser.until(&format!("{count} open breakers in the navigation"), &script).await
    }

    /// The breaker of a variant of a flag.
    pub fn breaker(&self, flag: &str, variant: &str) -> Breaker<'a> {
        Breaker { console: self.console, mark: format!("breaker-{flag}-{variant}") }
    }
}

/// The circuit breaker of a variant, in all clients that have it.
#[derive(Debug)]
pub struct Breaker<'a> {
    console: &'a Console<'a>,
    mark: String,
}

impl<'a> Breaker<'a> {
    /// Waits until it is open in so many clients.
    pub async fn is_open_in(&self, clients: usize) -> Result<()> {
        self.console.says(&self.mark, "open", &clients.to_string()).await
    }

    /// What is said of it.
    pub async fn says(&self) -> Result<String> {
        Ok(self.console.browser.marked(&self.mark).await?.text().await?)
    }

    /// Opens the page of its flag.
    pub async fn choose_flag(&self) -> Result<()> {
        Ok(self.console.browser.shown(&format!("[data-test={}] a.key", self.mark)).await?.click().await?)
    }

    /// Opens the kill control for its flag.
    pub async fn open_kill(&self) -> Result<KillControl<'a>> {
        // By a key: what stands above may still grow.
        let link = self.console.browser.shown(&format!("[data-test={}] a.kill", self.mark)).await?;
        link.send_keys(Key::Enter.value().to_string()).await?;
        KillControl::opened(self.console).await
    }
}
