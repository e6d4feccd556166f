use crate::hash::Hash;
use serde::{Deserialize, Serialize};

/// What the chart keeps of a data folder that was put back from a backup.
///
/// It folds to nothing but that rollouts are paused: the epoch is the log's. It says from where on the chart goes on, and what was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoredBackup {
    /// Of the log from now on; higher than any that clients have seen.
    pub epoch: u64,
    /// Of the log as it was in the backup.
    pub epoch_before: u64,
    /// RFC 3339; absent where the backup does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// What lay in the data folder, where something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
}

/// The end of the chart that a backup was put in place of: it is kept beside the data folder, and no longer in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    pub epoch: u64,
    pub revision: u64,
    /// Of its newest change.
    pub head: Hash,
}
