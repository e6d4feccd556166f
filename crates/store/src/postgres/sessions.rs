//! A browser comes back to any replica.

use super::PostgresLog;
use crate::sessions::{ATTEMPT, MOST, SELDOM};
use crate::{KeptSession, SessionStore, StoreError};
use async_trait::async_trait;
use sqlx::Row;
use std::time::Duration;

#[async_trait]
impl SessionStore for PostgresLog {
    async fn begin_session(&self, hash: &str, what: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO sessions (hash, what) VALUES ($1, $2)")
            .bind(hash)
            .bind(what)
            .execute(&self.pool)
            .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE used < now() - interval '7 days' \
             OR hash IN (SELECT hash FROM sessions WHERE starts_with(hash, $2) = $3 ORDER BY used DESC OFFSET $1)",
        )
        .bind(MOST)
        .bind(ATTEMPT)
        .bind(hash.starts_with(ATTEMPT))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError> {
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
        if idle > SELDOM {
            sqlx::query("UPDATE sessions SET used = now() WHERE hash = $1").bind(hash).execute(&self.pool).await?;
        }
        Ok(Some(KeptSession { what: row.try_get(0)?, age, idle }))
    }

    async fn end_session(&self, hash: &str) -> Result<Option<KeptSession>, StoreError> {
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
