use crate::{Console, Editor};
use anyhow::Result;

/// What was edited and is not published yet, of a flag or of what flags share: that others change the same meanwhile, that it
/// is left, and that it was kept.
#[derive(Debug)]
pub struct Draft<'a> {
    console: &'a Console<'a>,
}

impl<'a> Draft<'a> {
    pub fn of(console: &'a Console<'a>) -> Self {
        Draft { console }
    }

    async fn press(&self, button: &str) -> Result<()> {
        Editor::of(self.console).press(button).await
    }

    /// Waits until it is another thing than what is published.
    pub async fn is_changed(&self) -> Result<()> {
        self.console.says("draft", "changed", "true").await
    }

    /// Takes the last edit of it back.
    pub async fn undo(&self) -> Result<()> {
        self.console.click("undo").await
    }

    /// Why whoever is signed in may not edit.
    pub async fn why_not(&self) -> Result<String> {
        Ok(self.console.browser.marked("definition-why-not").await?.text().await?)
    }

    /// What is wrong with it, once something is.
    pub async fn problems(&self) -> Result<String> {
        let problems = self.console.browser.shown("[data-test=problems]:not([data-count='0'])").await?;
        Ok(problems.text().await?)
    }

    /// Waits until it says that somebody else has changed the same.
    pub async fn has_a_conflict(&self) -> Result<()> {
        self.console.browser.marked("conflict").await?;
        Ok(())
    }

    /// Waits until nobody else has changed the same.
    pub async fn has_no_conflict(&self) -> Result<()> {
        let none = "return !document.querySelector('[data-test=conflict]')";
        self.console.browser.until("a draft without a conflict", none).await
    }

    /// The same, until it says who that is.
    pub async fn has_a_conflict_with(&self, name: &str) -> Result<()> {
        self.has_a_conflict().await?;
        let script = format!("return document.querySelector('[data-test=conflict]').innerText.includes('{name}')");
        self.console.browser.until(&format!("a conflict with {name}"), &script).await
    }

    /// Goes on with the changes of both.
    pub async fn keep_both(&self) -> Result<()> {
        self.press("conflict-both").await
    }

    /// Waits until whoever would leave it is asked about it.
    pub async fn is_asked_about(&self) -> Result<()> {
        self.console.browser.marked("leave").await?;
        Ok(())
    }

    /// Does not leave.
    pub async fn stay(&self) -> Result<()> {
        self.press("leave-stay").await
    }

    /// Leaves, and keeps it.
    pub async fn keep(&self) -> Result<()> {
        self.press("leave-keep").await
    }

    /// Waits until one that was kept is offered.
    pub async fn is_offered(&self) -> Result<()> {
        self.console.browser.marked("resume").await?;
        Ok(())
    }

    /// Goes on with the one that was kept.
    pub async fn go_on(&self) -> Result<()> {
        self.press("resume-go-on").await
    }
}
