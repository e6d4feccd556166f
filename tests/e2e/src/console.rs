use crate::{Browser, Stack};
use anyhow::Result;

/// The console, as an operator uses it. The marks are listed in admin-app/ui/README.md.
#[derive(Debug)]
pub struct Console<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) address: String,
}

impl<'a> Console<'a> {
    /// Opens the console and signs in with the admin token.
    pub async fn open(browser: &'a Browser, stack: &Stack) -> Result<Self> {
        browser.driver.goto(&stack.server).await?;
        browser.marked("sign-in-token").await?.send_keys(&stack.admin_token).await?;
        browser.marked("sign-in").await?.click().await?;
        browser.marked("flag-row-checkout-v2").await?;
        Ok(Console { browser, address: stack.server.clone() })
    }

    /// Opens a flag's page from the list.
    pub async fn flag(&self, key: &str) -> Result<()> {
        self.browser.driver.goto(format!("{}/e/production/flags/{key}", self.address)).await?;
        self.browser.marked("kill-open").await?;
        Ok(())
    }

    /// Kills the flag for everyone: gives a reason and holds the button for as long as it asks.
    pub async fn kill(&self, key: &str, reason: &str) -> Result<()> {
        self.flag(key).await?;
        self.browser.marked("kill-open").await?.click().await?;
        self.browser.marked("kill-reason").await?.send_keys(reason).await?;
        let hold = self.browser.marked("hold-to-kill").await?;
        hold.scroll_into_view().await?;
        let actions = self.browser.driver.action_chain().click_and_hold_element(&hold);
        actions.perform().await?;
        self.browser.marked("clients-dark").await?;
        self.browser.driver.action_chain().release().perform().await?;
        Ok(())
    }

    /// How many clients the console says are dark, once it says at least `count`.
    pub async fn dark(&self, count: usize) -> Result<String> {
        let script =
            format!("return Number(document.querySelector('[data-test=clients-dark]').dataset.dark) >= {count}");
        self.browser.until(&format!("{count} clients dark"), &script).await?;
        Ok(self.browser.marked("clients-dark").await?.text().await?)
    }

    /// Restores the kill whose page is open.
    pub async fn restore(&self, reason: &str) -> Result<()> {
        self.browser.marked("restore").await?.click().await?;
        self.browser.marked("restore-reason").await?.send_keys(reason).await?;
        self.browser.marked("restore-confirm").await?.click().await?;
        Ok(())
    }
}
