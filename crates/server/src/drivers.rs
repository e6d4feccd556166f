//! What the server does by itself, for as long as it runs.

use crate::environment::Environment;
use crate::replica;
use crate::state::AppState;
use crate::task::Task;
use downhaul_control::State;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Follows every environment that this process leads, each in a task of its own.
pub(crate) async fn in_every_environment<F>(
    state: AppState,
    follow: impl Fn(AppState, Arc<Environment>) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut environments = JoinSet::new();
    for environment in state.environments() {
        let (state, environment, follow) = (state.clone(), Arc::clone(environment), follow.clone());
        environments.spawn(async move {
            let work = || follow(state.clone(), Arc::clone(&environment));
            replica::led(&state, &environment, work).await;
        });
    }
    while environments.join_next().await.is_some() {}
}

/// Keeps one task for each that goes on, by its number, those of before the last start too.
pub(crate) async fn drive_each<F>(
    environment: &Environment,
    going_on: impl Fn(&State) -> Vec<u64>,
    drive: impl Fn(u64) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut publications = environment.publications();
    let mut driven: BTreeMap<u64, Task> = BTreeMap::new();
    loop {
        let current = Arc::clone(&publications.borrow_and_update());
        driven.retain(|_, task| !task.is_finished());
        for number in going_on(&current.state) {
            driven.entry(number).or_insert_with(|| Task::spawn(drive(number)));
        }
        if publications.changed().await.is_err() {
            return;
        }
    }
}
