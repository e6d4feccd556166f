//! What consoles are told of alarms: in every process, as each has consoles, and one alone writes the ledger.

use super::{LOOK, page};
use crate::environment::Environment;
use crate::state::AppState;
use downhaul_control::api::AlarmView;
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Alarms that go on, for whoever watches.
#[derive(Debug)]
pub(crate) struct Shown {
    /// None while nobody has looked.
    open: watch::Sender<Option<Arc<Vec<AlarmView>>>>,
    moved: Notify,
}

impl Default for Shown {
    fn default() -> Self {
        Shown { open: watch::Sender::new(None), moved: Notify::new() }
    }
}

impl Shown {
    /// Something of them has changed here.
    pub(crate) fn look_again(&self) {
        self.moved.notify_one();
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Option<Arc<Vec<AlarmView>>>> {
        let mut watching = self.open.subscribe();
        // What others who watch were told is new to this one.
        watching.mark_changed();
        self.look_again();
        watching
    }
}

/// Looks while somebody watches: at once where something was done here, and now and then, as another process may have.
pub(crate) async fn show(state: AppState) {
    let mut environments = JoinSet::new();
    for environment in state.environments() {
        let (state, environment) = (state.clone(), Arc::clone(environment));
        environments.spawn(async move {
            loop {
                // Whichever comes first.
                let _ = timeout(LOOK, environment.shown_alarms().moved.notified()).await;
                look(&state, &environment).await;
            }
        });
    }
    while environments.join_next().await.is_some() {}
}

async fn look(state: &AppState, environment: &Environment) {
    let open = &environment.shown_alarms().open;
    let found = if open.receiver_count() == 0 {
        None
    } else {
        // What cannot be read is what it was.
        let Ok(page) = page(state, environment).await else { return };
        Some(page.alarms.into_iter().filter(|alarm| alarm.recovered.is_none()).collect())
    };
    open.send_if_modified(|shown| {
        let is_new = shown.as_deref() != found.as_ref();
        *shown = found.map(Arc::new);
        is_new
    });
}
