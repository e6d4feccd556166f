use crate::Console;
use anyhow::Result;

/// What is shown at an address of something that is not there.
#[derive(Debug)]
pub struct Missing<'a> {
    console: &'a Console<'a>,
}

impl<'a> Missing<'a> {
    /// Opens such an address, until it says so under one heading, with a way on.
    pub async fn open(console: &'a Console<'a>, path: &str) -> Result<Self> {
        console.page(path).await?;
        console.browser.marked("missing").await?;
        let shape = "return document.querySelectorAll('main h1').length === 1 && \
                     !!document.querySelector('main h1').innerText.trim() && \
                     !!document.querySelector('[data-test=missing] a[href]')";
        console.browser.until(&format!("one heading and a way on at {path}"), shape).await?;
        Ok(Missing { console })
    }

    pub async fn says(&self) -> Result<String> {
        Ok(self.console.browser.marked("missing").await?.text().await?)
    }

    /// Takes the way on.
    pub async fn go_on(&self) -> Result<()> {
        Ok(self.console.browser.shown("[data-test=missing] a").await?.click().await?)
    }
}
