use crate::Console;
use anyhow::Result;

/// People, what they may, and their tokens.
#[derive(Debug)]
pub struct People<'a> {
    console: &'a Console<'a>,
}

impl<'a> People<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/people").await?;
        Ok(People { console })
    }

    pub async fn add(&self, name: &str, reason: &str) -> Result<()> {
        self.console.write("person-name", name).await?;
        self.console.write("person-reason", reason).await?;
        self.console.browser.shown("[data-test=person-add][aria-disabled=false]").await?.click().await?;
        Ok(())
    }

    /// Opens what can be changed about the first who was added.
    pub async fn change_first(&self) -> Result<()> {
        Ok(self.console.browser.shown("[data-test^=change-a-]").await?.click().await?)
    }

    /// Grants a role, until it can be taken away again.
    pub async fn grant(&self, role: &str, reason: &str) -> Result<()> {
        self.console.act(&format!("grant-{role}"), reason).await?;
        self.console.browser.marked(&format!("act-take-{role}")).await?;
        Ok(())
    }

    /// Why nothing may be changed about anyone, once that is said.
    pub async fn why_not_change(&self) -> Result<String> {
        self.console.browser.shown("[data-test^=change-a-][aria-disabled=true]").await?;
        Ok(self.console.browser.shown(".why-not").await?.text().await?)
    }

    /// Makes a token to sign in with, and gives it.
    pub async fn make_token(&self, reason: &str) -> Result<String> {
        self.console.act("token", reason).await?;
        Ok(self.console.browser.marked("token-secret").await?.text().await?)
    }

    /// Revokes the first token.
    pub async fn revoke_first_token(&self, reason: &str) -> Result<()> {
        self.console.browser.shown("[data-test^=revoke-]").await?.click().await?;
        self.console.because(reason).await
    }
}
