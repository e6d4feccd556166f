use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downhaul_control::Hash;
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who has not come back by then begins again.
pub(super) const LIMIT: Duration = Duration::from_secs(10 * 60);
/// The oldest goes when there are more.
const MOST: usize = 10_000;

/// Those who are at the provider, by the hash of a random id that only their browser's cookie holds.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<BTreeMap<Hash, (Instant, Attempt)>>);

/// What has to fit when someone comes back.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(super) state: CsrfToken,
    pub(super) nonce: Nonce,
    pub(super) verifier: PkceCodeVerifier,
}

impl Pending {
    /// The cookie's value.
    pub(super) fn begin(&self, attempt: Attempt, now: Instant) -> Result<String, getrandom::Error> {
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<32>()?);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    pub(super) fn take(&self, cookie: &str, now: Instant) -> Option<Attempt> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, attempt) = open.remove(&Hash::of(cookie.as_bytes()))?;
        (now.duration_since(began) < LIMIT).then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_taken_once_and_in_time() {
        let attempt = || Attempt {
            state: CsrfToken::new("s".to_owned()),
            nonce: Nonce::new("n".to_owned()),
            verifier: PkceCodeVerifier::new("v".to_owned()),
        };
        let (pending, start) = (Pending::default(), Instant::now());
        let id = pending.begin(attempt(), start).unwrap();
        assert!(pending.take("other", start).is_none());
        assert!(pending.take(&id, start).is_some());
        assert!(pending.take(&id, start).is_none(), "twice");
        let id = pending.begin(attempt(), start).unwrap();
        assert!(pending.take(&id, start + LIMIT).is_none(), "too late");
    }
}
