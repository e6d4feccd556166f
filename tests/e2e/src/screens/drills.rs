use crate::Console;
use crate::screens::Run;
use anyhow::Result;

/// All drills, and what is due for one.
#[derive(Debug)]
pub struct Drills<'a> {
    console: &'a Console<'a>,
}

impl<'a> Drills<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/drills").await?;
        Ok(Drills { console })
    }

    /// Waits until a flag is due.
    pub async fn is_due(&self, flag: &str) -> Result<()> {
        self.console.says(&format!("due-flag-{flag}"), "due", "true").await
    }

    /// Calls a drill of a flag.
    pub async fn call(&self, flag: &str, reason: &str) -> Result<Run<'a>> {
        self.console.click(&format!("drill-flag-{flag}")).await?;
        self.console.because(reason).await?;
        Ok(Run::of(self.console))
    }

    /// Waits until a run stands in the list.
    pub async fn lists(&self, run: &str) -> Result<()> {
        self.console.browser.marked(&format!("drill-row-{run}")).await?;
        Ok(())
    }
}

/// What came of a drill.
#[derive(Debug)]
pub struct Drill<'a> {
    console: &'a Console<'a>,
}

impl<'a> Drill<'a> {
    pub async fn open(console: &'a Console<'a>, run: &str) -> Result<Self> {
        console.page(&format!("/drills/{run}")).await?;
        Ok(Drill { console })
    }

    /// Waits until it has `passed` and so on.
    pub async fn has(&self, outcome: &str) -> Result<()> {
        self.console.says("drill-outcome", "outcome", outcome).await
    }

    /// Notes that a step was confusing, and gives what the review says then.
    pub async fn note_a_confusing_step(&self, what: &str) -> Result<String> {
        self.console.act("review-step", what).await?;
        Ok(self.console.browser.marked("drill-review").await?.text().await?)
    }
}
