use crate::Console;
use crate::screens::Chart;
use anyhow::{Context, Result};

/// The guards of all flags, with what each has seen and done.
#[derive(Debug)]
pub struct Guards<'a> {
    console: &'a Console<'a>,
}

impl<'a> Guards<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/guards").await?;
        Ok(Guards { console })
    }

    /// What is said where no flag has one.
    pub async fn none(&self) -> Result<String> {
        Ok(self.console.browser.shown(".empty").await?.text().await?)
    }

    /// Waits until just so many stand there that know nothing yet.
    pub async fn only_watch(&self, count: usize) -> Result<()> {
        let script = format!("return document.querySelectorAll('[data-standing=watching]').length === {count}");
        self.console.browser.until("none of them knows anything", &script).await
    }

    /// Whether so many have found harm, and one of them has acted.
    pub async fn found_harm(&self, count: usize) -> Result<bool> {
        let script = format!(
            "return [...document.querySelectorAll('[data-standing=harmful]')].length === {count} && \
             !!document.querySelector('[data-test=guard-acted]')"
        );
        Ok(self.console.browser.driver.execute(script, vec![]).await?.json() == true)
    }

    /// What is said of a guard, with plain spaces.
    pub async fn says(&self, flag: &str, name: &str) -> Result<String> {
        let said = self.console.browser.marked(&format!("guard-{flag}-{name}")).await?.text().await?;
        Ok(said.replace('\u{202F}', " "))
    }

    /// How many points the course of a guard has, and what is said of it in words.
    pub async fn course(&self, flag: &str, name: &str) -> Result<(usize, String)> {
        let course = format!("[data-test=guard-{flag}-{name}] [data-test=guard-course]");
        let course = self.console.browser.shown(&course).await?;
        let points = course.attr("data-points").await?.context("no points")?.parse()?;
        Ok((points, course.attr("aria-label").await?.context("no words")?))
    }

    /// Waits until the one that has the cursor has found harm.
    pub async fn is_at_harm(&self) -> Result<()> {
        self.console.browser.shown("tr.is-focus[data-standing=harmful]").await?;
        Ok(())
    }

    /// Follows a guard to what it has done.
    pub async fn choose_deed(&self, flag: &str, name: &str) -> Result<Chart<'a>> {
        let deed = format!("[data-test=guard-{flag}-{name}] [data-test=guard-acted] a");
        self.console.browser.shown(&deed).await?.click().await?;
        Ok(Chart::of(self.console))
    }
}
