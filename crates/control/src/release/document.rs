use super::{Condition, ReleaseKey};
use crate::outcomes::OutcomeMetric;
use crate::runbook::Runbook;
use downhaul_core::document::Reversibility;
use downhaul_core::ids::FlagKey;
use downhaul_core::phase::Shape;
use serde::{Deserialize, Serialize};

/// A release and its way back, as people write it.
///
/// Only what names it has to be there; what else is missing, `downhaul release check` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// A letter or digit, then letters, digits and `. _ / @ : -`; at most 128, such as `checkout-2.4.1`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub key: ReleaseKey,
    /// For people: what it brings.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The team that answers for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// What was put out.
    pub artifact: Artifact,
    /// The last one known to be good, which a rollback puts back; absent for the first release of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Artifact>,
    /// The revision of the configuration that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_revision: Option<u64>,
    /// What it does to stored data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_change: Option<DataChange>,
    /// The flags that turn its features off. Each has to exist in the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub flags: Vec<FlagKey>,
    /// Migrations that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<Migration>,
    /// Caches that may serve the old or the new for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// Jobs in the background that go on whatever is deployed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<BackgroundJob>,
    /// The metrics that prove recovery; the first one counts most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<RecoveryMetric>,
    /// Whether going back is enough to undo it: `rollback-safe` or `forward-fix-only`.
    #[serde(default = "rollback_safe", skip_serializing_if = "is_rollback_safe")]
    #[cfg_attr(feature = "schema", schemars(with = "ReversibilityWord"))]
    pub reversibility: Reversibility,
    /// What to do instead of going back; needed where `reversibility` is `forward-fix-only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_fix: Option<String>,
    /// Seconds within which a rollback should have proved recovery; 300 unless given.
    #[serde(default = "five_minutes", skip_serializing_if = "is_five_minutes")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 86400)))]
    pub objective_seconds: u32,
    /// The webhook target of the server that puts an artifact out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeploy: Option<String>,
    /// The steps back. Without it they follow from the rest of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<Runbook>,
    /// Who is called where a step fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

/// Something that can be deployed, and what proves that it is this and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    pub kind: ArtifactKind,
    /// For `http` the URL; for `oci` registry and repository, perhaps with a tag: `ghcr.io/shop/checkout:2.4.1`.
    pub reference: String,
    /// `sha256:` and 64 lower-case hexadecimal digits: of the file, or of the manifest.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^sha256:[0-9a-f]{64}$")))]
    pub digest: String,
}

/// Where an artifact is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    Http,
    Oci,
}

/// What a release does to stored data, from the harmless to what cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DataChange {
    /// It reads only, or writes as before.
    None,
    /// It writes more, which the old code passes over.
    Additive,
    /// It writes the old and the new form.
    DualWrite,
    /// It writes what only the new code reads.
    NewOnly,
    /// It has effects outside, or removes data.
    Irreversible,
}

/// A migration that the release needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Migration {
    pub name: String,
    /// What the previous artifact makes of the data after it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Of a `migration` flag of this name: the shape of the data that the artifact needs, `old` or `new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<ShapeWord>"))]
    pub needs: Option<Shape>,
}

/// Something that may go on serving what is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cache {
    pub name: String,
    /// For how long after a change it may serve what was before, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = 604800)))]
    pub lag_seconds: Option<u32>,
    /// The webhook target of the server that empties it; without one it expires by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purge: Option<String>,
}

/// Work that goes on in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BackgroundJob {
    pub name: String,
    /// What a person does with it during a rollback, such as `pause the queue orders-v2`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on_rollback: String,
}

/// A query to Prometheus or for outcomes, and what its result has to be, for how long, to prove recovery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecoveryMetric {
    pub name: String,
    /// PromQL that gives one number, or the share of outcomes that failed: `outcomes of checkout-v2 over 60s`.
    pub query: String,
    /// `<`, `<=`, `>`, `>=` or `==` and a number, such as `< 0.01`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub condition: Condition,
    /// For how many seconds it has to hold without a gap.
    #[serde(default = "one_minute")]
    #[cfg_attr(feature = "schema", schemars(range(max = 86400)))]
    pub for_seconds: u32,
}

/// Who is called, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// The webhook target of the server that reaches them.
    pub target: String,
    /// For people: whom it reaches.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact: String,
}

impl Release {
    /// The recovery metric of this name.
    pub fn metric(&self, name: &str) -> Option<&RecoveryMetric> {
        self.recovery.iter().find(|metric| metric.name == name)
    }

    /// What its metrics and stop conditions ask for, with its places.
    pub fn queries(&self) -> impl Iterator<Item = (String, &str)> {
        let recovery = self.recovery.iter().enumerate();
        let recovery = recovery.map(|(index, metric)| (format!("/recovery/{index}/query"), metric.query.as_str()));
        let stop = self.runbook.iter().flat_map(|runbook| runbook.stop.iter().enumerate());
        recovery.chain(stop.map(|(index, stop)| (format!("/runbook/stop/{index}/query"), stop.query.as_str())))
    }

    /// Whether it proves its way back, or stops on it, by the outcomes of a flag.
    pub fn measures(&self, flag: &FlagKey) -> bool {
        let metrics = self.queries().filter_map(|(_, query)| OutcomeMetric::of_query(query));
        metrics.flatten().any(|metric| metric.flag == *flag)
    }

    /// The webhook targets that it names.
    pub fn targets(&self) -> Vec<&str> {
        let mut targets: Vec<&str> = Vec::new();
        let named = self
            .redeploy
            .iter()
            .map(String::as_str)
            .chain(self.caches.iter().filter_map(|cache| cache.purge.as_deref()))
            .chain(self.escalation.iter().map(|escalation| escalation.target.as_str()))
            .chain(self.runbook.iter().flat_map(Runbook::targets));
        for target in named {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }
}

impl Artifact {
    /// In one line, with its digest.
    pub fn words(&self) -> String {
        format!("{} ({})", self.reference, self.digest)
    }
}

/// The words of [`Reversibility`], for the schema.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
enum ReversibilityWord {
    RollbackSafe,
    ForwardFixOnly,
}

/// The words of [`Shape`], for the schema.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
enum ShapeWord {
    Old,
    New,
}

fn rollback_safe() -> Reversibility {
    Reversibility::RollbackSafe
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_rollback_safe(reversibility: &Reversibility) -> bool {
    *reversibility == Reversibility::RollbackSafe
}

fn five_minutes() -> u32 {
    300
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_five_minutes(seconds: &u32) -> bool {
    *seconds == five_minutes()
}

fn one_minute() -> u32 {
    60
}
