use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downhaul_control::Hash;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) const COOKIE: &str = "downhaul_session";
/// A session ends this long after it was last used.
pub(crate) const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// And this long after it began, used or not.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The oldest goes when there are more.
const LIMIT: usize = 1000;

/// Who is signed in, by the hash of a random id that only the browser's cookie holds. Kept in memory: a restart signs
/// everyone out.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<BTreeMap<Hash, Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    token_id: String,
    began: Instant,
    used: Instant,
}

impl Sessions {
    /// Begins a session of the holder of an admin token; gives the cookie's value.
    pub(crate) fn begin(&self, token_id: &str, now: Instant) -> Result<String, getrandom::Error> {
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<32>()?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.is_open(now));
        if open.len() >= LIMIT
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        open.insert(Hash::of(id.as_bytes()), Session { token_id: token_id.to_owned(), began: now, used: now });
        Ok(id)
    }

    /// The id of the admin token that the session was begun with.
    pub(crate) fn holder(&self, cookie: &str, now: Instant) -> Option<String> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get_mut(&Hash::of(cookie.as_bytes())).filter(|session| session.is_open(now))?;
        session.used = now;
        Some(session.token_id.clone())
    }

    pub(crate) fn end(&self, cookie: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&Hash::of(cookie.as_bytes()));
    }
}

impl Session {
    fn is_open(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.began) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end() {
        let sessions = Sessions::default();
        let start = Instant::now();
        let cookie = sessions.begin("token", start).unwrap();
        assert_eq!(sessions.holder(&cookie, start), Some("token".to_owned()));
        assert_eq!(sessions.holder("other", start), None);
        assert_eq!(sessions.holder(&cookie, start + IDLE), None, "unused for too long");

        let cookie = sessions.begin("token", start).unwrap();
        let mut now = start;
        while now < start + LONGEST - IDLE {
            now += IDLE / 2;
            assert!(sessions.holder(&cookie, now).is_some());
        }
        now += IDLE / 2;
        sessions.holder(&cookie, now);
        assert_eq!(sessions.holder(&cookie, start + LONGEST), None, "open for too long");

        let cookie = sessions.begin("token", start).unwrap();
        sessions.end(&cookie);
        assert_eq!(sessions.holder(&cookie, start), None);
    }
}
