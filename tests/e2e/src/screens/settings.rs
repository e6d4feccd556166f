use crate::Console;
use anyhow::{Context, Result};

/// The policy, in a form. Members are named as their fields are: `approvals-critical`.
#[derive(Debug)]
pub struct Policy<'a> {
    console: &'a Console<'a>,
}

impl<'a> Policy<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/settings").await?;
        console.browser.marked("policy-approvals-critical").await?;
        Ok(Policy { console })
    }

    pub async fn write(&self, member: &str, value: &str) -> Result<()> {
        self.console.write(&format!("policy-{member}"), value).await
    }

    /// Waits until something is wrong with the member that a pointer names.
    pub async fn is_wrong(&self, pointer: &str) -> Result<()> {
        self.console.browser.shown(&format!("[data-at='{pointer}'][aria-invalid=true]")).await?;
        Ok(())
    }

    /// What is wrong with it, as it stands beside the field.
    pub async fn problem(&self, pointer: &str) -> Result<String> {
        self.is_wrong(pointer).await?;
        let beside = format!(".policyrow:has([data-at='{pointer}']) .error");
        Ok(self.console.browser.shown(&beside).await?.text().await?)
    }
}

/// The freeze of the environment: where it is called, and what is told of it.
#[derive(Debug)]
pub struct Freeze<'a> {
    console: &'a Console<'a>,
}

impl<'a> Freeze<'a> {
    pub fn of(console: &'a Console<'a>) -> Self {
        Freeze { console }
    }

    /// Freezes the environment from its settings.
    pub async fn begin(&self, reason: &str) -> Result<()> {
        self.console.page("/settings").await?;
        self.console.act("freeze", reason).await?;
        self.console.says("freeze", "frozen", "true").await
    }

    pub async fn end(&self, reason: &str) -> Result<()> {
        self.console.page("/settings").await?;
        self.console.act("unfreeze", reason).await?;
        self.console.says("freeze", "frozen", "false").await
    }

    pub async fn why_not(&self) -> Result<String> {
        self.console.why_not("freeze").await
    }

    /// What whoever comes to change something is told of it, once they are.
    pub async fn told(&self) -> Result<String> {
        Ok(self.console.browser.marked("frozen").await?.text().await?)
    }
}

/// The keys that sign flag sets.
#[derive(Debug)]
pub struct SigningKeys<'a> {
    console: &'a Console<'a>,
}

impl<'a> SigningKeys<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/settings/keys").await?;
        Ok(SigningKeys { console })
    }

    /// Makes another, until clients believe it.
    pub async fn make(&self, reason: &str) -> Result<()> {
        self.console.act("make", reason).await?;
        self.console.browser.shown("[data-standing=believed]").await?;
        Ok(())
    }

    /// Has the other sign, until it does and the first is only believed.
    pub async fn use_other(&self, reason: &str) -> Result<()> {
        let other = self.console.browser.shown("[data-standing=believed]").await?;
        let other = other.attr("data-test").await?.context("a key without a mark")?;
        self.console.act("use", reason).await?;
        // That the first is only believed from then on comes with the same answer.
        self.console.says(&other, "standing", "signs").await
    }

    /// Revokes the one that does not sign any more.
    pub async fn revoke(&self, reason: &str) -> Result<()> {
        self.console.act("revoke", reason).await?;
        self.console.browser.shown("[data-standing=revoked]").await?;
        Ok(())
    }
}

/// The keys by which clients ask.
#[derive(Debug)]
pub struct ClientKeys<'a> {
    console: &'a Console<'a>,
}

impl<'a> ClientKeys<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/settings/clients").await?;
        Ok(ClientKeys { console })
    }

    /// Makes one for pages of these origins, and gives it.
    pub async fn make(&self, name: &str, origins: &str) -> Result<String> {
        self.console.write("key-name", name).await?;
        self.console.write("key-origins", origins).await?;
        self.console.click("key-make").await?;
        Ok(self.console.browser.marked("key-secret").await?.text().await?)
    }
}

/// Backups.
#[derive(Debug)]
pub struct Backups;

impl Backups {
    /// Opens them, until one can be had.
    pub async fn open(console: &Console<'_>) -> Result<Self> {
        console.page("/settings/backup").await?;
        console.browser.marked("backup-download").await?;
        Ok(Backups)
    }
}

/// What concerns this browser alone.
#[derive(Debug)]
pub struct ThisBrowser<'a> {
    console: &'a Console<'a>,
}

impl<'a> ThisBrowser<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/settings/you").await?;
        Ok(ThisBrowser { console })
    }

    pub async fn choose_dark(&self) -> Result<()> {
        self.console.click("theme-dark").await?;
        self.console.browser.until("a dark page", "return document.documentElement.dataset.theme === 'dark'").await
    }

    /// Has the page look as the system does.
    pub async fn choose_system(&self) -> Result<()> {
        self.console.click("theme-system").await?;
        let system = "return document.documentElement.dataset.theme === undefined";
        self.console.browser.until("the system's theme", system).await
    }

    pub async fn choose_utc(&self) -> Result<()> {
        self.console.click("zone-utc").await
    }

    /// Turns single letters off as shortcuts.
    pub async fn turn_letters_off(&self) -> Result<()> {
        self.console.click("letters").await
    }

    /// Waits until what was chosen still is.
    pub async fn is_dark_and_utc(&self) -> Result<()> {
        self.console.browser.shown("[data-test=theme-dark][aria-pressed=true]").await?;
        self.console.browser.shown("[data-test=zone-utc][aria-pressed=true]").await?;
        Ok(())
    }
}
