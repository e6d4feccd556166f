//! Which flags someone should look at, from the chart and from what clients tell.

use crate::admin::state_at;
use crate::environment::{Environment, Publication, log_failed};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use downhaul_control::hygiene::{Facts, SoleSince, Stale, Usage, stale};
use downhaul_control::policy::Hygiene;
use downhaul_control::{Record, State as PastState};
use downhaul_core::ids::{FlagKey, VariantKey};
use downhaul_store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Changes that are read at a time.
const PAGE: u32 = 500;

/// What was found.
pub(crate) struct Looked {
    pub(crate) publication: Arc<Publication>,
    pub(crate) limits: Hygiene,
    pub(crate) stale: Vec<Stale>,
    pub(crate) usage: Usage,
}

/// Looks through all flags of an environment. One look at a time: it may have to read many changes.
pub(crate) async fn look(
    state: &AppState,
    environment: &Environment,
    limits: Option<Hygiene>,
    now: Timestamp,
) -> AppResult<Looked> {
    let _turn = environment.looking().lock().await;
    let publication = environment.current();
    let limits = limits.unwrap_or_else(|| publication.state.policy.hygiene.clone());
    let (sole, then) = sole(state, environment, &publication, limits.one_variant_days.get(), now).await?;
    let settled = if limits.idle_days == limits.one_variant_days {
        then
    } else {
        let past = past(state, environment, limits.idle_days.get(), now).await?;
        past.map(|past| past.flag_set.flags.iter().map(|flag| flag.key.clone()).collect()).unwrap_or_default()
    };
    let usage = environment.usage().now();
    let facts = Facts { usage: &usage, settled: &settled, sole: &sole };
    let stale = stale(&publication.state, &limits, facts, now);
    Ok(Looked { publication, limits, stale, usage })
}

/// The state of so many days ago; `None` where the chart is younger.
async fn past(state: &AppState, environment: &Environment, days: u32, now: Timestamp) -> AppResult<Option<PastState>> {
    let then = now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).map_err(AppError::internal)?;
    let revision = environment.chart().revision_at(then);
    if revision == 0 { Ok(None) } else { state_at(state, environment, revision).await.map(Some) }
}

/// The flags that have given everyone one variant for so many days, and all flags of then.
async fn sole(
    state: &AppState,
    environment: &Environment,
    publication: &Arc<Publication>,
    days: u32,
    now: Timestamp,
) -> AppResult<(BTreeMap<FlagKey, VariantKey>, BTreeSet<FlagKey>)> {
    let Some(past) = past(state, environment, days, now).await? else { return Ok(Default::default()) };
    let newest = publication.position().revision;
    let mut from = past.flag_set.revision + 1;
    let current = Arc::clone(publication);
    let begun = spawn_blocking(move || SoleSince::new(past, &current.state));
    let mut sole = begun.await.map_err(AppError::internal)?;
    while from <= newest && !sole.is_settled() {
        let page = state.log().read(environment.key(), from, PAGE).await.map_err(log_failed)?;
        let page: Vec<_> = page.into_iter().take_while(|stored| stored.revision <= newest).collect();
        let Some(last) = page.last() else { break };
        from = last.revision + 1;
        sole = spawn_blocking(move || {
            for stored in page {
                let revision = stored.revision;
                let damaged = |why| StoreError::Damaged(format!("revision {revision} cannot be read: {why}"));
                sole.take(Record::read(stored.bytes).map_err(damaged)?);
            }
            Ok::<SoleSince, StoreError>(sole)
        })
        .await
        .map_err(AppError::internal)?
        .map_err(log_failed)?;
    }
    Ok(sole.finish())
}
