//! A database that was put back with PostgreSQL's own tools is older than what clients have: until its epoch is raised they
//! refuse everything that comes from it.

use super::carry::Writer;
use super::{RestoreError, RestoredEnvironment, epoch_after};
use downhaul_control::RestoredBackup;
use downhaul_core::ids::EnvironmentKey;
use downhaul_store::{ChangeLog, DatabaseUrl, PostgresLog, StoreError, load};
use jiff::Timestamp;
use serde::Serialize;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Raise {
    pub database: DatabaseUrl,
    /// Whether nothing changes afterwards but by kills and restores, until someone lifts that.
    pub freeze: bool,
    /// Stands in the chart.
    pub reason: String,
}

/// What it came to.
#[derive(Debug, Clone, Serialize)]
pub struct Raised {
    pub epoch: u64,
    pub epoch_before: u64,
    pub environments: Vec<RestoredEnvironment>,
}

/// Verifies every chart of a database that nobody serves, raises its epoch and charts that.
///
/// # Errors
/// [`StoreError::Served`], [`StoreError::Damaged`]: nothing has changed then.
pub async fn raise(asked: &Raise, now: Timestamp) -> Result<Raised, RestoreError> {
    if asked.reason.trim().is_empty() {
        return Err(RestoreError::MissingReason);
    }
    // Of a database without a log this is its first epoch.
    let (log, turn) = PostgresLog::open(&asked.database, epoch_after(0, None, now)).await?;
    log.refuse_served().await?;
    let mut states = Vec::new();
    for name in log.heads().await?.into_keys() {
        let key = name.parse::<EnvironmentKey>().map_err(|why| StoreError::Damaged(format!("`{name}`: {why}")))?;
        states.push(load(&log, &key).await?.0);
    }
    let before = log.epoch();
    let log = log.raise(epoch_after(before, None, now)).await?;
    let actor = log.admin_tokens().await?.first().map_or_else(|| "system".to_owned(), |token| token.actor.clone());
    let mut environments = Vec::new();
    for mut state in states {
        state.epoch = log.epoch();
        let charted = RestoredBackup { epoch: log.epoch(), epoch_before: before, taken_at: None, replaced: None };
        let writer = Writer::new(&log, state, (&actor, asked.reason.trim()), now)?;
        environments.push(super::environment(writer, charted, None, None, asked.freeze).await?);
    }
    let epoch = log.epoch();
    log.close().await;
    drop(turn);
    Ok(Raised { epoch, epoch_before: before, environments })
}
