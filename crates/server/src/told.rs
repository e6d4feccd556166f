//! What webhook targets were reminded of, kept beside the log: each thing is told once, whatever is restarted in between.

use crate::environment::Environment;
use std::collections::BTreeSet;

/// What is told, as its setting is named.
pub(crate) const REMINDERS: &str = "reminders";

fn setting(environment: &Environment, what: &str) -> String {
    format!("{what}/{}", environment.key())
}

/// The ids of those that were told; `None` where it cannot be known: then nobody is told anything twice.
pub(crate) async fn told(environment: &Environment, what: &str) -> Option<BTreeSet<String>> {
    match environment.log().setting(&setting(environment, what)).await {
        Ok(None) => Some(BTreeSet::new()),
        Ok(Some(bytes)) => Some(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) => {
            tracing::warn!(environment = %environment.key(), %error, "which {what} were told cannot be read");
            None
        }
    }
}

/// Whether it is kept.
pub(crate) async fn keep(environment: &Environment, what: &str, told: &BTreeSet<String>) -> bool {
    let bytes = serde_json::to_vec(told).unwrap_or_default();
    let kept = environment.log().put_setting(&setting(environment, what), &bytes).await;
    if let Err(error) = &kept {
        tracing::warn!(environment = %environment.key(), %error, "which {what} were told cannot be kept");
    }
    kept.is_ok()
}
