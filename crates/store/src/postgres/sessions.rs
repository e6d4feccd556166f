//! Who is signed in to the console: a browser comes back to any replica.

use super::PostgresLog;
use crate::StoreError;
use sqlx::Row;
use std::time::Duration;

/// Most that are open at a time; the oldest go.
const MOST: i64 = 10_000;

/// A session as it is kept, under the hash of what only a browser holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    pub what: String,
    /// How long ago it was begun, and was last used.
    pub age: Duration,
    pub idle: Duration,
}

impl PostgresLog {
    /// Keeps a session.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_session(&self, hash: &str, what: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO sessions (hash, what) VALUES ($1, $2)")
            .bind(hash)
            .bind(what)
            .execute(&self.pool)
            .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE used < now() - interval '7 days' \
             OR hash IN (SELECT hash FROM sessions ORDER BY used DESC OFFSET $1)",
        )
        .bind(MOST)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Looks a session up, which counts as a use of it; `None` where it was ended.
    ///
    /// # Errors
    /// The database.
    pub async fn session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError> {
        let row = sqlx::query(
            "SELECT what, extract(epoch FROM now() - began)::float8, extract(epoch FROM now() - used)::float8 \
             FROM sessions WHERE hash = $1",
        )
        .bind(hash)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let since = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let (age, idle) = (since(row.try_get(1)?), since(row.try_get(2)?));
        // Not with every request.
        if idle > Duration::from_secs(60) {
            sqlx::query("UPDATE sessions SET used = now() WHERE hash = $1").bind(hash).execute(&self.pool).await?;
        }
        Ok(Some(KeptSession { what: row.try_get(0)?, age, idle }))
    }

    /// Ends a session; gives what it was, to whoever ends it first.
    ///
    /// # Errors
    /// The database: the session goes on.
    pub async fn end_session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError> {
        let row = sqlx::query(
            "DELETE FROM sessions WHERE hash = $1 RETURNING what, extract(epoch FROM now() - began)::float8",
        )
        .bind(hash)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let age = Duration::try_from_secs_f64(row.try_get(1)?).unwrap_or_default();
        Ok(Some(KeptSession { what: row.try_get(0)?, age, idle: Duration::ZERO }))
    }
}
