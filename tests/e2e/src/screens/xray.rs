use crate::Console;
use anyhow::Result;
use serde_json::Value;

/// What somebody is given, and why.
#[derive(Debug)]
pub struct Xray<'a> {
    console: &'a Console<'a>,
}

impl<'a> Xray<'a> {
    /// The X-ray of a console that shows it.
    pub fn of(console: &'a Console<'a>) -> Self {
        Xray { console }
    }

    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/xray").await?;
        Ok(Xray { console })
    }

    /// Opens the address of an X-ray of a flag.
    pub async fn open_for(console: &'a Console<'a>, flag: &str) -> Result<Self> {
        console.page(&format!("/xray?flag={flag}")).await?;
        Ok(Xray { console })
    }

    /// Opens the address of an X-ray of a flag for a context.
    pub async fn open_with(console: &'a Console<'a>, flag: &str, context: &Value) -> Result<Self> {
        let question = [("flag", flag), ("context", &context.to_string())];
        let url = reqwest::Url::parse_with_params("http://x/", question)?;
        console.page(&format!("/xray?{}", url.query().unwrap_or_default())).await?;
        Ok(Xray { console })
    }

    /// Opens the X-ray of the draft that is edited: `T`. It is out of the field before, where letters are letters.
    pub async fn of_draft(console: &'a Console<'a>) -> Result<Self> {
        console.browser.driver.execute("document.activeElement?.blur()", vec![]).await?;
        console.browser.shown("body").await?.send_keys("t").await?;
        console.browser.marked("trial").await?;
        Ok(Xray { console })
    }

    /// Closes the one of the draft: `T` again.
    pub async fn close(self) -> Result<()> {
        self.console.browser.shown("body").await?.send_keys("t").await?;
        self.console.browser.until("no X-ray", "return !document.querySelector('[data-test=trial]')").await
    }

    /// Waits until it shows what is given.
    pub async fn decides(&self) -> Result<()> {
        self.console.browser.marked("xray-variant").await?;
        Ok(())
    }

    /// Waits until that is given for this reason.
    pub async fn gives(&self, reason: &str) -> Result<()> {
        self.console.says("xray-variant", "reason", reason).await
    }

    /// Waits until that is given for another reason than this one.
    pub async fn gives_other_than(&self, reason: &str) -> Result<()> {
        let script = format!(
            "const given = document.querySelector('[data-test=xray-variant]'); return !!given && given.dataset.reason !== '{reason}'"
        );
        self.console.browser.until(&format!("a decision that is not {reason}"), &script).await
    }

    /// Waits until it says that it is one of then.
    pub async fn is_of_then(&self) -> Result<()> {
        self.console.browser.marked("xray-then").await?;
        Ok(())
    }

    /// Waits until it says of when it is.
    pub async fn is_of(&self, revision: u64) -> Result<()> {
        self.console.says("xray-then", "revision", &revision.to_string()).await
    }

    /// Waits until it asks about this flag for this tenant.
    pub async fn asks(&self, flag: &str, tenant: &str) -> Result<()> {
        let script = format!(
            "return document.querySelector('[data-test=xray-flag]').value === '{flag}' && \
             document.querySelector('[data-test=xray-attribute-tenant]').value.includes('{tenant}')"
        );
        self.console.browser.until("the question that was sent", &script).await
    }

    /// What is said of a flag that is not there.
    pub async fn no_flag(&self) -> Result<String> {
        Ok(self.console.browser.marked("xray-no-flag").await?.text().await?)
    }

    /// Waits until it leads to the first steps, as there is nothing to look through.
    pub async fn leads_to_the_first_steps(&self) -> Result<()> {
        self.console.browser.shown(".empty a[href$='/start']").await?;
        Ok(())
    }
}
