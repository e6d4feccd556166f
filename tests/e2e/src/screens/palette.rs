use crate::Console;
use anyhow::Result;
use thirtyfour::prelude::*;

/// The palette, which finds everything by its name.
#[derive(Debug)]
pub struct Palette<'a> {
    console: &'a Console<'a>,
    field: WebElement,
}

impl<'a> Palette<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.click("open-palette").await?;
        Self::opened(console).await
    }

    /// Waits until keys, or the system, have opened it.
    pub async fn opened(console: &'a Console<'a>) -> Result<Self> {
        let field = console.browser.shown("[data-test=palette] input").await?;
        Ok(Palette { console, field })
    }

    /// Looks for something until it is the first that is found.
    pub async fn find(&self, query: &str, found: &str) -> Result<()> {
        self.field.send_keys(query).await?;
        let first = "(document.querySelector('#palette-list [role=option][aria-selected=true]')?.innerText ?? '')";
        let script = format!("return {first}.includes({found:?})");
        self.console.browser.until(&format!("{found:?} in the palette"), &script).await
    }

    /// Takes the first that is found.
    pub async fn take(self) -> Result<()> {
        Ok(self.console.browser.driver.action_chain().send_keys(Key::Enter).perform().await?)
    }

    /// Looks for something, and takes it.
    pub async fn choose(console: &'a Console<'a>, query: &str, found: &str) -> Result<()> {
        let palette = Self::open(console).await?;
        palette.find(query, found).await?;
        palette.take().await
    }

    pub async fn close(self) -> Result<()> {
        self.console.browser.driver.action_chain().send_keys(Key::Escape).perform().await?;
        self.console.browser.until("no palette", "return !document.querySelector('[data-test=palette]')").await
    }
}
