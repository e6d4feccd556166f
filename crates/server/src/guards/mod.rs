//! Guards that watch: every closed bucket is judged, and what follows is done by the commands that people have. Decides
//! nothing itself: what a guard says is `downhaul_guard`'s word, and since when it watches follows from the state.

mod act;
mod counters;
mod judge;
mod live;
mod view;

use crate::drivers;
use crate::environment::Environment;
use crate::minutes::now;
use crate::state::AppState;
use downhaul_control::State;
use downhaul_control::guards::{Watch, watches};
use downhaul_store::StoreError;
pub(crate) use judge::{Judge, at};
pub(crate) use live::{Guarded, LiveGuards, in_the_way};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;
pub(crate) use view::{replayed, view};

/// How long after a bucket is closed it is read: whoever was told of it has written it by then.
const WRITTEN: u64 = 3;
/// How often old minutes are removed.
const PRUNE: Duration = Duration::from_secs(600);
/// The least time between two looks.
const LEAST: Duration = Duration::from_millis(250);

/// Watches in every environment that this process leads.
pub(crate) async fn carry_out(state: AppState) {
    drivers::in_every_environment(state, follow).await;
}

async fn follow(state: AppState, environment: Arc<Environment>) {
    let mut judges: BTreeMap<String, Judge> = BTreeMap::new();
    let mut pruned: Option<Instant> = None;
    loop {
        let until = readable(&environment, now());
        let current = environment.current();
        let watches = watches(&current.state, until, environment.minutes().length());
        judges.retain(|id, _| watches.iter().any(|watch| watch.id() == *id));
        for watch in watches {
            let length = environment.minutes().length();
            let new = || Judge::new(&current.state, watch.clone(), length);
            let judge = judges.entry(watch.id()).or_insert_with(new);
            if let Err(error) = look(&state, &environment, &current.state, judge, watch, until).await {
                tracing::warn!(
                    environment = %environment.key(), error = &error as &dyn std::error::Error,
                    "a guard could not read what clients told"
                );
            }
        }
        environment.guards().put(judges.values());
        if pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
            pruned = Some(Instant::now());
            prune(&state, &environment).await;
        }
        wait(&environment).await;
    }
}

/// Until the next bucket can be read. What changes meanwhile changes what is looked at then.
async fn wait(environment: &Environment) {
    let minutes = environment.minutes();
    let (length, late) = (minutes.length(), minutes.grace() + WRITTEN);
    let next = length - now().saturating_sub(late) % length;
    sleep(Duration::from_secs(next).max(LEAST)).await;
}

/// The end of what can be read: buckets that began before are closed, and written.
pub(crate) fn readable(environment: &Environment, now: u64) -> u64 {
    let minutes = environment.minutes();
    let ended = now.saturating_sub(minutes.grace() + WRITTEN);
    ended - ended % minutes.length()
}

async fn look(
    app: &AppState,
    environment: &Arc<Environment>,
    state: &State,
    judge: &mut Judge,
    watch: Watch,
    until: u64,
) -> Result<(), StoreError> {
    judge.follow(state, watch, environment.minutes().length());
    judge.read(environment, until).await?;
    if judge.watch().guard.prometheus.is_some() && judge.next() < until && !judge.has_spoken() {
        // Another replica may have read some of them already.
        judge.problem(counters::fill(app, environment, judge, until).await.err());
        judge.read(environment, until).await?;
    }
    if judge.has_spoken() && judge.watch().acted.is_none() && !judge.watch().guard.is_dry_run() && !judge.is_done() {
        judge.done(act::act(environment, state, judge).await);
    }
    Ok(())
}

/// Removes minutes that are too old for anybody, a few at a time.
async fn prune(state: &AppState, environment: &Environment) {
    let before = now().saturating_sub(state.options().telemetry_kept.as_secs());
    loop {
        match environment.minutes().store().prune_minutes(before).await {
            Ok(0) => return,
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "old telemetry could not be removed");
                return;
            }
        }
    }
}
