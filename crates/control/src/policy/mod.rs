//! What an environment allows, and what it asks a second person about: a document of its own, changed only by
//! [`crate::Command::PutPolicy`].

mod automatic;
mod difference;
mod heartbeat;
mod hygiene;
mod limit;
mod read;
mod sample;
mod schema;

pub use automatic::{Automatic, Telling};
pub(crate) use difference::difference;
pub use heartbeat::Heartbeat;
pub use hygiene::Hygiene;
pub use limit::Limit;
pub(crate) use read::problems;
pub use read::read;
pub use sample::{Sample, SampledAttribute};
pub use schema::json_schema;

use crate::api::PopulationName;
use downhaul_blast::plan::Budget;
use serde::{Deserialize, Serialize};

/// The policy of an environment. What a document leaves out is as [`Policy::default`] says.
///
/// [`read`] reads one that a person wrote, and says where it is wrong; deserialising is for what was checked before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Kills in force at the same time. All of them must fit into 64 KiB for a client.
    pub kills: Limit<100, 2000, 500>,
    /// Longest reason, in bytes.
    pub reason: Limit<100, 20_000, 2000>,
    pub approvals: Approvals,
    /// What one change may move before it needs approval. The same document is a file for `downhaul plan --budget`.
    #[serde(skip_serializing_if = "Budget::is_empty")]
    pub budget: Budget,
    /// The population that the budget is judged by, where the server holds it; else only what is known exactly counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationName>,
    /// What a sample of the live population may hold. Absent: nothing is sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Days after which a drill no longer counts.
    pub drill_days: Limit<1, 3650, 90>,
    /// Absent: nothing beats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Heartbeat>,
    /// Hours after which a backup is too old, which is an alarm. Absent: nobody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_hours: Option<Limit<1, 8_760, 24>>,
    /// When a flag is one that someone should look at, and who is told.
    #[serde(skip_serializing_if = "Hygiene::is_default")]
    pub hygiene: Hygiene,
    /// How many kills the control plane may make by itself.
    #[serde(skip_serializing_if = "Automatic::is_default")]
    pub automatic: Automatic,
    /// How much clients tell of the use of flags.
    #[serde(skip_serializing_if = "Telling::is_default")]
    pub telemetry: Telling,
}

/// How many people other than the author have to approve, by what a change is. Where several apply, the largest counts.
///
/// A kill is not among them: it never waits for anyone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// Any change of a definition.
    pub change: Quorum<0>,
    /// A change that reaches a critical flag.
    pub critical: Quorum<0>,
    /// A change that moves more than the budget allows, or of which that cannot be said.
    pub over_budget: Quorum<1>,
    /// A restore.
    pub restore: Quorum<0>,
    /// A restore of a critical flag.
    pub critical_restore: Quorum<0>,
    /// A change that gives back what an earlier revision had, instead of `change`. Absent: as any other change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revert: Option<Quorum<0>>,
    /// A change of this policy.
    pub policy: Quorum<0>,
    /// Whether an author's own approval counts.
    #[serde(rename = "self")]
    pub by_author: bool,
}

/// How many have to approve.
pub type Quorum<const DEFAULT: u32> = Limit<0, 10, DEFAULT>;
