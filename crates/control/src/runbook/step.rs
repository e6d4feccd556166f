use crate::release::Condition;
use downhaul_core::ids::FlagKey;
use serde::{Deserialize, Serialize};

/// The way back, as ordered steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// In order; each begins when the one before it is done.
    pub steps: Vec<Step>,
    /// A run ends after so many seconds, however far it has come; 3600 unless given.
    #[serde(default = "one_hour", skip_serializing_if = "is_one_hour")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 86400)))]
    pub limit_seconds: u32,
    /// Signs that going on would do harm: the run is held as soon as one shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<StopCondition>,
}

/// One thing to do, what should come of it, and how long it may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StepText", into = "StepText")]
pub struct Step {
    pub what: What,
    /// For people: what is to be seen once it is done.
    pub expect: String,
    /// Seconds after which it has failed.
    pub limit_seconds: u32,
    pub on_failure: OnFailure,
    /// The webhook target that is told if it fails; the release's escalation unless given.
    pub escalate_to: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Kills these flags for everyone, in this order, and waits until every client is dark.
    Kill(Vec<FlagKey>),
    /// Restores what this run killed of these flags, the last killed first.
    Restore(Vec<FlagKey>),
    /// Asks a webhook target to put an artifact out, and waits for its call-back.
    Redeploy { target: String, artifact: Which },
    /// Lets so many seconds pass, such as a cache's lag.
    Wait { seconds: u32 },
    /// Queries a recovery metric of the release until it has held for its time.
    Verify { metric: String },
    /// Asks a webhook target to empty a cache, and waits for its call-back.
    Purge { target: String, cache: String },
    /// A person does it and says so.
    Manual(String),
    /// Tells a webhook target something.
    Escalate { target: String, message: String },
}

/// Which artifact of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The one before the release.
    Previous,
    /// The release's own.
    Own,
}

/// What becomes of the run when a step fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It is held until a person retries the step, skips it, or aborts the run.
    #[default]
    Hold,
    /// It goes on, and cannot end as done.
    Continue,
}

/// A query whose result says that going on would do harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StopCondition {
    pub name: String,
    /// PromQL that gives one number, or the share of outcomes that failed: `outcomes of checkout-v2 over 60s`.
    pub query: String,
    /// The run is held when this holds. No data is not taken for a sign.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub condition: Condition,
}

/// A step as it is written: exactly one of `kill restore redeploy wait verify purge manual escalate`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Step"))]
#[serde(deny_unknown_fields)]
struct StepText {
    /// Flags to kill for everyone; they are put in order, dependents first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    kill: Option<Vec<FlagKey>>,
    /// Flags whose kills by this run are ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    restore: Option<Vec<FlagKey>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redeploy: Option<RedeployText>,
    /// Seconds to let pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<u32>,
    /// The name of one of the release's recovery metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verify: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purge: Option<PurgeText>,
    /// What a person does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manual: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    escalate: Option<EscalateText>,
    /// For people: what is to be seen once it is done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    expect: String,
    /// Seconds after which it has failed; 300 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 86400)))]
    limit_seconds: Option<u32>,
    /// `hold` or `continue`.
    #[serde(default, skip_serializing_if = "is_hold")]
    on_failure: OnFailure,
    /// The webhook target that is told if it fails; the release's escalation unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    escalate_to: Option<String>,
}

/// An artifact put out by a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RedeployText {
    target: String,
    /// `previous` or `own`; `previous` unless given.
    #[serde(default = "previous")]
    artifact: Which,
}

/// A cache emptied by a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct PurgeText {
    target: String,
    cache: String,
}

/// Someone told by a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct EscalateText {
    target: String,
    message: String,
}

impl Step {
    /// How long a step may take that does not say.
    pub const LIMIT_SECONDS: u32 = 300;

    pub fn new(what: What, expect: impl Into<String>) -> Step {
        let (expect, limit_seconds) = (expect.into(), Step::LIMIT_SECONDS);
        Step { what, expect, limit_seconds, on_failure: OnFailure::Hold, escalate_to: None }
    }

    /// The step's kind, as documents write it.
    pub fn kind(&self) -> &'static str {
        match &self.what {
            What::Kill(_) => "kill",
            What::Restore(_) => "restore",
            What::Redeploy { .. } => "redeploy",
            What::Wait { .. } => "wait",
            What::Verify { .. } => "verify",
            What::Purge { .. } => "purge",
            What::Manual(_) => "manual",
            What::Escalate { .. } => "escalate",
        }
    }

    /// What it does, in one line.
    pub fn words(&self) -> String {
        let flags =
            |flags: &[FlagKey]| flags.iter().map(|flag| format!("`{flag}`")).collect::<Vec<_>>().join(", then ");
        match &self.what {
            What::Kill(keys) => format!("kill {}", flags(keys)),
            What::Restore(keys) => format!("restore {}", flags(keys)),
            What::Redeploy { target, artifact: Which::Previous } => {
                format!("redeploy the previous artifact by `{target}`")
            }
            What::Redeploy { target, artifact: Which::Own } => format!("redeploy the release's artifact by `{target}`"),
            What::Wait { seconds } => format!("wait {seconds} s"),
            What::Verify { metric } => format!("verify `{metric}`"),
            What::Purge { target, cache } => format!("purge `{cache}` by `{target}`"),
            What::Manual(text) => format!("by hand: {text}"),
            What::Escalate { target, message } => format!("tell `{target}`: {message}"),
        }
    }

    /// The webhook target that it needs.
    pub fn target(&self) -> Option<&str> {
        match &self.what {
            What::Redeploy { target, .. } | What::Purge { target, .. } | What::Escalate { target, .. } => Some(target),
            What::Kill(_) | What::Restore(_) | What::Wait { .. } | What::Verify { .. } | What::Manual(_) => None,
        }
    }
}

impl Runbook {
    /// Of a run that was never begun.
    pub(super) fn empty() -> Runbook {
        Runbook { steps: Vec::new(), limit_seconds: one_hour(), stop: Vec::new() }
    }

    /// The flags that it kills.
    pub fn killed(&self) -> impl Iterator<Item = &FlagKey> {
        self.steps.iter().flat_map(|step| match &step.what {
            What::Kill(flags) => flags.as_slice(),
            _ => &[],
        })
    }

    /// The webhook targets that it names.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(|step| step.target().into_iter().chain(step.escalate_to.as_deref()))
    }
}

impl TryFrom<StepText> for Step {
    type Error = String;

    fn try_from(text: StepText) -> Result<Step, String> {
        let StepText { kill, restore, redeploy, wait, verify, purge, manual, escalate, .. } = text;
        let given = [
            kill.map(What::Kill),
            restore.map(What::Restore),
            redeploy.map(|RedeployText { target, artifact }| What::Redeploy { target, artifact }),
            wait.map(|seconds| What::Wait { seconds }),
            verify.map(|metric| What::Verify { metric }),
            purge.map(|PurgeText { target, cache }| What::Purge { target, cache }),
            manual.map(What::Manual),
            escalate.map(|EscalateText { target, message }| What::Escalate { target, message }),
        ];
        let mut given = given.into_iter().flatten();
        let (Some(what), None) = (given.next(), given.next()) else {
            return Err(
                "a step has exactly one of `kill restore redeploy wait verify purge manual escalate`".to_owned()
            );
        };
        Ok(Step {
            what,
            expect: text.expect,
            limit_seconds: text.limit_seconds.unwrap_or(Step::LIMIT_SECONDS),
            on_failure: text.on_failure,
            escalate_to: text.escalate_to,
        })
    }
}

impl From<Step> for StepText {
    fn from(step: Step) -> StepText {
        let mut text = StepText {
            expect: step.expect,
            limit_seconds: (step.limit_seconds != Step::LIMIT_SECONDS).then_some(step.limit_seconds),
            on_failure: step.on_failure,
            escalate_to: step.escalate_to,
            ..StepText::default()
        };
        match step.what {
            What::Kill(flags) => text.kill = Some(flags),
            What::Restore(flags) => text.restore = Some(flags),
            What::Redeploy { target, artifact } => text.redeploy = Some(RedeployText { target, artifact }),
            What::Wait { seconds } => text.wait = Some(seconds),
            What::Verify { metric } => text.verify = Some(metric),
            What::Purge { target, cache } => text.purge = Some(PurgeText { target, cache }),
            What::Manual(instructions) => text.manual = Some(instructions),
            What::Escalate { target, message } => text.escalate = Some(EscalateText { target, message }),
        }
        text
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Step {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        StepText::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        StepText::json_schema(generator)
    }
}

fn previous() -> Which {
    Which::Previous
}

fn one_hour() -> u32 {
    3600
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one_hour(seconds: &u32) -> bool {
    *seconds == one_hour()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_hold(on_failure: &OnFailure) -> bool {
    *on_failure == OnFailure::Hold
}
