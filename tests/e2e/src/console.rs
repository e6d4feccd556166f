use crate::{Browser, Stack};
use anyhow::Result;
use std::path::Path;
use thirtyfour::prelude::*;

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

    /// Has the desktop app start with a control plane of its own.
    pub async fn start_local(browser: &'a Browser) -> Result<Self> {
        browser.shown("html[data-ready]").await?;
        browser.marked("way-local").await?.click().await?;
        Self::in_window(browser).await
    }

    /// Has the desktop app start with this control plane, and the admin token.
    pub async fn start_remote(browser: &'a Browser, stack: &Stack) -> Result<Self> {
        Self::start_remote_as(browser, stack, &stack.admin_token).await
    }

    /// The same with a token of one's own.
    pub async fn start_remote_as(browser: &'a Browser, stack: &Stack, token: &str) -> Result<Self> {
        browser.shown("html[data-ready]").await?;
        browser.marked("address").await?.send_keys(&stack.server).await?;
        browser.marked("token").await?.send_keys(token).await?;
        browser.marked("connect").await?.click().await?;
        browser.marked("flag-row-checkout-v2").await?;
        Self::in_window(browser).await
    }

    /// Has the desktop app start with a folder of flag files.
    pub async fn start_folder(browser: &'a Browser, folder: &Path) -> Result<Self> {
        browser.shown("html[data-ready]").await?;
        browser.marked("path").await?.send_keys(folder.display().to_string()).await?;
        browser.marked("open").await?.click().await?;
        Self::in_window(browser).await
    }

    /// The console in the window of the desktop app, once it is there.
    pub async fn in_window(browser: &'a Browser) -> Result<Self> {
        browser.shown("[data-test=connection]").await?;
        Ok(Console { browser, address: "console://localhost".to_owned() })
    }

    /// Opens the console and signs in with a token of one's own.
    pub async fn open_as(browser: &'a Browser, stack: &Stack, token: &str) -> Result<Self> {
        browser.driver.goto(format!("{}/#token={token}", stack.server)).await?;
        browser.marked("flag-row-checkout-v2").await?;
        Ok(Console { browser, address: stack.server.clone() })
    }

    /// Opens the console of an environment without a flag, and signs in with the admin token.
    pub async fn open_empty(browser: &'a Browser, stack: &Stack) -> Result<Self> {
        browser.driver.goto(format!("{}/#token={}", stack.server, stack.admin_token)).await?;
        browser.marked("guide-open").await?;
        Ok(Console { browser, address: stack.server.clone() })
    }

    /// Puts a text in the place of what stands in a field.
    pub async fn write(&self, mark: &str, text: &str) -> Result<()> {
        let field = self.browser.marked(mark).await?;
        field.scroll_into_view().await?;
        // Clearing a field through the driver tells nobody that it was typed into.
        field.send_keys(format!("{}a{}{}", Key::Control.value(), Key::Null.value(), Key::Delete.value())).await?;
        Ok(field.send_keys(text).await?)
    }

    /// Presses what is marked so, once it may be pressed.
    pub async fn click(&self, mark: &str) -> Result<()> {
        let button = self.browser.shown(&format!("[data-test=\"{mark}\"]:not([aria-disabled=true])")).await?;
        button.scroll_into_view().await?;
        Ok(button.click().await?)
    }

    /// Reads the difference of a definition, says why, and publishes it. Gives what the review said.
    pub async fn publish(&self, reason: &str) -> Result<String> {
        self.review(reason, None).await
    }

    /// As [`Console::publish`], of what may move more than a quarter of everyone, which asks for its name as well.
    pub async fn publish_named(&self, reason: &str, name: &str) -> Result<String> {
        self.review(reason, Some(name)).await
    }

    async fn review(&self, reason: &str, name: Option<&str>) -> Result<String> {
        self.click("review-open").await?;
        let difference = self.browser.marked("difference").await?.text().await?;
        self.write("publish-reason", reason).await?;
        if let Some(name) = name {
            self.write("publish-key", name).await?;
        }
        self.click("publish").await?;
        self.browser.marked("toast").await?;
        Ok(difference)
    }

    /// Opens a page of the example environment, such as `/proposals`.
    pub async fn page(&self, path: &str) -> Result<()> {
        self.go(path).await?;
        self.browser.shown("h1").await?;
        Ok(())
    }

    /// Goes to a page below the environment, whatever is there.
    pub async fn go(&self, path: &str) -> Result<()> {
        Ok(self.browser.driver.goto(format!("{}/e/production{path}", self.address)).await?)
    }

    /// Does something that asks why: opens it once it may be done, says why, and does it.
    pub async fn act(&self, id: &str, reason: &str) -> Result<()> {
        self.press(id).await?;
        self.browser.marked("act-reason").await?.send_keys(reason).await?;
        self.browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
        Ok(())
    }

    /// Does something that asks nothing, or opens what asks, once it may be done.
    pub async fn press(&self, id: &str) -> Result<()> {
        let button = self.browser.shown(&format!("[data-test=act-{id}][aria-disabled=false]")).await?;
        button.scroll_into_view().await?;
        button.click().await?;
        Ok(())
    }

    /// Why something may not be done, once that is said.
    pub async fn why_not(&self, id: &str) -> Result<String> {
        self.browser.shown(&format!("[data-test=act-{id}][aria-disabled=true]")).await?;
        Ok(self.browser.shown(".why-not").await?.text().await?)
    }

    /// Waits until what is marked so has this value of an attribute.
    pub async fn says(&self, mark: &str, attribute: &str, value: &str) -> Result<()> {
        self.browser.shown(&format!("[data-test=\"{mark}\"][data-{attribute}=\"{value}\"]")).await?;
        Ok(())
    }

    /// Waits until this stands in a field.
    pub async fn says_value(&self, field: &str, value: &str) -> Result<()> {
        let script = format!("return document.querySelector('[data-test=\"{field}\"]').value === {value:?}");
        self.browser.until(&format!("`{value}` in {field}"), &script).await
    }

    /// Holds the button that kills for as long as it asks, until `mark` shows what came of it.
    pub async fn hold_until(&self, mark: &str) -> Result<()> {
        let hold = self.browser.shown("[data-test=hold-to-kill][aria-disabled=false]").await?;
        hold.scroll_into_view().await?;
        self.browser.driver.action_chain().click_and_hold_element(&hold).perform().await?;
        self.browser.marked(mark).await?;
        self.browser.driver.action_chain().release().perform().await?;
        Ok(())
    }

    /// Waits until the page of a flag says that just these people are there, too.
    pub async fn company(&self, words: &[&str]) -> Result<()> {
        let script = format!(
            "const seen = [...document.querySelectorAll('[data-test=also-here] .also-one')].map(one => one.innerText); \
             const meant = {words:?}; return seen.length === meant.length && meant.every((words, at) => seen[at].includes(words))"
        );
        self.browser.until(&format!("company: {words:?}"), &script).await
    }

    /// Looks for something in the palette until it is found, and closes the palette.
    pub async fn look_for(&self, query: &str, found: &str) -> Result<()> {
        self.found(query, found).await?.send_keys(Key::Escape.value().to_string()).await?;
        self.browser.until("no palette", "return !document.querySelector('[data-test=palette]')").await
    }

    /// Looks for something in the palette, and takes the first that is found.
    pub async fn choose(&self, query: &str, found: &str) -> Result<()> {
        Ok(self.found(query, found).await?.send_keys(Key::Enter.value().to_string()).await?)
    }

    async fn found(&self, query: &str, found: &str) -> Result<WebElement> {
        self.browser.marked("open-palette").await?.click().await?;
        let field = self.browser.shown("[data-test=palette] input").await?;
        field.send_keys(query).await?;
        let first = "(document.querySelector('#palette-list [role=option][aria-selected=true]')?.innerText ?? '')";
        self.browser
            .until(&format!("{found:?} in the palette"), &format!("return {first}.includes({found:?})"))
            .await?;
        Ok(field)
    }

    /// Waits until a batch says so of a flag.
    pub async fn stands(&self, key: &str, standing: &str) -> Result<()> {
        self.says(&format!("batch-{key}"), "standing", standing).await
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
        self.hold_until("clients-dark").await
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
