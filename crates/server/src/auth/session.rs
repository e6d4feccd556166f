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
/// Sooner where a provider vouched for the person, who is asked again then.
const LONGEST_PERSON: Duration = IDLE;
/// The oldest goes when there are more.
const LIMIT: usize = 1000;

/// By what someone is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The token of this id, as long as it is in force.
    Token(String),
    /// Someone who came from the provider, by the opaque id.
    Person(String),
}

/// Who is signed in, by the hash of a random id that only the browser's cookie holds. Kept in memory: a restart signs
/// everyone out.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<BTreeMap<Hash, Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    holder: Holder,
    began: Instant,
    used: Instant,
}

impl Sessions {
    /// Begins a session; gives the cookie's value.
    pub(crate) fn begin(&self, holder: Holder, now: Instant) -> Result<String, getrandom::Error> {
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<32>()?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.is_open(now));
        if open.len() >= LIMIT
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        open.insert(Hash::of(id.as_bytes()), Session { holder, began: now, used: now });
        Ok(id)
    }

    /// By what the session was begun.
    pub(crate) fn holder(&self, cookie: &str, now: Instant) -> Option<Holder> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get_mut(&Hash::of(cookie.as_bytes())).filter(|session| session.is_open(now))?;
        session.used = now;
        Some(session.holder.clone())
    }

    pub(crate) fn end(&self, cookie: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&Hash::of(cookie.as_bytes()));
    }
}

/// What sets the cookie.
pub(crate) fn cookie(id: &str, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={id}; Path=/api; HttpOnly; SameSite=Strict; Max-Age={}{secure}", IDLE.as_secs())
}

impl Session {
    fn is_open(&self, now: Instant) -> bool {
        let longest = match self.holder {
            Holder::Token(_) => LONGEST,
            Holder::Person(_) => LONGEST_PERSON,
        };
        now.duration_since(self.used) < IDLE && now.duration_since(self.began) < longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end() {
        let token = || Holder::Token("token".to_owned());
        let sessions = Sessions::default();
        let start = Instant::now();
        let cookie = sessions.begin(token(), start).unwrap();
        assert_eq!(sessions.holder(&cookie, start), Some(token()));
        assert_eq!(sessions.holder("other", start), None);
        assert_eq!(sessions.holder(&cookie, start + IDLE), None, "unused for too long");

        let cookie = sessions.begin(token(), start).unwrap();
        let mut now = start;
        while now < start + LONGEST - IDLE {
            now += IDLE / 2;
            assert!(sessions.holder(&cookie, now).is_some());
        }
        now += IDLE / 2;
        sessions.holder(&cookie, now);
        assert_eq!(sessions.holder(&cookie, start + LONGEST), None, "open for too long");

        let cookie = sessions.begin(Holder::Person("a-1".to_owned()), start).unwrap();
        assert!(sessions.holder(&cookie, start + IDLE / 2).is_some());
        assert!(sessions.holder(&cookie, start + IDLE).is_none(), "used, but the provider is asked again");

        let cookie = sessions.begin(token(), start).unwrap();
        sessions.end(&cookie);
        assert_eq!(sessions.holder(&cookie, start), None);
    }
}
