use crate::StoreError;
use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

/// Who is signed in to the console, and who is on the way, beside the log.
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps a session under the hash of what only a browser holds. The longest unused go when there are many.
    async fn begin_session(&self, hash: &str, what: &str) -> Result<(), StoreError>;

    /// Looks a session up, which counts as a use of it; `None` where it was ended.
    async fn session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError>;

    /// Ends a session; gives what it was, to whoever ends it first. Where it cannot be ended, it goes on.
    async fn end_session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError>;
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    pub what: String,
    /// How long ago it was begun, and was last used.
    pub age: Duration,
    pub idle: Duration,
}

/// Those who are on the way to a provider of sign-ins are kept under a hash with this before it, and counted apart: anyone
/// can begin that, and nobody may sign others out by it.
pub const ATTEMPT: &str = "attempt/";

/// Most that are open at a time; the oldest go.
pub(crate) const MOST: i64 = 10_000;
/// A use is written down only when the last is so old: not with every request.
pub(crate) const SELDOM: Duration = Duration::from_secs(60);
