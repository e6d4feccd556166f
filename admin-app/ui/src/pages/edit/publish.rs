//! What leaves the editor.

use crate::backend::{Failure, api};
use crate::hooks::Console;
use crate::state::toasts::Undo;
use downhaul_control::api::PutFlagRequest;
use serde_json::Value;

/// What has come of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Published {
        revision: u64,
        /// How it is taken back; absent for a flag that was made, whose key stays used.
        undo: Option<Box<Undo>>,
        /// What the server remarks.
        warnings: usize,
    },
    Proposed {
        id: String,
        approvals: u32,
    },
}

/// Publishes a definition in the place of another.
///
/// # Errors
/// Why it was refused: nothing has changed then.
pub async fn put(
    console: &Console,
    environment: &str,
    key: &str,
    (flag, before): (Value, Option<Value>),
    revision: u64,
    reason: String,
) -> Result<Outcome, Failure> {
    let request = PutFlagRequest { flag, reason, expected_revision: Some(revision) };
    let changed = api::put_flag(&console.backend, environment, key, &request).await?;
    let revision = changed.position.revision;
    let undo = before
        .filter(|_| changed.change.is_some())
        .map(|before| Box::new(Undo { environment: environment.to_owned(), flag: key.to_owned(), before, revision }));
    Ok(Outcome::Published { revision, undo, warnings: changed.warnings.len() })
}

/// Has others decide about it.
///
/// # Errors
/// Why it was refused.
pub async fn propose(
    console: &Console,
    environment: &str,
    flag: Value,
    revision: u64,
    reason: String,
) -> Result<Outcome, Failure> {
    let proposed = api::propose(&console.backend, environment, &flag, &reason, revision).await?;
    Ok(Outcome::Proposed { id: proposed.proposal.id, approvals: proposed.now.map_or(1, |now| now.quorum) })
}
