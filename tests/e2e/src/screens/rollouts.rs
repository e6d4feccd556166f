use crate::{Console, Editor};
use anyhow::Result;

/// All rollouts.
#[derive(Debug)]
pub struct Rollouts<'a> {
    console: &'a Console<'a>,
}

impl<'a> Rollouts<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/rollouts").await?;
        Ok(Rollouts { console })
    }

    /// Begins one of the flag that a search finds.
    pub async fn begin(&self, search: &str, flag: &str) -> Result<RolloutForm<'a>> {
        self.console.click("rollout-begin").await?;
        self.console.write("find-flag", search).await?;
        self.console.click(&format!("roll-out-{flag}")).await?;
        Ok(RolloutForm { console: self.console })
    }

    pub async fn choose(&self, id: &str) -> Result<Rollout<'a>> {
        self.console.browser.shown(&format!("[data-test=rollout-row-{id}] a")).await?.click().await?;
        Ok(Rollout { console: self.console })
    }
}

/// One rollout.
#[derive(Debug)]
pub struct Rollout<'a> {
    console: &'a Console<'a>,
}

impl<'a> Rollout<'a> {
    /// Waits until the console has led to this one.
    pub async fn opened(console: &'a Console<'a>, id: &str) -> Result<Self> {
        console.browser.at(&format!("/rollouts/{id}")).await?;
        Ok(Rollout { console })
    }

    pub async fn pause(&self, reason: &str) -> Result<()> {
        self.console.act("pause", reason).await
    }

    pub async fn step_back(&self, reason: &str) -> Result<()> {
        self.console.act("step-back", reason).await
    }

    pub async fn roll_back(&self, reason: &str) -> Result<()> {
        self.console.act("roll-back", reason).await
    }

    pub async fn why_not_approve(&self) -> Result<String> {
        self.console.why_not("approve").await
    }

    /// Waits until it stands so: `paused`, `rolled-back` and so on.
    pub async fn stands(&self, standing: &str) -> Result<()> {
        self.console.says("rollout-standing", "kind", standing).await
    }

    /// Waits until a stage, from 1, is the current one.
    pub async fn is_at_stage(&self, stage: usize) -> Result<()> {
        self.console.says(&format!("stage-{stage}"), "state", "current").await
    }
}

/// The form that starts a rollout, used by keyboard as far as that goes. Stages are numbered from 1.
#[derive(Debug)]
pub struct RolloutForm<'a> {
    console: &'a Console<'a>,
}

impl<'a> RolloutForm<'a> {
    pub async fn open(console: &'a Console<'a>, flag: &str) -> Result<Self> {
        console.page(&format!("/rollouts/new?flag={flag}")).await?;
        Ok(RolloutForm { console })
    }

    /// Opens it from the flag's page.
    pub async fn open_from_flag(console: &'a Console<'a>, flag: &str) -> Result<Self> {
        console.flag(flag).await?;
        console.click("flag-rollout-start").await?;
        Ok(RolloutForm { console })
    }

    /// The course in words.
    pub async fn course(&self) -> Result<String> {
        Ok(self.console.browser.marked("course-words").await?.text().await?)
    }

    async fn press(&self, button: &str) -> Result<()> {
        Editor::of(self.console).press(button).await
    }

    async fn write(&self, stage: usize, member: &str, text: &str) -> Result<()> {
        self.console.write(&format!("edit-stages-{}-{member}", stage.saturating_sub(1)), text).await
    }

    pub async fn remove_stage(&self, stage: usize) -> Result<()> {
        self.press(&format!("stage-{stage}-remove")).await
    }

    /// Waits until the focus is on what adds a stage.
    pub async fn is_ready_to_add(&self) -> Result<()> {
        let adding = "return document.activeElement?.dataset.test === 'add-stage'";
        self.console.browser.until("the focus on what is next", adding).await
    }

    /// Shows what else can be said of a stage.
    pub async fn more_of_stage(&self, stage: usize) -> Result<()> {
        self.press(&format!("stage-{stage}-more")).await
    }

    /// Has a stage be for a segment alone.
    pub async fn only_for_segment(&self, stage: usize, segment: &str) -> Result<()> {
        self.press(&format!("stage-{stage}-condition-add-segment")).await?;
        Editor::of(self.console).add(&format!("stage-{stage}-condition-1-value"), segment).await
    }

    pub async fn percent(&self, stage: usize, percent: &str) -> Result<()> {
        self.write(stage, "percent", percent).await
    }

    pub async fn bake(&self, stage: usize, number: &str, unit: &str) -> Result<()> {
        self.write(stage, "bake_seconds", number).await?;
        Ok(self.console.browser.marked(&format!("stage-{stage}-unit")).await?.send_keys(unit).await?)
    }

    /// Has so many people asked before a stage.
    pub async fn approvals(&self, stage: usize, count: &str) -> Result<()> {
        self.write(stage, "approvals", count).await
    }

    /// What is wrong with a stage, as it stands beside the field.
    pub async fn problem(&self, stage: usize) -> Result<String> {
        Ok(self.console.browser.shown(&format!("[data-test=stage-{stage}] .error")).await?.text().await?)
    }

    pub async fn has_no_problem(&self) -> Result<()> {
        self.console.browser.until("no problem", "return !document.querySelector('.error')").await
    }

    /// Waits until the draft is kept, so that it is there when the form of this flag is opened the next time.
    pub async fn is_kept(&self, flag: &str) -> Result<()> {
        let kept = format!("return Object.keys(localStorage).some(key => key.includes('~rollout/{flag}'))");
        self.console.browser.until("a draft that is kept", &kept).await
    }

    /// Waits until a stage is for so many.
    pub async fn has_percent(&self, stage: usize, percent: &str) -> Result<()> {
        let field = format!("edit-stages-{}-percent", stage.saturating_sub(1));
        let script = format!("return document.querySelector('[data-test={field}]')?.value === '{percent}'");
        self.console.browser.until(&format!("{percent} % in stage {stage}"), &script).await
    }

    /// Says why, and starts it.
    pub async fn start(&self, reason: &str) -> Result<()> {
        self.console.write("publish-reason", reason).await?;
        self.console.click("start-rollout").await
    }

    /// Says why, and asks others.
    pub async fn propose(&self, reason: &str) -> Result<()> {
        self.console.write("publish-reason", reason).await?;
        self.console.click("propose").await
    }

    /// Why it cannot be started yet.
    pub async fn why_not_start(&self) -> Result<String> {
        Ok(self.console.browser.marked("start-why-not").await?.text().await?)
    }

    /// Waits until it says this of why whoever is signed in may neither start nor propose one: whom to ask comes a moment later.
    pub async fn may_not(&self, why: &str) -> Result<()> {
        Editor::of(self.console).sees("start-may-not", why).await?;
        self.console.browser.shown("[data-test=propose][aria-disabled=true]").await?;
        Ok(())
    }
}
