use crate::Console;
use anyhow::Result;

/// The proposals that wait for whoever is signed in.
#[derive(Debug)]
pub struct Inbox<'a> {
    console: &'a Console<'a>,
}

impl<'a> Inbox<'a> {
    pub fn of(console: &'a Console<'a>) -> Self {
        Inbox { console }
    }

    /// Waits until so many wait.
    pub async fn waiting(&self, count: usize) -> Result<()> {
        self.console.says("inbox", "waiting", &count.to_string()).await
    }

    /// Opens the list, until this proposal stands in it.
    pub async fn open(&self, id: &str) -> Result<()> {
        self.console.click("inbox").await?;
        self.console.browser.marked(&format!("proposal-row-{id}")).await?;
        Ok(())
    }

    pub async fn choose(&self, id: &str) -> Result<Proposal<'a>> {
        self.console.browser.shown(&format!("[data-test=proposal-row-{id}] a")).await?.click().await?;
        Ok(Proposal::of(self.console))
    }
}

/// A change that others are asked about.
#[derive(Debug)]
pub struct Proposal<'a> {
    console: &'a Console<'a>,
}

impl<'a> Proposal<'a> {
    /// The one that a console shows, or is led to.
    pub fn of(console: &'a Console<'a>) -> Self {
        Proposal { console }
    }

    pub async fn open(console: &'a Console<'a>, id: &str) -> Result<Self> {
        console.page(&format!("/proposals/{id}")).await?;
        Ok(Proposal { console })
    }

    /// Waits until the console has led to this one.
    pub async fn opened(console: &'a Console<'a>, id: &str) -> Result<Self> {
        console.browser.at(&format!("/proposals/{id}")).await?;
        Ok(Proposal { console })
    }

    /// What it would do.
    pub async fn effect(&self) -> Result<String> {
        Ok(self.console.browser.marked("proposal-effect").await?.text().await?)
    }

    pub async fn approve(&self, reason: &str) -> Result<()> {
        self.console.act("approve", reason).await
    }

    pub async fn why_not_approve(&self) -> Result<String> {
        self.console.why_not("approve").await
    }

    /// Lands it; its own reason is reason enough.
    pub async fn land(&self) -> Result<()> {
        self.console.confirm("land").await
    }

    /// Lands it, and says why.
    pub async fn land_because(&self, reason: &str) -> Result<()> {
        self.console.act("land", reason).await
    }

    pub async fn why_not_land(&self) -> Result<String> {
        self.console.why_not("land").await
    }

    /// Waits until so many approvals count.
    pub async fn approvals(&self, count: usize) -> Result<()> {
        self.console.says("approvals-counting", "counting", &count.to_string()).await
    }

    /// Waits until an approval counts no more, and gives what it says of that.
    pub async fn void(&self) -> Result<String> {
        self.console.says("approval", "counts", "false").await?;
        Ok(self.console.browser.marked("approval-void").await?.text().await?)
    }

    /// Waits until it is `open`, `landed`, `rejected` or `withdrawn`.
    pub async fn is(&self, status: &str) -> Result<()> {
        self.console.says("proposal-status", "status", status).await
    }
}
