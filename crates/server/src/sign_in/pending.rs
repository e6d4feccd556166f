use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downhaul_control::Hash;
use downhaul_store::{ATTEMPT, PostgresLog, SessionStore};
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who has not come back by then begins again.
pub(super) const LIMIT: Duration = Duration::from_secs(10 * 60);
/// The oldest goes when there are more.
const MOST: usize = 10_000;

/// Those who are at the provider, by the hash of a random id that only their browser's cookie holds.
#[derive(Debug)]
pub(crate) struct Pending {
    open: Mutex<BTreeMap<Hash, (Instant, Attempt)>>,
    /// Where there are replicas: whoever went away at one comes back to any.
    shared: Option<Arc<PostgresLog>>,
}

/// What has to fit when someone comes back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(super) state: CsrfToken,
    pub(super) nonce: Nonce,
    pub(super) verifier: PkceCodeVerifier,
}

impl Pending {
    pub(crate) fn new(shared: Option<Arc<PostgresLog>>) -> Pending {
        Pending { open: Mutex::default(), shared }
    }

    /// The cookie's value.
    pub(super) async fn begin(&self, attempt: Attempt, now: Instant) -> AppResult<String> {
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<32>().map_err(AppError::internal)?);
        if let Some(log) = &self.shared {
            let what = serde_json::to_string(&attempt).map_err(AppError::internal)?;
            log.begin_session(&kept_as(&Hash::of(id.as_bytes())), &what).await.map_err(log_failed)?;
            return Ok(id);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (began, _)| now.duration_since(*began) < LIMIT);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, (began, _))| *began).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        open.insert(Hash::of(id.as_bytes()), (now, attempt));
        Ok(id)
    }

    /// Each can be taken once.
    pub(super) async fn take(&self, cookie: &str, now: Instant) -> AppResult<Option<Attempt>> {
        let hash = Hash::of(cookie.as_bytes());
        if let Some(log) = &self.shared {
            let kept = log.end_session(&kept_as(&hash)).await.map_err(log_failed)?;
            let kept = kept.filter(|kept| kept.age < LIMIT);
            return Ok(kept.and_then(|kept| serde_json::from_str(&kept.what).ok()));
        }
        let taken = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        Ok(taken.and_then(|(began, attempt)| (now.duration_since(began) < LIMIT).then_some(attempt)))
    }
}

fn kept_as(hash: &Hash) -> String {
    format!("{ATTEMPT}{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_attempt_is_taken_once_and_in_time() {
        let attempt = || Attempt {
            state: CsrfToken::new("s".to_owned()),
            nonce: Nonce::new("n".to_owned()),
            verifier: PkceCodeVerifier::new("v".to_owned()),
        };
        let (pending, start) = (Pending::new(None), Instant::now());
        let id = pending.begin(attempt(), start).await.unwrap();
        assert!(pending.take("other", start).await.unwrap().is_none());
        assert!(pending.take(&id, start).await.unwrap().is_some());
        assert!(pending.take(&id, start).await.unwrap().is_none(), "twice");
        let id = pending.begin(attempt(), start).await.unwrap();
        assert!(pending.take(&id, start + LIMIT).await.unwrap().is_none(), "too late");
    }
}
