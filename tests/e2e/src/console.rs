use crate::{Browser, Hold, Stack};
use anyhow::Result;
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
        let console = Self::open_signed_out(browser, stack).await?;
        browser.marked("sign-in-token").await?.send_keys(&stack.admin_token).await?;
        browser.marked("sign-in").await?.click().await?;
        browser.marked("flag-row-checkout-v2").await?;
        Ok(console)
    }

    /// Opens the console, which asks who is there.
    pub async fn open_signed_out(browser: &'a Browser, stack: &Stack) -> Result<Self> {
        browser.driver.goto(&stack.server).await?;
        let console = Console { browser, address: stack.server.clone() };
        console.asks_who_is_there().await?;
        Ok(console)
    }

    /// Waits until it asks who is there.
    pub async fn asks_who_is_there(&self) -> Result<()> {
        self.browser.marked("sign-in-token").await?;
        Ok(())
    }

    /// Waits until it is somebody's.
    pub async fn is_of(&self, name: &str) -> Result<()> {
        let avatar = format!("return !!document.querySelector('.avatar[title*=\"{name}\"]')");
        self.browser.until(&format!("the console of {name}"), &avatar).await
    }

    /// The console in the window of the desktop app, whatever is there yet.
    pub fn of_window(browser: &'a Browser) -> Self {
        Console { browser, address: "console://localhost".to_owned() }
    }

    /// The same, once it is there.
    pub async fn in_window(browser: &'a Browser) -> Result<Self> {
        browser.shown("[data-test=connection]").await?;
        Ok(Self::of_window(browser))
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
        self.begin(id, reason).await?;
        self.confirmed().await
    }

    /// The same, up to where it would be done.
    pub async fn begin(&self, id: &str, reason: &str) -> Result<()> {
        self.press(id).await?;
        Ok(self.browser.marked("act-reason").await?.send_keys(reason).await?)
    }

    /// Says why in the form that is open, and does it.
    pub(crate) async fn because(&self, reason: &str) -> Result<()> {
        self.browser.marked("act-reason").await?.send_keys(reason).await?;
        self.confirmed().await
    }

    /// Does what was begun, and gives why it is refused.
    pub async fn refused(&self) -> Result<String> {
        self.confirmed().await?;
        Ok(self.browser.marked("act-refused").await?.text().await?)
    }

    /// Does something that asks only whether it is meant.
    pub(crate) async fn confirm(&self, id: &str) -> Result<()> {
        self.press(id).await?;
        self.confirmed().await
    }

    /// Does what the form that is open asks about, once it may be done.
    pub async fn confirmed(&self) -> Result<()> {
        Ok(self.browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?)
    }

    /// Waits for a short report of what was done.
    pub(crate) async fn reported(&self) -> Result<()> {
        self.browser.marked("toast").await?;
        Ok(())
    }

    /// The same, until one says this.
    pub async fn reports(&self, part: &str) -> Result<()> {
        let script = format!(
            "return [...document.querySelectorAll('[data-test=toast]')].some(each => each.textContent.includes('{part}'))"
        );
        self.browser.until(part, &script).await
    }

    /// Puts a report away, which stands over the lower edge of the page until then.
    pub async fn put_report_away(&self) -> Result<()> {
        Ok(self.browser.shown("[data-test=toast] .iconbtn").await?.click().await?)
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

    /// Waits until one of a bar of choices is chosen, with the focus.
    pub(crate) async fn is_chosen(&self, mark: &str) -> Result<()> {
        let script = format!(
            "return document.activeElement?.dataset.test === '{mark}' && document.activeElement.ariaChecked === 'true'"
        );
        self.browser.until(&format!("the focus on {mark}, which is chosen"), &script).await
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
        let hold = Hold::of_the_console(self.browser);
        hold.begin().await?;
        hold.until(&format!("[data-test={mark}]")).await
    }

    /// Opens a flag's page from the list.
    pub async fn flag(&self, key: &str) -> Result<()> {
        self.browser.driver.goto(format!("{}/e/production/flags/{key}", self.address)).await?;
        self.browser.marked("kill-open").await?;
        Ok(())
    }
}
