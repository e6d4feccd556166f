use crate::Console;
use anyhow::Result;
use thirtyfour::Key;

/// All releases.
#[derive(Debug)]
pub struct Releases<'a> {
    console: &'a Console<'a>,
}

impl<'a> Releases<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/releases").await?;
        Ok(Releases { console })
    }

    /// Waits until one is `ready` to be rolled back, or has something `missing`.
    pub async fn readiness(&self, state: &str) -> Result<()> {
        self.console.says("readiness", "state", state).await
    }

    pub async fn choose(&self, key: &str) -> Result<Release<'a>> {
        self.console.browser.shown(&format!("[data-test=\"release-row-{key}\"] a")).await?.click().await?;
        Ok(Release { console: self.console })
    }
}

/// One release, and the way back from it.
#[derive(Debug)]
pub struct Release<'a> {
    console: &'a Console<'a>,
}

impl<'a> Release<'a> {
    pub async fn open(console: &'a Console<'a>, key: &str) -> Result<Self> {
        console.page(&format!("/releases/{key}")).await?;
        Ok(Release { console })
    }

    /// Waits until it says how a flag of it is killed.
    pub async fn kills(&self, flag: &str) -> Result<()> {
        self.console.browser.marked(&format!("kill-order-{flag}")).await?;
        Ok(())
    }

    /// Waits until it says that something is missing.
    pub async fn has_a_finding(&self) -> Result<()> {
        self.console.browser.marked("release-finding").await?;
        Ok(())
    }

    /// What rolling it back would do.
    pub async fn effect(&self) -> Result<String> {
        Ok(self.console.browser.marked("rollback-effect").await?.text().await?)
    }

    /// Rolls it back: gives a reason and holds the button for as long as it asks.
    pub async fn roll_back(&self, reason: &str) -> Result<Run<'a>> {
        self.console.browser.marked("rollback-reason").await?.send_keys(reason).await?;
        self.console.hold_until("run-phase").await?;
        Ok(Run { console: self.console })
    }

    /// The same, with somebody asked before each step: chosen by the arrow keys.
    pub async fn roll_back_by_steps(&self, reason: &str) -> Result<Run<'a>> {
        self.console.browser.marked("pace-straight").await?.send_keys(Key::Right.value().to_string()).await?;
        self.console.is_chosen("pace-step").await?;
        self.roll_back(reason).await
    }
}

/// A runbook that is gone through, in earnest or as a drill. Steps are numbered from 1.
#[derive(Debug)]
pub struct Run<'a> {
    console: &'a Console<'a>,
}

impl<'a> Run<'a> {
    /// The one that a console shows, or is led to.
    pub fn of(console: &'a Console<'a>) -> Self {
        Run { console }
    }

    pub async fn open(console: &'a Console<'a>, id: &str) -> Result<Self> {
        console.page(&format!("/runs/{id}")).await?;
        Ok(Run { console })
    }

    /// Says that a step that people do is done.
    pub async fn confirm(&self) -> Result<()> {
        self.console.press("confirm").await
    }

    /// Has the next step begin.
    pub async fn go(&self) -> Result<()> {
        self.console.press("go").await
    }

    /// Waits until a drill waits for its beginning, and has it begin.
    pub async fn begin(&self) -> Result<()> {
        self.console.says("run-phase", "phase", "awaiting-go").await?;
        self.console.confirm("go").await
    }

    pub async fn skip(&self, reason: &str) -> Result<()> {
        self.console.act("skip", reason).await
    }

    /// Waits until a step is `running`, `done` and so on.
    pub async fn step_is(&self, step: usize, state: &str) -> Result<()> {
        self.console.says(&format!("step-{step}"), "state", state).await
    }

    /// Waits until it has ended so: `done`, `incomplete` and so on.
    pub async fn ended(&self, verdict: &str) -> Result<()> {
        self.console.says("run-phase", "verdict", verdict).await
    }
}
