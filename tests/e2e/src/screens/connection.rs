use crate::Console;
use anyhow::Result;

/// What is told of the connection to the control plane, on every page.
#[derive(Debug)]
pub struct Connection<'a> {
    console: &'a Console<'a>,
}

impl<'a> Connection<'a> {
    pub fn of(console: &'a Console<'a>) -> Self {
        Connection { console }
    }

    /// Waits until all is well.
    pub async fn is_well(&self) -> Result<()> {
        self.console.says("connection", "state", "ok").await
    }

    /// Waits until nothing is told of one: there is none.
    pub async fn is_none(&self) -> Result<()> {
        self.gone("connection").await
    }

    async fn gone(&self, mark: &str) -> Result<()> {
        let script = format!("return !document.querySelector('[data-test={mark}]')");
        self.console.browser.until(&format!("no `{mark}`"), &script).await
    }

    /// What is said while it is lost, once it says how old that is which is seen.
    pub async fn lost(&self) -> Result<String> {
        let age = r"return /What you see is \d+.s old/.test(document.querySelector('[data-test=offline]')?.innerText)";
        self.console.browser.until("how old it is", age).await?;
        Ok(self.console.browser.marked("offline").await?.text().await?)
    }

    /// Waits until it is not told as lost any more.
    pub async fn is_back(&self) -> Result<()> {
        self.gone("offline").await
    }

    /// What stands in the place of the console while its control plane is away at the start. Nobody is asked to sign in.
    pub async fn away(&self) -> Result<String> {
        let said = self.console.browser.marked("away").await?.text().await?;
        self.gone("sign-in-token").await?;
        Ok(said)
    }

    /// Waits until the desktop app offers to start another way while it is away.
    pub async fn away_offers_another_start(&self) -> Result<()> {
        self.console.browser.shown("[data-test=away] a[href='/app/start.html']").await?;
        Ok(())
    }

    /// Asks at once whether it is still away. It may be back by itself while that is pressed.
    pub async fn ask_again(&self) -> Result<()> {
        self.press_if_there("[data-test=away-again]").await
    }

    /// Waits until the page says that it could not be read.
    pub async fn failed(&self) -> Result<()> {
        self.console.browser.shown("main [data-test=again]").await?;
        Ok(())
    }

    /// Asks again for what failed, until the page is there.
    pub async fn read_again(&self) -> Result<()> {
        self.console.click("again").await?;
        self.console.browser.until("the page", "return !document.querySelector('main [data-test=again]')").await
    }

    /// What is said of a page that could not be read again, while the connection is well.
    pub async fn stuck(&self) -> Result<String> {
        Ok(self.console.browser.marked("stuck").await?.text().await?)
    }

    /// Asks again for what could not be read again, until nothing is said of it any more.
    pub async fn mend(&self) -> Result<()> {
        // It may be mended by itself meanwhile.
        self.press_if_there("[data-test=stuck] [data-test=again]").await?;
        self.gone("stuck").await
    }

    async fn press_if_there(&self, button: &str) -> Result<()> {
        let press = format!("document.querySelector('{button}')?.click()");
        self.console.browser.driver.execute(press, vec![]).await?;
        Ok(())
    }
}
