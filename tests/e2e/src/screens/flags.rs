use crate::Console;
use anyhow::Result;
use thirtyfour::prelude::*;

/// The list of flags: what is searched, filtered and chosen there.
#[derive(Debug)]
pub struct Flags<'a> {
    console: &'a Console<'a>,
}

impl<'a> Flags<'a> {
    /// The list of a console that shows it, or is led to it.
    pub fn of(console: &'a Console<'a>) -> Self {
        Flags { console }
    }

    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/flags").await?;
        Ok(Flags { console })
    }

    /// Waits until a flag stands in the list.
    pub async fn has(&self, key: &str) -> Result<()> {
        self.console.browser.marked(&format!("flag-row-{key}")).await?;
        Ok(())
    }

    /// Waits until a flag does not stand in the list.
    pub async fn has_not(&self, key: &str) -> Result<()> {
        let script = format!("return !document.querySelector('[data-test=flag-row-{key}]')");
        self.console.browser.until(&format!("a list without {key}"), &script).await
    }

    /// Waits until so many stand in the list.
    pub async fn lists(&self, count: usize) -> Result<()> {
        let script = format!("return document.querySelectorAll('tbody > tr').length === {count}");
        self.console.browser.until(&format!("{count} flags"), &script).await
    }

    /// Waits until a flag is said to be killed.
    pub async fn is_killed(&self, key: &str) -> Result<()> {
        let state = format!("[data-test=flag-row-{key}] [data-test=flag-state][data-state=killed]");
        self.console.browser.shown(&state).await?;
        Ok(())
    }

    /// Opens the page of a flag.
    pub async fn choose(&self, key: &str) -> Result<()> {
        self.console.browser.shown(&format!("[data-test=flag-row-{key}] a")).await?.click().await?;
        let script = format!("return location.pathname.endsWith('/flags/{key}')");
        self.console.browser.until(&format!("the page of {key}"), &script).await
    }

    /// The flag of the row that has the cursor.
    pub async fn at_the_cursor(&self) -> Result<String> {
        let row = self.console.browser.shown("tr.is-focus").await?.attr("data-test").await?.unwrap_or_default();
        Ok(row.trim_start_matches("flag-row-").to_owned())
    }

    /// Goes into the field that searches.
    pub async fn go_to_the_search(&self) -> Result<()> {
        self.console.click("flag-search").await
    }

    /// Types into the field that searches, behind what stands there.
    pub async fn search(&self, words: &str) -> Result<()> {
        Ok(self.console.browser.marked("flag-search").await?.send_keys(words).await?)
    }

    /// Leads from a search to all flags: Escape.
    pub async fn clear_search(&self) -> Result<()> {
        self.search(&Key::Escape.value().to_string()).await
    }

    /// Waits until the address says what is searched, or nothing.
    pub async fn says_in_the_address(&self, query: &str) -> Result<()> {
        let script = format!("return location.search === '{query}'");
        self.console.browser.until(&format!("the address with `{query}`"), &script).await
    }

    /// Saves the filter under a name.
    pub async fn save_filter(&self, name: &str) -> Result<()> {
        self.console.click("save-filter").await?;
        let field = self.console.browser.marked("filter-name").await?;
        field.send_keys(format!("{name}{}", Key::Enter.value())).await?;
        self.console.browser.marked(&format!("saved-{name}")).await?;
        Ok(())
    }

    pub async fn choose_filter(&self, name: &str) -> Result<()> {
        self.console.click(&format!("saved-{name}")).await
    }

    /// Picks the first by keys: `J` and `X`, out of any field.
    pub async fn pick_first(&self) -> Result<()> {
        self.console.browser.shown("h1").await?.click().await?;
        Ok(self.console.browser.shown("body").await?.send_keys("jx").await?)
    }

    pub async fn pick(&self, key: &str) -> Result<()> {
        self.console.click(&format!("pick-{key}")).await
    }

    /// Picks all from the last that was picked to this one: Shift and a click.
    pub async fn pick_up_to(&self, key: &str) -> Result<()> {
        let last = self.console.browser.marked(&format!("pick-{key}")).await?;
        let actions = self.console.browser.driver.action_chain();
        Ok(actions.key_down(Key::Shift).click_element(&last).key_up(Key::Shift).perform().await?)
    }

    /// Waits until so many are picked.
    pub async fn picked(&self, count: usize) -> Result<()> {
        self.console.says("bulk", "chosen", &count.to_string()).await
    }

    /// Gives those that are picked another owner.
    pub async fn give_owner(&self, owner: &str) -> Result<Batch<'a>> {
        self.console.click("bulk-owner").await?;
        self.console.write("bulk-value", owner).await?;
        self.console.click("bulk-take").await?;
        Ok(Batch { console: self.console })
    }
}

/// The same deed for many flags.
#[derive(Debug)]
pub struct Batch<'a> {
    console: &'a Console<'a>,
}

impl Batch<'_> {
    pub async fn because(&self, reason: &str) -> Result<()> {
        self.console.write("batch-reason", reason).await
    }

    pub async fn confirm(&self) -> Result<()> {
        self.console.click("batch-confirm").await
    }

    /// Waits until it says so of a flag: `done`, `refused`, `undone` and so on.
    pub async fn stands(&self, key: &str, standing: &str) -> Result<()> {
        self.console.says(&format!("batch-{key}"), "standing", standing).await
    }

    pub async fn undo(&self) -> Result<()> {
        self.console.click("batch-undo").await
    }

    pub async fn close(self) -> Result<()> {
        self.console.click("batch-close").await
    }
}

/// Flags of another environment, which can be taken over.
#[derive(Debug)]
pub struct Copying<'a> {
    console: &'a Console<'a>,
}

impl<'a> Copying<'a> {
    pub async fn open(console: &'a Console<'a>, from: &str) -> Result<Self> {
        console.page(&format!("/copy?from={from}")).await?;
        Ok(Copying { console })
    }

    /// Waits until this flag differs, and no other.
    pub async fn differs_only(&self, key: &str) -> Result<()> {
        self.console.browser.marked(&format!("differing-{key}")).await?;
        let one = "return document.querySelectorAll('[data-test^=differing-]').length === 1";
        self.console.browser.until("one difference", one).await
    }

    pub async fn pick(&self, key: &str) -> Result<()> {
        self.console.click(&format!("copy-{key}")).await
    }

    /// Has it planned whom that moves.
    pub async fn plan(&self) -> Result<()> {
        self.console.click("copy-plan-go").await?;
        self.console.says("copy-plan", "state", "done").await
    }

    /// Whom a flag moves by that plan.
    pub async fn moves(&self, key: &str) -> Result<String> {
        Ok(self.console.browser.marked(&format!("moves-{key}")).await?.text().await?)
    }

    /// Takes over what is picked.
    pub async fn go(&self) -> Result<Batch<'a>> {
        self.console.click("copy-go").await?;
        Ok(Batch { console: self.console })
    }
}
