//! Which flags the clients of an environment ask for, as they tell; kept beside the log.

use crate::environment::Environment;
use crate::error::AppResult;
use downhaul_control::State;
use downhaul_control::hygiene::Usage;
use downhaul_core::document::ClientKind;
use jiff::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct LiveUsage(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    usage: Usage,
    unsaved: bool,
}

impl LiveUsage {
    /// A client told which flags it was asked for.
    pub(crate) fn told(&self, kind: ClientKind, keys: &[String], state: &State, now: Timestamp) {
        let mut inner = self.locked();
        // Retired ones are left out when it is kept.
        let is_flag = |key: &str| state.touched.contains_key(key);
        inner.usage.told(kind, keys.iter().map(String::as_str), is_flag, now);
        inner.unsaved = true;
    }

    pub(crate) fn now(&self) -> Usage {
        self.locked().usage.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which name it is kept.
fn setting(environment: &Environment) -> String {
    format!("usage/{}", environment.key())
}

/// Takes up what was kept. What cannot be read is told of, and begun anew: that loses how long a flag was not asked for.
pub(crate) async fn take_up(environment: &Environment) {
    let kept = match environment.log().setting(&setting(environment)).await {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(environment = %environment.key(), %error, "which flags were asked for cannot be read");
            return;
        }
    };
    match kept.map(|bytes| serde_json::from_slice::<Usage>(&bytes)) {
        Some(Ok(usage)) => environment.usage().locked().usage = usage,
        Some(Err(error)) => {
            tracing::warn!(environment = %environment.key(), %error, "which flags were asked for cannot be read");
        }
        None => {}
    }
}

/// Keeps what is new. What cannot be kept now is kept later.
pub(crate) async fn save(environment: &Environment) -> AppResult<()> {
    let bytes = {
        let mut inner = environment.usage().locked();
        if !std::mem::take(&mut inner.unsaved) {
            return Ok(());
        }
        let current = environment.current();
        inner.usage.keep(|key| current.state.flag_set.flag(key).is_some());
        serde_json::to_vec(&inner.usage).map_err(crate::error::AppError::internal)?
    };
    let saved = environment.log().put_setting(&setting(environment), &bytes).await;
    if saved.is_err() {
        environment.usage().locked().unsaved = true;
    }
    saved.map_err(crate::environment::log_failed)
}
