use super::SqliteLog;
use crate::sessions::{ATTEMPT, MOST, SELDOM};
use crate::{KeptSession, SessionStore, StoreError};
use async_trait::async_trait;
use sqlx::Row;
use std::time::Duration;

/// The database's clock, in milliseconds since 1970.
macro_rules! now {
    () => {
        "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)"
    };
}

#[async_trait]
impl SessionStore for SqliteLog {
    async fn begin_session(&self, hash: &str, what: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO sessions (hash, what) VALUES (?, ?)")
            .bind(hash)
            .bind(what)
            .execute(&self.writer)
            .await?;
        sqlx::query(concat!(
            "DELETE FROM sessions WHERE used < ",
            now!(),
            " - 7 * 86400000 OR hash IN (SELECT hash FROM sessions WHERE (substr(hash, 1, length(?2)) = ?2) = ?3 ORDER BY used DESC LIMIT -1 OFFSET ?1)"
        ))
        .bind(MOST)
        .bind(ATTEMPT)
        .bind(hash.starts_with(ATTEMPT))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError> {
        let sql = concat!("SELECT what, ", now!(), " - began, ", now!(), " - used FROM sessions WHERE hash = ?");
        let row = sqlx::query(sql).bind(hash).fetch_optional(&self.readers).await?;
        let Some(row) = row else { return Ok(None) };
        let (age, idle) = (since(row.try_get(1)?), since(row.try_get(2)?));
        if idle > SELDOM {
            let used = sqlx::query(concat!("UPDATE sessions SET used = ", now!(), " WHERE hash = ?"));
            // A disk that is full signs nobody out: until it is not, the session only grows old as if it were not used.
            drop(used.bind(hash).execute(&self.writer).await);
        }
        Ok(Some(KeptSession { what: row.try_get(0)?, age, idle }))
    }

    async fn end_session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError> {
        let sql = concat!("DELETE FROM sessions WHERE hash = ? RETURNING what, ", now!(), " - began");
        let row = sqlx::query(sql).bind(hash).fetch_optional(&self.writer).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(KeptSession { what: row.try_get(0)?, age: since(row.try_get(1)?), idle: Duration::ZERO }))
    }
}

/// A clock that was put back makes nothing older than it is.
fn since(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}
