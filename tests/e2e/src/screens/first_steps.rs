use crate::screens::Run;
use crate::{Console, Editor};
use anyhow::Result;

/// The first steps: from nothing to a kill that is rehearsed.
#[derive(Debug)]
pub struct FirstSteps<'a> {
    console: &'a Console<'a>,
}

impl<'a> FirstSteps<'a> {
    /// Opens them from the list of flags, where there is none.
    pub async fn begin(console: &'a Console<'a>) -> Result<Self> {
        console.page("/flags").await?;
        console.browser.shown("a:has([data-test=guide-open])").await?.click().await?;
        Ok(FirstSteps { console })
    }

    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/start").await?;
        Ok(FirstSteps { console })
    }

    /// Waits until it is the turn of `flag`, `snippet`, `decision` or `rehearsal`, or all is `done`.
    pub async fn are_at(&self, step: &str) -> Result<()> {
        self.console.says("guide", "step", step).await
    }

    /// Names the flag to be made.
    pub async fn name_flag(&self, key: &str) -> Result<()> {
        self.console.write("guide-key", key).await
    }

    /// Waits until the flag may not be made.
    pub async fn may_not_make(&self) -> Result<()> {
        self.console.browser.shown("[data-test=guide-make][aria-disabled=true]").await?;
        Ok(())
    }

    pub async fn make_flag(&self) -> Result<()> {
        self.console.click("guide-make").await
    }

    /// Makes a key for the pages of an origin.
    pub async fn make_key(&self, origin: &str) -> Result<()> {
        self.console.write("guide-origin", origin).await?;
        self.console.click("guide-make-key").await
    }

    /// Waits until they say that they wait for a decision.
    pub async fn wait_for_a_decision(&self) -> Result<()> {
        self.console.browser.marked("guide-waiting").await?;
        Ok(())
    }

    /// The code to be put into a page.
    pub async fn snippet(&self) -> Result<String> {
        Ok(self.console.browser.marked("guide-snippet").await?.text().await?)
    }

    /// Waits until they say that a decision was seen.
    pub async fn have_seen_a_decision(&self) -> Result<()> {
        self.console.browser.marked("guide-seen").await?;
        Ok(())
    }

    /// Calls the drill of the flag.
    pub async fn rehearse(&self, reason: &str) -> Result<Run<'a>> {
        self.console.act("drill", reason).await?;
        Ok(Run::of(self.console))
    }

    /// How the rehearsal went.
    pub async fn rehearsed(&self, how: &str) -> Result<()> {
        Editor::of(self.console).sees("guide-rehearsed", how).await
    }

    /// Waits until the list of flags reminds of them.
    pub async fn are_reminded_of(&self) -> Result<()> {
        self.console.page("/flags").await?;
        self.console.browser.marked("guide-go-on").await?;
        Ok(())
    }

    /// Has nothing remind of them, which leads to this flag in the list.
    pub async fn put_away(self, flag: &str) -> Result<()> {
        self.console.click("guide-put-away").await?;
        self.console.browser.marked(&format!("flag-row-{flag}")).await?;
        let none = "return !document.querySelector('[data-test=guide-go-on]')";
        self.console.browser.until("no reminder", none).await
    }
}
