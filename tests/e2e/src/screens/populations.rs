use crate::Console;
use anyhow::Result;
use std::path::Path;
use thirtyfour::prelude::*;

/// The populations over which blast radii are worked out, and one that is looked at.
#[derive(Debug)]
pub struct Populations<'a> {
    console: &'a Console<'a>,
}

impl<'a> Populations<'a> {
    /// Opens the list, until one can be put there.
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/populations").await?;
        console.browser.marked("population-put").await?;
        Ok(Populations { console })
    }

    /// Puts a file, until that is `done` or has `failed`.
    pub async fn put(&self, file: &Path, state: &str) -> Result<()> {
        // A field for files is not shown itself.
        let field = self.console.browser.driver.find(By::Css("[data-test=population-file]")).await?;
        field.send_keys(file.display().to_string()).await?;
        self.console.click("population-put").await?;
        self.console.says("population-state", "state", state).await
    }

    /// Why a file was not taken.
    pub async fn why_refused(&self) -> Result<String> {
        Ok(self.console.browser.marked("population-refused").await?.text().await?)
    }

    /// Waits until one has so many rows.
    pub async fn has_rows(&self, name: &str, rows: usize) -> Result<()> {
        self.console.says(&format!("population-{name}"), "rows", &rows.to_string()).await
    }

    /// Waits until it says that flags ask for an attribute that nobody has there.
    pub async fn lacks(&self, attribute: &str) -> Result<()> {
        self.console.browser.marked(&format!("missing-{attribute}")).await?;
        Ok(())
    }

    /// Looks at one.
    pub async fn choose(&self, name: &str) -> Result<()> {
        Ok(self.console.browser.shown(&format!("[data-test=population-{name}] a")).await?.click().await?)
    }

    /// What it says of the values of an attribute.
    pub async fn values(&self, attribute: &str) -> Result<String> {
        Ok(self.console.browser.marked(&format!("values-{attribute}")).await?.text().await?)
    }

    /// Removes the one that is looked at, once it was read what that does; gives what it said, and waits until it has gone
    /// from the list.
    pub async fn remove(&self, name: &str) -> Result<String> {
        self.console.press("remove").await?;
        let effect = self.console.browser.shown(".actform").await?.text().await?;
        self.console.confirmed().await?;
        let gone = format!(
            "return !!document.querySelector('[data-test=population-put]') && !document.querySelector('[data-test=population-{name}]')"
        );
        self.console.browser.until(&format!("populations without {name}"), &gone).await?;
        Ok(effect)
    }
}
