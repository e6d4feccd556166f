use crate::{ChangeLog, StoreError};
use downhaul_control::State;
use downhaul_control::api::VerifyReport;
use downhaul_control::verify::{Verification, Witness};
use downhaul_core::ids::EnvironmentKey;

/// Changes that are read at a time.
const PAGE: u32 = 500;

/// The state of an environment, from its log; with `until` as of that revision.
///
/// # Errors
/// [`StoreError::Damaged`] if the chain does not hold up to there.
pub async fn replay(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    until: Option<u64>,
) -> Result<State, StoreError> {
    let verification = read(log, environment, until).await?;
    verification.into_state().map_err(|fault| StoreError::Damaged(fault.message))
}

/// Replays the whole log of an environment and compares it with what is kept beside it.
pub async fn verify(log: &dyn ChangeLog, environment: &EnvironmentKey) -> Result<VerifyReport, StoreError> {
    let witness = log.head(environment).await?.map(|head| Witness {
        revision: head.revision,
        hash: head.hash,
        document_digest: head.document_digest,
    });
    let mut verification = read(log, environment, None).await?;
    if let Some(witness) = witness {
        verification.compare(&witness);
    }
    Ok(verification.report())
}

async fn read(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    until: Option<u64>,
) -> Result<Verification, StoreError> {
    let mut verification = Verification::new(environment.clone(), log.epoch());
    let mut from = 0;
    loop {
        let page = log.read(environment, from, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        for stored in &page {
            if until.is_some_and(|until| stored.revision > until) {
                return Ok(verification);
            }
            from = stored.revision + 1;
            verification.next(stored);
        }
        if is_last || verification.fault().is_some() {
            return Ok(verification);
        }
    }
}
