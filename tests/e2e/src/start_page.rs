use crate::{Browser, Console};
use anyhow::Result;
use std::path::Path;

/// Where the desktop app asks with what it is to start.
#[derive(Debug)]
pub struct StartPage<'a> {
    browser: &'a Browser,
}

impl<'a> StartPage<'a> {
    /// Waits until the app asks.
    pub async fn opened(browser: &'a Browser) -> Result<Self> {
        browser.shown("html[data-ready]").await?;
        Ok(StartPage { browser })
    }

    async fn click(&self, mark: &str) -> Result<()> {
        Ok(self.browser.marked(mark).await?.click().await?)
    }

    /// Has the app start with a control plane of its own.
    pub async fn local(&self) -> Result<Console<'a>> {
        self.click("way-local").await?;
        Console::in_window(self.browser).await
    }

    /// Has the app start with a control plane elsewhere.
    pub async fn remote(&self, server: &str, token: &str) -> Result<Console<'a>> {
        self.browser.marked("address").await?.send_keys(server).await?;
        self.browser.marked("token").await?.send_keys(token).await?;
        self.click("connect").await?;
        self.browser.marked("flag-row-checkout-v2").await?;
        Console::in_window(self.browser).await
    }

    /// Has the app start with a folder of flag files.
    pub async fn folder(&self, folder: &Path) -> Result<Console<'a>> {
        self.browser.marked("path").await?.send_keys(folder.display().to_string()).await?;
        self.open_folder().await
    }

    /// Asks the system for a folder.
    pub async fn pick_folder(&self) -> Result<()> {
        self.click("pick").await
    }

    /// Waits until this folder was picked.
    pub async fn has_picked(&self, folder: &Path) -> Result<()> {
        let picked = format!("return document.querySelector('[data-test=path]').value === '{}'", folder.display());
        self.browser.until("the folder that was picked", &picked).await
    }

    /// Has the app start with the folder that was picked.
    pub async fn open_folder(&self) -> Result<Console<'a>> {
        self.click("open").await?;
        Console::in_window(self.browser).await
    }

    /// What is said of a keychain that is not there.
    pub async fn keychain(&self) -> Result<String> {
        Ok(self.browser.marked("keychain").await?.text().await?)
    }
}
