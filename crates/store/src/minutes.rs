use crate::StoreError;
use async_trait::async_trait;
use downhaul_control::guards::{Cell, FlagMinute};
use downhaul_core::ids::EnvironmentKey;
use std::fmt;
use std::ops::Range;

/// Where minutes of telemetry are kept, beside the log.
#[async_trait]
pub trait MinuteStore: fmt::Debug + Send + Sync + 'static {
    /// Adds minutes to those that are there, all or none. A kill waits for as long: hand over a few hundred at a time.
    async fn add_minutes(&self, environment: &EnvironmentKey, minutes: &[FlagMinute]) -> Result<(), StoreError>;

    /// Those of a flag that began within `began`, in seconds since 1970, oldest first; of several replicas side by side.
    async fn minutes(
        &self,
        environment: &EnvironmentKey,
        flag: &str,
        began: Range<u64>,
    ) -> Result<Vec<FlagMinute>, StoreError>;

    /// Removes some of those that began before; gives how many. Asked again until there are none, it holds nobody up.
    async fn prune_minutes(&self, before: u64) -> Result<u64, StoreError>;
}

/// Minutes that are removed at once.
pub(crate) const PIECE: usize = 256;

pub(crate) fn cells(text: &str) -> Result<Vec<Cell>, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::Damaged(format!("a minute of telemetry: {why}")))
}
