use crate::{Browser, Hold};
use anyhow::Result;
use thirtyfour::prelude::*;

/// The last resort of the kill control, `/kill`.
#[derive(Debug)]
pub struct KillPage<'a> {
    browser: &'a Browser,
}

impl<'a> KillPage<'a> {
    /// Opens it with what stands in its address after `#`.
    pub async fn open(browser: &'a Browser, server: &str, prepared: &str) -> Result<Self> {
        browser.driver.goto(format!("{server}/kill#{prepared}")).await?;
        Ok(KillPage { browser })
    }

    /// The one that the console has put in its place.
    pub async fn instead_of_the_console(browser: &'a Browser) -> Result<Self> {
        browser.until("the kill page", "return location.pathname === '/kill'").await?;
        browser.shown("#control").await?;
        Ok(KillPage { browser })
    }

    pub async fn sign_in(&self, token: &str) -> Result<()> {
        self.write("token", token).await?;
        self.browser.shown("#sign-in button").await?.click().await?;
        self.browser.shown("#control").await?;
        Ok(())
    }

    pub async fn write(&self, field: &str, text: &str) -> Result<()> {
        self.browser.shown(&format!("#{field}")).await?.send_keys(text).await?;
        Ok(())
    }

    /// What stands in a field.
    pub async fn field(&self, field: &str) -> Result<String> {
        let value = self.browser.driver.execute(format!("return document.querySelector('#{field}').value"), vec![]);
        Ok(value.await?.json().as_str().unwrap_or_default().to_owned())
    }

    /// The text of an element, once it has this in it.
    pub async fn says(&self, id: &str, text: &str) -> Result<()> {
        let script = format!("return document.querySelector('#{id}').textContent.includes({text:?})");
        self.browser.until(&format!("#{id} to say `{text}`"), &script).await
    }

    /// Waits until it asks who is there.
    pub async fn asks_who_is_there(&self) -> Result<()> {
        self.browser.shown("#sign-in").await?;
        Ok(())
    }

    /// Puts another token in the place of one that opened nothing: by keys.
    pub async fn sign_in_again(&self, token: &str) -> Result<()> {
        self.browser.shown("#token").await?.clear().await?;
        self.write("token", token).await?;
        self.browser.driver.action_chain().send_keys(Key::Enter).perform().await?;
        self.browser.shown("#control").await?;
        Ok(())
    }

    /// Waits until the focus is on an element.
    pub async fn is_at(&self, id: &str) -> Result<()> {
        let script = format!("return document.activeElement.id === '{id}'");
        self.browser.until(&format!("the focus on #{id}"), &script).await
    }

    /// Holds the button that kills until the live kill is there.
    pub async fn hold(&self) -> Result<()> {
        let hold = Hold::of_the_last_resort(self.browser);
        hold.begin().await?;
        hold.until("#live").await
    }

    /// Presses the button that kills without a pointer, as a screen reader or a switch does.
    pub async fn press(&self) -> Result<()> {
        self.browser.driver.execute("document.querySelector('#hold').click()", vec![]).await?;
        Ok(())
    }

    /// Waits for the live kill: the page shows it in the place of the control.
    pub async fn live(&self) -> Result<()> {
        self.browser.shown("#live").await?;
        Ok(())
    }
}
