//! What the parts of the app share.

use crate::control_plane::{ControlPlane, NoControlPlane};
use crate::folder;
use crate::orders::Page;
use crate::radius::Hands;
use crate::way::{Places, Way};
use axum::Router;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::AbortHandle;

#[derive(Debug)]
pub struct Desk {
    pub places: Places,
    /// The console's files.
    pub console: Router,
    standing: watch::Sender<Standing>,
    pub page: Mutex<Page>,
    /// What a page listens to, by the number that it gave.
    pub subscriptions: Mutex<BTreeMap<u32, AbortHandle>>,
    /// What works out blast radii for a page, by the number that it gave.
    pub hands: Mutex<BTreeMap<u32, Hands>>,
    /// What runs beside as long as the way is taken.
    beside: Mutex<Vec<AbortHandle>>,
    folder: Mutex<Option<folder::Writing>>,
}

#[derive(Debug, Clone)]
pub enum Standing {
    /// The control plane is on its way; whoever asks waits.
    Opening,
    /// Nobody has chosen a way, or the chosen one leads nowhere, and why.
    Choosing(Option<NoControlPlane>),
    Open {
        way: Way,
        plane: Arc<ControlPlane>,
    },
}

impl Desk {
    pub fn new(places: Places, console: Router) -> Self {
        Desk {
            places,
            console,
            standing: watch::Sender::new(Standing::Opening),
            page: Mutex::default(),
            subscriptions: Mutex::default(),
            hands: Mutex::default(),
            beside: Mutex::default(),
            folder: Mutex::default(),
        }
    }

    /// How it stands, once that is decided.
    pub async fn standing(&self) -> Standing {
        let mut standing = self.standing.subscribe();
        match standing.wait_for(|standing| !matches!(standing, Standing::Opening)).await {
            Ok(standing) => standing.clone(),
            // The sender lives as long as this does.
            Err(_) => Standing::Choosing(None),
        }
    }

    pub fn stand(&self, standing: Standing) {
        self.standing.send_replace(standing);
    }

    /// Ends with the way that is taken now.
    pub fn beside(&self, task: AbortHandle) {
        locked(&self.beside).push(task);
    }

    pub fn keep_in_step(&self, writing: Option<folder::Writing>) {
        *locked(&self.folder) = writing;
    }

    /// Leaves the way that is taken: nothing that was acknowledged is lost.
    pub async fn leave(&self) {
        for task in std::mem::take(&mut *locked(&self.beside)) {
            task.abort();
        }
        self.forget_subscriptions();
        let before = self.standing.send_replace(Standing::Opening);
        let writing = locked(&self.folder).take();
        if let Some(writing) = writing {
            writing.finish().await;
        }
        if let Standing::Open { plane, .. } = before {
            plane.close().await;
        }
    }

    pub fn forget_subscriptions(&self) {
        for (_, task) in std::mem::take(&mut *locked(&self.subscriptions)) {
            task.abort();
        }
    }
}

/// The value; a thread that panicked while it held it has left it whole.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
