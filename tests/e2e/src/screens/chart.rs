use crate::Console;
use crate::screens::Xray;
use anyhow::Result;

/// All that has changed, the newest first.
#[derive(Debug)]
pub struct Chart<'a> {
    console: &'a Console<'a>,
}

impl<'a> Chart<'a> {
    /// The chart of a console that shows it, or is led to it.
    pub fn of(console: &'a Console<'a>) -> Self {
        Chart { console }
    }

    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/chart").await?;
        Ok(Chart { console })
    }

    /// Opens the address of a change.
    pub async fn open_at(console: &'a Console<'a>, revision: u64) -> Result<Self> {
        console.page(&format!("/chart/{revision}")).await?;
        Ok(Chart { console })
    }

    /// What the newest change says.
    pub async fn newest(&self) -> Result<String> {
        Ok(self.console.browser.marked("chart-entry").await?.text().await?)
    }

    /// Chooses the newest kill, which has an address of its own.
    pub async fn choose_kill(&self) -> Result<()> {
        self.console.browser.shown("[data-test=chart-entry][data-type=kill]").await?.click().await?;
        self.is_at_a_change().await
    }

    /// Chooses a change, which has an address of its own.
    pub async fn choose(&self, revision: u64) -> Result<()> {
        let entry = format!("[data-test=chart-entry][data-revision=\"{revision}\"]");
        self.console.browser.shown(&entry).await?.click().await?;
        let at = format!("return location.pathname.endsWith('/{revision}')");
        self.console.browser.until(&format!("the address of revision {revision}"), &at).await
    }

    /// Waits until the address is one of a change.
    pub async fn is_at_a_change(&self) -> Result<()> {
        let at = "return /[/]chart[/][0-9]+$/.test(location.pathname)";
        self.console.browser.until("the address of a change", at).await
    }

    /// What the change says that is chosen.
    pub async fn chosen(&self) -> Result<String> {
        Ok(self.console.browser.shown("[data-test=chart-entry][aria-current=true]").await?.text().await?)
    }

    /// Waits until this change is chosen.
    pub async fn has_chosen(&self, revision: u64) -> Result<()> {
        let entry = format!("[data-test=chart-entry][data-revision='{revision}'][aria-current=true]");
        self.console.browser.shown(&entry).await?;
        Ok(())
    }

    /// What is said of an address of a change that is not there.
    pub async fn not_there(&self) -> Result<String> {
        Ok(self.console.browser.marked("chart-not-there").await?.text().await?)
    }

    /// Waits until these words stand on the page.
    pub async fn tells(&self, words: &str) -> Result<()> {
        let script = format!("return document.body.innerText.includes({words:?})");
        self.console.browser.until(&format!("{words:?} in the chart"), &script).await
    }

    /// Looks through the flags as they were at the change that is chosen.
    pub async fn travel(&self) -> Result<Xray<'a>> {
        self.console.click("travel").await?;
        Ok(Xray::of(self.console))
    }

    /// Asks for the chart as a file.
    pub async fn export(&self) -> Result<()> {
        self.console.click("chart-export").await
    }

    /// What is said of the beats of a heartbeat, once at least `count` of them stand in one line, and just one other change of
    /// its flag beside it.
    pub async fn beats(&self, flag: &str, count: usize) -> Result<String> {
        let script = format!(
            "return document.querySelectorAll('[data-test=chart-beats]').length === 1 && \
             Number(document.querySelector('[data-test=chart-beats]').dataset.count) >= {count} && \
             document.querySelectorAll('[data-test=chart-entry][data-flag={flag}]').length === 1"
        );
        self.console.browser.until(&format!("{count} beats in one line"), &script).await?;
        Ok(self.console.browser.marked("chart-beats").await?.text().await?)
    }

    /// Opens the line of the heartbeat, until each beat of it is there.
    pub async fn open_beats(&self) -> Result<()> {
        self.console.click("chart-beats-open").await?;
        let each = "const run = document.querySelector('[data-test=chart-beats]'); \
                    return document.querySelectorAll('.beatrun [data-test=chart-entry]').length === Number(run.dataset.count)";
        self.console.browser.until("each of the beats", each).await
    }

    /// Leaves out what the control plane has done itself, until the page says how much that is and shows the rest: more than
    /// `count` changes.
    pub async fn only_by_people(&self, count: usize) -> Result<()> {
        self.console.click("chart-by-people").await?;
        let script = format!(
            "return !document.querySelector('[data-test=chart-beats]') && \
             document.querySelectorAll('[data-test=chart-entry]').length > {count} && \
             /[1-9]\\d* by the control plane itself left out/.test(document.querySelector('[data-test=chart-count]').innerText)"
        );
        self.console.browser.until("only what people did, and how much that leaves out", &script).await
    }
}
