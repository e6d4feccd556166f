use crate::ids::VariantKey;
use serde::{Deserialize, Serialize};

/// What the control plane watches of a flag, and does where a variant does harm. `None` is the default of
/// docs/reference/document.md. Clients never receive it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guard {
    /// 1 to 64 of `a-z A-Z 0-9 . _ -`, beginning with a letter; once in a flag.
    pub name: String,
    /// What is counted: `outcomes` of the flag, or those of one name that telemetry tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Each outcome of that name is a failure, of so many exposures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_exposure: Option<bool>,
    /// What took longer has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slower_than_ms: Option<u32>,
    /// What took longer than this quantile of the other variant did before has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slower_than: Option<Quantile>,
    /// Counters of Prometheus, in place of a metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusCounters>,
    /// Whether what browsers claim counts, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browsers: Option<bool>,
    /// The variant that is watched.
    pub variant: VariantKey,
    /// The variant that it is held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<VariantKey>,
    /// The share that may fail, where it is held against nobody: above 0, below 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<f64>,
    /// How many times as often as the other it may fail, from 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// And how much more often than that: a share from 0 to 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute: Option<f64>,
    /// How likely it may be that it ever acts on a variant that does no harm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<GuardRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<GuardAction>,
    /// Says what it would do, and does nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Fewer failures prove nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_failed: Option<u32>,
    /// Nor do failures of fewer instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_instances: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantile {
    P50,
    P90,
    P95,
    P99,
}

/// Selectors of counters, in which [`PrometheusCounters::VARIANT`] is the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrometheusCounters {
    pub all: String,
    pub failed: String,
    /// Of the variant that it is held against, where the placeholder does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_all: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_failed: Option<String>,
}

impl PrometheusCounters {
    /// Stands for the variant, in both arms.
    pub const VARIANT: &'static str = "$variant";

    /// What can fail and what failed, of the variant that is watched.
    pub fn of_variant(&self, variant: &str) -> [String; 2] {
        [&self.all, &self.failed].map(|text| text.replace(PrometheusCounters::VARIANT, variant))
    }

    /// Of the one that it is held against.
    pub fn of_other(&self, variant: &str) -> [String; 2] {
        let all = self.against_all.as_ref().unwrap_or(&self.all);
        let failed = self.against_failed.as_ref().unwrap_or(&self.failed);
        [all, failed].map(|text| text.replace(PrometheusCounters::VARIANT, variant))
    }
}

impl Quantile {
    /// The share that is slower, as one in so many.
    pub fn one_in(self) -> u64 {
        match self {
            Quantile::P50 => 2,
            Quantile::P90 => 10,
            Quantile::P95 => 20,
            Quantile::P99 => 100,
        }
    }

    /// As in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Quantile::P50 => "p50",
            Quantile::P90 => "p90",
            Quantile::P95 => "p95",
            Quantile::P99 => "p99",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardRole {
    /// Acts as it says.
    Guardrail,
    /// Only ever pauses a rollout, for somebody to look.
    Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardAction {
    /// Kills the variant.
    Kill,
    /// Takes the rollout a stage back.
    StepBack,
    /// Stops the rollout where it is.
    Pause,
}

impl Guard {
    /// The metric of a guard that names none: outcomes of the flag, as acknowledgements tell them.
    pub const OUTCOMES: &'static str = "outcomes";
    /// The metric of a guard that watches whether the arms are as large as the split says.
    pub const EXPOSURES: &'static str = "exposures";
    /// The guard of that kind that every rollout has of a flag with guards, unless the flag has one itself.
    pub const SAMPLE_RATIO: &'static str = "sample-ratio";
    /// Its level, where the document says none.
    pub const RATIO_LEVEL: f64 = 0.0001;
    pub const RELATIVE: f64 = 1.1;
    pub const ABSOLUTE: f64 = 0.0005;
    pub const LEVEL: f64 = 0.001;
    pub const LEAST_FAILED: u32 = 5;
    pub const LEAST_INSTANCES: u32 = 2;

    /// One of a variant, with everything else as it is where the document says nothing.
    pub fn of(name: String, variant: VariantKey) -> Guard {
        Guard {
            name,
            metric: None,
            per_exposure: None,
            slower_than_ms: None,
            slower_than: None,
            prometheus: None,
            browsers: None,
            variant,
            against: None,
            objective: None,
            relative: None,
            absolute: None,
            level: None,
            role: None,
            action: None,
            dry_run: None,
            least_failed: None,
            least_instances: None,
        }
    }

    /// One that watches the sizes of the arms of a rollout, as every rollout of a flag with guards has one.
    pub fn sample_ratio(variant: VariantKey) -> Guard {
        Guard { metric: Some(Guard::EXPOSURES.to_owned()), ..Guard::of(Guard::SAMPLE_RATIO.to_owned(), variant) }
    }

    /// How likely it may be that it ever acts where nothing is wrong.
    pub fn level(&self) -> f64 {
        self.level.unwrap_or(if self.is_of_ratio() { Guard::RATIO_LEVEL } else { Guard::LEVEL })
    }

    pub fn metric(&self) -> &str {
        self.metric.as_deref().unwrap_or(Guard::OUTCOMES)
    }

    pub fn is_of_ratio(&self) -> bool {
        self.metric() == Guard::EXPOSURES
    }

    pub fn role(&self) -> GuardRole {
        self.role.unwrap_or(GuardRole::Guardrail)
    }

    pub fn action(&self) -> GuardAction {
        // Arms that are not to be trusted say nothing of harm.
        self.action.unwrap_or(match self.role() {
            GuardRole::Guardrail if self.is_of_ratio() => GuardAction::Pause,
            GuardRole::Guardrail => GuardAction::Kill,
            GuardRole::Signal => GuardAction::Pause,
        })
    }

    pub fn is_dry_run(&self) -> bool {
        self.dry_run.unwrap_or(false)
    }

    pub fn counts_browsers(&self) -> bool {
        self.browsers.unwrap_or(false)
    }

    pub fn is_per_exposure(&self) -> bool {
        self.per_exposure.unwrap_or(false)
    }
}

impl GuardAction {
    /// As in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            GuardAction::Kill => "kill",
            GuardAction::StepBack => "step-back",
            GuardAction::Pause => "pause",
        }
    }
}
