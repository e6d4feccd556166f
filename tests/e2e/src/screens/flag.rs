use crate::Console;
use anyhow::Result;

/// The page of a flag. Its rules are numbered from 1.
#[derive(Debug)]
pub struct FlagPage<'a> {
    console: &'a Console<'a>,
}

impl<'a> FlagPage<'a> {
    /// The one that a console shows, or is led to.
    pub fn of(console: &'a Console<'a>) -> Self {
        FlagPage { console }
    }

    pub async fn open(console: &'a Console<'a>, key: &str) -> Result<Self> {
        console.flag(key).await?;
        Ok(FlagPage { console })
    }

    /// Waits until the console has led to one.
    pub async fn opened(console: &'a Console<'a>) -> Result<Self> {
        console.browser.marked("kill-open").await?;
        Ok(FlagPage { console })
    }

    /// Waits until it says that just these people are there, too.
    pub async fn company(&self, words: &[&str]) -> Result<()> {
        let script = format!(
            "const seen = [...document.querySelectorAll('[data-test=also-here] .also-one')].map(one => one.innerText); \
             const meant = {words:?}; return seen.length === meant.length && meant.every((words, at) => seen[at].includes(words))"
        );
        self.console.browser.until(&format!("company: {words:?}"), &script).await
    }

    /// Waits until it tells of what somebody has published.
    pub async fn news_of(&self, name: &str) -> Result<()> {
        self.console.browser.marked("news").await?;
        let script = format!("return document.querySelector('[data-test=news]').innerText.includes('{name}')");
        self.console.browser.until(&format!("news of {name}"), &script).await
    }

    pub async fn has_rule(&self, rule: usize) -> Result<()> {
        self.console.browser.marked(&format!("rule-{rule}")).await?;
        Ok(())
    }

    pub async fn has_no_rule(&self) -> Result<()> {
        let none = "return !document.querySelector('[data-test=rule-1]')";
        self.console.browser.until("no rule any more", none).await
    }

    /// Follows the link of a rule, which is an address of its own.
    pub async fn link_to_rule(&self, rule: usize) -> Result<()> {
        self.console.click(&format!("rule-{rule}-link")).await?;
        self.names_rule(rule).await
    }

    /// Waits until it shows which rule the address names.
    pub async fn names_rule(&self, rule: usize) -> Result<()> {
        self.console.says(&format!("rule-{rule}"), "named", "true").await
    }

    pub async fn has_in_sight(&self, rule: usize) -> Result<()> {
        let script = format!(
            "const rule = document.querySelector('[data-test=rule-{rule}]').getBoundingClientRect(); \
             return rule.top >= 0 && rule.top < innerHeight"
        );
        self.console.browser.until(&format!("rule {rule} in sight"), &script).await
    }

    /// Waits until its part of the chart has at least so many changes of a flag.
    pub async fn has_changes(&self, flag: &str, count: usize) -> Result<()> {
        self.console.browser.marked("chart-entry").await?;
        let entries = format!("[data-test=chart-entry][data-flag=\"{flag}\"]");
        let script = format!("return document.querySelectorAll('{entries}').length >= {count}");
        self.console.browser.until(&format!("{count} changes of {flag}"), &script).await
    }

    /// What it says of breakers that are open.
    pub async fn open_breaker(&self) -> Result<String> {
        Ok(self.console.browser.marked("breaker-open").await?.text().await?)
    }

    /// What it says of its guards.
    pub async fn guards(&self) -> Result<String> {
        Ok(self.console.browser.marked("flag-guards").await?.text().await?)
    }

    pub async fn has_guard(&self, flag: &str, name: &str) -> Result<()> {
        self.console.browser.shown(&format!("[data-test=flag-guards] [data-test=guard-{flag}-{name}]")).await?;
        Ok(())
    }
}

/// What is asked before a flag is retired.
#[derive(Debug)]
pub struct Retirement<'a> {
    console: &'a Console<'a>,
}

impl<'a> Retirement<'a> {
    /// Opens it from the editor of the flag.
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.click("retire").await?;
        Ok(Retirement { console })
    }

    /// Waits until it says that others are to be asked.
    pub async fn asks_others(&self) -> Result<()> {
        self.console.browser.marked("retire-asks").await?;
        Ok(())
    }

    pub async fn propose(&self, reason: &str) -> Result<()> {
        self.console.write("retire-reason", reason).await?;
        self.console.click("retire-propose").await
    }
}
