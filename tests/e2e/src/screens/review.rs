use crate::Console;
use anyhow::Result;

/// The review of an edit, of a flag or of what flags share: what changes, why, and who decides about it.
#[derive(Debug)]
pub struct Review<'a> {
    console: &'a Console<'a>,
}

impl<'a> Review<'a> {
    /// Opens it once there is something to review.
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.click("review-open").await?;
        Ok(Review { console })
    }

    /// Waits until it cannot be opened: something is wrong with the edit.
    pub async fn is_out_of_reach(console: &Console<'_>) -> Result<()> {
        console.browser.shown("[data-test=review-open][aria-disabled=true]").await?;
        Ok(())
    }

    /// What changes.
    pub async fn difference(&self) -> Result<String> {
        Ok(self.console.browser.marked("difference").await?.text().await?)
    }

    /// All that it says.
    pub async fn says(&self) -> Result<String> {
        Ok(self.console.browser.marked("review").await?.text().await?)
    }

    /// Says why.
    pub async fn because(&self, reason: &str) -> Result<()> {
        self.console.write("publish-reason", reason).await
    }

    /// Says the name of what is changed, which is asked where that may move more than a quarter of everyone.
    pub async fn name(&self, name: &str) -> Result<()> {
        self.console.write("publish-key", name).await
    }

    /// The same if it is asked.
    pub async fn name_if_asked(&self, name: &str) -> Result<()> {
        let asked = "return !!document.querySelector('[data-test=publish-key]')";
        if self.console.browser.driver.execute(asked, vec![]).await?.json() == true {
            self.name(name).await?;
        }
        Ok(())
    }

    pub async fn publish(&self) -> Result<()> {
        self.console.click("publish").await?;
        self.console.reported().await
    }

    /// Would publish it, until that is refused with this code.
    pub async fn is_refused(&self, code: &str) -> Result<()> {
        self.console.click("publish").await?;
        self.console.says("publish-refused", "code", code).await
    }

    /// Waits until it is closed.
    pub async fn is_closed(self) -> Result<()> {
        let closed = "return !document.querySelector('[data-test=review]')";
        self.console.browser.until("a review that is closed", closed).await
    }

    /// Asks others.
    pub async fn propose(&self) -> Result<()> {
        self.console.click("propose").await?;
        self.console.reported().await
    }

    /// Waits until it cannot be published.
    pub async fn may_not_publish(&self) -> Result<()> {
        self.console.browser.shown("[data-test=publish][aria-disabled=true]").await?;
        Ok(())
    }

    /// Waits until it cannot be published as the environment is frozen, but can be proposed.
    pub async fn may_only_propose_while_frozen(&self) -> Result<()> {
        self.console.browser.shown("[data-test=publish][aria-disabled=true][title*='Frozen by']").await?;
        self.console.browser.shown("[data-test=propose][aria-disabled=false]").await?;
        Ok(())
    }
}
