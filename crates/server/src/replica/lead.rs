//! Who acts: runs, rollouts, heartbeats and reminders of an environment are driven by one replica at a time.
//!
//! Two may believe that they lead for a moment, as when a connection is cut. Every action has an id and every event fits
//! the state or is refused, so nothing is done twice by that.

use super::Replica;
use crate::environment::Environment;
use crate::state::AppState;
use downhaul_store::StoreError;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often it is tried to lead, and looked whether this one still does.
const TRY: Duration = Duration::from_secs(1);

/// Leads every environment that nobody else leads, for as long as the server runs.
pub(crate) async fn carry_out(state: AppState) {
    let Some(replica) = state.replica() else { return };
    let mut environments = JoinSet::new();
    for environment in state.environments() {
        environments.spawn(lead(Arc::clone(replica), Arc::clone(environment)));
    }
    while environments.join_next().await.is_some() {}
}

async fn lead(replica: Arc<Replica>, environment: Arc<Environment>) {
    loop {
        let Err(error) = term(&replica, &environment).await;
        // That the database is away is told by whoever hears of changes.
        tracing::debug!(environment = %environment.key(), error = &error as &dyn std::error::Error, "this replica does not lead");
        sleep(TRY).await;
    }
}

/// From being a candidate until that is over.
async fn term(replica: &Replica, environment: &Environment) -> Result<Infallible, StoreError> {
    let mut lead = replica.log.candidate().await?;
    while !lead.take(environment.key()).await? {
        sleep(TRY).await;
    }
    // Whatever the one before has done is known before anything is done.
    environment.catch_up().await?;
    tracing::info!(environment = %environment.key(), "this replica leads");
    let leads = |leads| replica.leader(environment.key(), |leading| _ = leading.send_replace(leads));
    leads(true);
    loop {
        sleep(TRY).await;
        if let Err(error) = lead.hold().await {
            leads(false);
            return Err(error);
        }
    }
}

/// Does something in an environment while this process leads it; where it is the only one, always.
pub(crate) async fn led<F: Future<Output = ()>>(state: &AppState, environment: &Environment, work: impl Fn() -> F) {
    let Some(replica) = state.replica() else { return work().await };
    let mut leading = replica.leading(environment.key());
    loop {
        // Neither ends before the server does.
        if leading.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        tokio::select! {
            () = work() => return,
            ended = leading.wait_for(|leads| !*leads) => if ended.is_err() { return },
        }
    }
}
