use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use downhaul_control::Hash;
use downhaul_store::{KeptSession, SessionStore};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Holder {
    /// The token of this id, as long as it is in force.
    Token(String),
    /// Someone who came from the provider, by the opaque id.
    Person(String),
}

/// Who is signed in, by the hash of a random id that only the browser's cookie holds.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// With the log: neither a restart nor another replica signs anyone out.
    kept: Arc<dyn SessionStore>,
    /// Those that could not be kept, as on a disk that is full: whoever has to kill something then can still sign in.
    /// They end with the process.
    unkept: Mutex<BTreeMap<Hash, Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    holder: Holder,
    began: Instant,
    used: Instant,
}

impl Sessions {
    pub(crate) fn new(kept: Arc<dyn SessionStore>) -> Sessions {
        Sessions { kept, unkept: Mutex::default() }
    }

    /// Begins a session; gives the cookie's value.
    pub(crate) async fn begin(&self, holder: Holder, now: Instant) -> AppResult<String> {
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<32>().map_err(AppError::internal)?);
        let hash = Hash::of(id.as_bytes());
        let what = serde_json::to_string(&holder).map_err(AppError::internal)?;
        let Err(why) = self.kept.begin_session(&hash.to_string(), &what).await else { return Ok(id) };
        tracing::warn!(%why, "a session cannot be kept: it ends with this process");
        let mut unkept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner);
        unkept.retain(|_, session| session.is_open(now));
        if unkept.len() >= LIMIT
            && let Some(oldest) = unkept.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash)
        {
            unkept.remove(&oldest);
        }
        unkept.insert(hash, Session { holder, began: now, used: now });
        Ok(id)
    }

    /// By what the session was begun.
    pub(crate) async fn holder(&self, cookie: &str, now: Instant) -> AppResult<Option<Holder>> {
        let hash = Hash::of(cookie.as_bytes());
        if let Some(holder) = self.unkept(&hash, now) {
            return Ok(Some(holder));
        }
        let kept = self.kept.session(&hash.to_string()).await.map_err(log_failed)?;
        Ok(kept.and_then(|kept| open_holder(&kept)))
    }

    fn unkept(&self, hash: &Hash, now: Instant) -> Option<Holder> {
        let mut unkept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner);
        let session = unkept.get_mut(hash).filter(|session| session.is_open(now))?;
        session.used = now;
        Some(session.holder.clone())
    }

    pub(crate) async fn end(&self, cookie: &str) -> AppResult<()> {
        let hash = Hash::of(cookie.as_bytes());
        if self.unkept.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash).is_some() {
            return Ok(());
        }
        self.kept.end_session(&hash.to_string()).await.map(drop).map_err(log_failed)
    }
}

/// What sets the cookie.
pub(crate) fn cookie(id: &str, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={id}; Path=/api; HttpOnly; SameSite=Strict; Max-Age={}{secure}", IDLE.as_secs())
}

impl Session {
    fn is_open(&self, now: Instant) -> bool {
        is_open(&self.holder, now.duration_since(self.began), now.duration_since(self.used))
    }
}

/// Whether a session that began and was last used so long ago goes on.
fn is_open(holder: &Holder, age: Duration, idle: Duration) -> bool {
    let longest = match holder {
        Holder::Token(_) => LONGEST,
        Holder::Person(_) => LONGEST_PERSON,
    };
    idle < IDLE && age < longest
}

/// What is kept of someone who is only on the way to the provider is no session.
fn open_holder(kept: &KeptSession) -> Option<Holder> {
    let holder = serde_json::from_str(&kept.what).ok()?;
    is_open(&holder, kept.age, kept.idle).then_some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use downhaul_store::StoreError;

    /// Takes nothing, as where a disk is full.
    #[derive(Debug)]
    struct Full;

    #[async_trait]
    impl SessionStore for Full {
        async fn begin_session(&self, _: &str, _: &str) -> Result<(), StoreError> {
            Err(StoreError::Damaged("no room".to_owned()))
        }
        async fn session(&self, _: &str) -> Result<Option<KeptSession>, StoreError> {
            Ok(None)
        }
        async fn end_session(&self, _: &str) -> Result<Option<KeptSession>, StoreError> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn sessions_that_cannot_be_kept_begin_and_end_all_the_same() {
        let token = || Holder::Token("token".to_owned());
        let sessions = Sessions::new(Arc::new(Full));
        let start = Instant::now();
        let cookie = sessions.begin(token(), start).await.unwrap();
        assert_eq!(sessions.holder(&cookie, start).await.unwrap(), Some(token()));
        assert_eq!(sessions.holder("other", start).await.unwrap(), None);
        assert_eq!(sessions.holder(&cookie, start + IDLE).await.unwrap(), None, "unused for too long");

        let cookie = sessions.begin(token(), start).await.unwrap();
        let mut now = start;
        while now < start + LONGEST - IDLE {
            now += IDLE / 2;
            assert!(sessions.holder(&cookie, now).await.unwrap().is_some());
        }
        now += IDLE / 2;
        sessions.holder(&cookie, now).await.unwrap();
        assert_eq!(sessions.holder(&cookie, start + LONGEST).await.unwrap(), None, "open for too long");

        let cookie = sessions.begin(Holder::Person("a-1".to_owned()), start).await.unwrap();
        assert!(sessions.holder(&cookie, start + IDLE / 2).await.unwrap().is_some());
        assert!(
            sessions.holder(&cookie, start + IDLE).await.unwrap().is_none(),
            "used, but the provider is asked again"
        );

        let cookie = sessions.begin(token(), start).await.unwrap();
        sessions.end(&cookie).await.unwrap();
        assert_eq!(sessions.holder(&cookie, start).await.unwrap(), None);
    }

    #[test]
    fn kept_sessions_end() {
        let kept = |what: &str, hours: u64, idle: u64| KeptSession {
            what: what.to_owned(),
            age: Duration::from_secs(hours * 3_600),
            idle: Duration::from_secs(idle * 3_600),
        };
        let (token, person) = (r#"{"token":"t"}"#, r#"{"person":"a-1"}"#);
        assert_eq!(open_holder(&kept(token, 13, 11)), Some(Holder::Token("t".to_owned())));
        assert_eq!(open_holder(&kept(person, 11, 1)), Some(Holder::Person("a-1".to_owned())));
        for ended in [kept(token, 13, 12), kept(token, 7 * 24, 0), kept(person, 12, 0), kept("{\"attempt\":[]}", 0, 0)]
        {
            assert_eq!(open_holder(&ended), None, "{ended:?}");
        }
    }
}
