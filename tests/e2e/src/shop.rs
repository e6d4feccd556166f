use crate::{Browser, Stack};
use anyhow::{Context, Result};

/// The shop's page, as a visitor sees it.
#[derive(Debug)]
pub struct Shop<'a> {
    browser: &'a Browser,
}

impl<'a> Shop<'a> {
    /// Opens the shop as a visitor, and waits until its flags are live.
    pub async fn open(browser: &'a Browser, stack: &Stack, visitor: &str) -> Result<Self> {
        Self::open_in(browser, stack, visitor, "de").await
    }

    /// The same in a region.
    pub async fn open_in(browser: &'a Browser, stack: &Stack, visitor: &str, region: &str) -> Result<Self> {
        let shop = Shop { browser };
        browser.driver.goto(format!("{}/?visitor={visitor}&tenant=acme&region={region}", stack.shop)).await?;
        shop.live().await?;
        Ok(shop)
    }

    /// Opens the visitor's orders: a page in React that has its flags through OpenFeature.
    pub async fn open_orders(browser: &'a Browser, stack: &Stack, visitor: &str) -> Result<Self> {
        let shop = Shop { browser };
        browser.driver.goto(format!("{}/account.html?visitor={visitor}&tenant=acme&region=de", stack.shop)).await?;
        shop.orders_are("READY").await?;
        Ok(shop)
    }

    /// Waits until OpenFeature says so of its provider.
    pub async fn orders_are(&self, status: &str) -> Result<()> {
        let script = format!("return !!document.querySelector('[data-test=state][data-status={status}]')");
        self.browser.until(&format!("a provider that is {status}"), &script).await
    }

    /// Waits until the client has a stream.
    pub async fn live(&self) -> Result<()> {
        self.browser.until("a live shop", "return !!document.querySelector('[data-test=state].ready')").await
    }

    /// Pays, or tries to, and waits until the page says `outcome`.
    pub async fn pay(&self, outcome: &str) -> Result<()> {
        self.browser.marked("pay").await?.click().await?;
        let script = format!("return document.querySelector('[data-test=paid]').textContent.startsWith({outcome:?})");
        self.browser.until("an answer of the bank", &script).await
    }

    /// Has the bank refuse from now on.
    pub async fn let_the_bank_refuse(&self) -> Result<()> {
        Ok(self.browser.marked("refuse").await?.click().await?)
    }

    /// Waits until the newest kill is kept for the next visit: the client writes after it decides, and the index last.
    pub async fn keeps(&self, stack: &Stack) -> Result<()> {
        const KEPT: &str = r"
            const of = (request) => new Promise((done, not) => {
                request.onsuccess = () => done(request.result);
                request.onerror = () => not(request.error);
            });
            const there = await indexedDB.databases();
            if (!there.some(({ name }) => name === 'downhaul')) return false;
            const base = await of(indexedDB.open('downhaul'));
            try {
                const kept = base.transaction('kept').objectStore('kept');
                const key = (await of(kept.getAllKeys())).find((key) => key.endsWith('/index'));
                if (!key) return false;
                const index = JSON.parse(new TextDecoder().decode(await of(kept.get(key))));
                return index.entries.length > 0 && index.position.kill_revision >= NEWEST;
            } finally {
                base.close();
            }";
        let fleet = stack.admin("GET", "/fleet", None).await?;
        let newest =
            fleet.pointer("/position/kill_revision").and_then(serde_json::Value::as_u64).context("no position")?;
        let script = format!("return (async () => {{ {} }})()", KEPT.replace("NEWEST", &newest.to_string()));
        self.browser.until("a flag set that is kept", &script).await
    }

    /// Waits until the checkout is `one-page` or `three-page`.
    pub async fn checkout(&self, mode: &str) -> Result<()> {
        let script = format!("return document.querySelector('[data-test=checkout]').dataset.mode === '{mode}'");
        self.browser.until(&format!("the {mode} checkout"), &script).await
    }
}
