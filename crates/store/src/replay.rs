use crate::{ChangeLog, StoreError};
use downhaul_control::State;
use downhaul_control::api::VerifyReport;
use downhaul_control::chart::{Index, Leaves, TILE, TreeHead, leaf};
use downhaul_control::verify::{Examined, Verification, Witness};
use downhaul_core::ids::EnvironmentKey;
use std::collections::BTreeSet;
use tokio::task::JoinHandle;

/// Changes that are read at a time.
const PAGE: u32 = 500;

/// The state of an environment, from its log, and the index of its chart.
///
/// # Errors
/// [`StoreError::Damaged`] if the chain does not hold.
pub async fn load(log: &dyn ChangeLog, environment: &EnvironmentKey) -> Result<(State, Index), StoreError> {
    let mut verification = Verification::new(environment.clone(), log.epoch()).keeping_past();
    read(log, environment, &mut verification, None).await?;
    verification.into_parts().map_err(|fault| StoreError::Damaged(fault.message))
}

/// The state of an environment, from its log; with `until` as of that revision.
///
/// # Errors
/// [`StoreError::Damaged`] if the chain does not hold up to there.
pub async fn replay(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    until: Option<u64>,
) -> Result<State, StoreError> {
    let mut verification = Verification::new(environment.clone(), log.epoch()).keeping_past();
    read(log, environment, &mut verification, until).await?;
    verification.into_state().map_err(|fault| StoreError::Damaged(fault.message))
}

/// The state as of a revision, from an earlier one. What only people ask for of the time before is not in it.
///
/// # Errors
/// As for [`replay`].
pub async fn advance(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    from: State,
    until: u64,
) -> Result<State, StoreError> {
    let mut verification = Verification::resume(from);
    read(log, environment, &mut verification, Some(until)).await?;
    verification.into_state().map_err(|fault| StoreError::Damaged(fault.message))
}

/// Replays the whole log of an environment, and compares it with what is kept beside it and with heads that were witnessed.
pub async fn verify(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    heads: &[TreeHead],
) -> Result<VerifyReport, StoreError> {
    let witness = log.head(environment).await?.map(|head| Witness {
        revision: head.revision,
        hash: head.hash,
        document_digest: head.document_digest,
    });
    let mut verification = Verification::new(environment.clone(), log.epoch());
    heads.iter().for_each(|head| verification.expect(head));
    read(log, environment, &mut verification, None).await?;
    if let Some(witness) = witness {
        verification.compare(&witness);
    }
    verification.end();
    Ok(verification.report())
}

/// The leaves of these tiles of a chart.
///
/// # Errors
/// [`StoreError::Damaged`] if a record is missing.
pub async fn leaves(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    tiles: &BTreeSet<u64>,
) -> Result<Leaves, StoreError> {
    let mut leaves = Leaves::new();
    for tile in tiles {
        let first = tile * TILE + 1;
        let records = log.read(environment, first, u32::try_from(TILE).unwrap_or(PAGE)).await?;
        let is_whole = records.iter().zip(first..).all(|(stored, revision)| stored.revision == revision);
        if !is_whole {
            return Err(StoreError::Damaged(format!("a change from revision {first} on is missing")));
        }
        leaves.insert(*tile, records.iter().map(|stored| leaf(&stored.bytes)).collect());
    }
    Ok(leaves)
}

/// Records are looked at by themselves on one thread while those before them are replayed on another.
async fn read(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    verification: &mut Verification,
    until: Option<u64>,
) -> Result<(), StoreError> {
    let mut from = verification.revision() + 1;
    // A record may stand under a number that none should have.
    if from == 1 {
        from = 0;
    }
    let mut ahead = Some(page(log, environment, &mut from, until).await?);
    while let Some(Page { examined, is_last }) = ahead.take() {
        if !is_last {
            ahead = Some(page(log, environment, &mut from, until).await?);
        }
        for examined in
            examined.await.map_err(|why| StoreError::Damaged(format!("a record stopped its reader: {why}")))?
        {
            verification.next_examined(examined);
        }
        if verification.fault().is_some() {
            break;
        }
    }
    Ok(())
}

/// Records of which each is being looked at.
struct Page {
    examined: JoinHandle<Vec<Examined>>,
    is_last: bool,
}

/// The records from a revision on, which moves behind them.
async fn page(
    log: &dyn ChangeLog,
    environment: &EnvironmentKey,
    from: &mut u64,
    until: Option<u64>,
) -> Result<Page, StoreError> {
    let mut page = log.read(environment, *from, PAGE).await?;
    let read = page.len();
    page.retain(|stored| until.is_none_or(|until| stored.revision <= until));
    let is_last = read < PAGE as usize || page.len() < read;
    if let Some(last) = page.last() {
        *from = last.revision + 1;
    }
    let examined = tokio::task::spawn_blocking(|| page.into_iter().map(Examined::of).collect());
    Ok(Page { examined, is_last })
}
