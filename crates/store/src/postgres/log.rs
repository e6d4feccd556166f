use super::{PostgresLog, signed, unsigned};
use crate::{ChangeLog, Effects, Head, StoreError};
use async_trait::async_trait;
use downhaul_control::api::Role;
use downhaul_control::verify::Stored;
use downhaul_control::{AdminToken, Hash, Record};
use downhaul_core::ids::EnvironmentKey;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{Postgres, Row, Transaction};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a change may take. Behind it lies a database that does not answer.
const APPEND: Duration = Duration::from_secs(15);
/// For how long it is asked what became of a change whose commit was not answered.
const ASKED: Duration = Duration::from_secs(6);
const BETWEEN: Duration = Duration::from_millis(300);

#[async_trait]
impl ChangeLog for PostgresLog {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    async fn append(&self, record: &Record, effects: &Effects) -> Result<(), StoreError> {
        let (pool, record, effects) = (self.pool.clone(), record.clone(), effects.clone());
        // In a task of its own: dropping a transaction half-way would leave it open whether it was kept.
        match tokio::spawn(async move { append(&pool, &record, &effects).await }).await {
            Ok(result) => result,
            Err(why) => Err(StoreError::Damaged(format!("appending was cut off: {why}"))),
        }
    }

    async fn head(&self, environment: &EnvironmentKey) -> Result<Option<Head>, StoreError> {
        let row =
            sqlx::query("SELECT revision, kill_revision, hash, document_digest FROM heads WHERE environment = $1")
                .bind(environment.as_str())
                .fetch_optional(&self.pool)
                .await?;
        row.map(|row| head(&row)).transpose()
    }

    async fn heads(&self) -> Result<BTreeMap<String, Head>, StoreError> {
        let rows = sqlx::query("SELECT revision, kill_revision, hash, document_digest, environment FROM heads")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(4)?, head(row)?))).collect()
    }

    async fn read(&self, environment: &EnvironmentKey, from: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        let rows = sqlx::query(
            "SELECT revision, record, hash FROM changes WHERE environment = $1 AND revision >= $2 \
             ORDER BY revision LIMIT $3",
        )
        .bind(environment.as_str())
        .bind(signed(from)?)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(stored).collect()
    }

    async fn chart(
        &self,
        environment: &EnvironmentKey,
        before: Option<u64>,
        limit: u32,
        flag: Option<&str>,
    ) -> Result<Vec<Stored>, StoreError> {
        let before = before.map_or(Ok(i64::MAX), signed)?;
        let query = match flag {
            None => sqlx::query(
                "SELECT revision, record, hash FROM changes WHERE environment = $1 AND revision < $2 \
                 ORDER BY revision DESC LIMIT $3",
            ),
            Some(_) => sqlx::query(
                "SELECT revision, record, hash FROM changed_flags JOIN changes USING (environment, revision) \
                 WHERE environment = $1 AND revision < $2 AND flag = $4 ORDER BY revision DESC LIMIT $3",
            ),
        };
        let query = query.bind(environment.as_str()).bind(before).bind(i64::from(limit));
        let query = match flag {
            None => query,
            Some(flag) => query.bind(flag.to_owned()),
        };
        query.fetch_all(&self.pool).await?.iter().map(stored).collect()
    }

    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row =
            sqlx::query("SELECT value FROM settings WHERE name = $1").bind(name).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn settings(&self, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let rows = sqlx::query("SELECT name, value FROM settings WHERE starts_with(name, $1)")
            .bind(prefix)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn setting_or_insert(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&self.pool)
            .await?;
        let row = sqlx::query("SELECT value FROM settings WHERE name = $1").bind(name).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    async fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn remove_setting(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM settings WHERE name = $1").bind(name).execute(&self.pool).await?;
        Ok(())
    }

    async fn put_admin_token(&self, token: &AdminToken) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO admin_tokens (id, actor, role, hash) VALUES ($1, $2, $3, $4)")
            .bind(&token.id)
            .bind(&token.actor)
            .bind(Role::Admin.as_str())
            .bind(token.hash.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError> {
        let rows = sqlx::query("SELECT id, actor, hash FROM admin_tokens WHERE role = $1 ORDER BY id")
            .bind(Role::Admin.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(admin_token).collect()
    }

    async fn remove_admin_token(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM admin_tokens WHERE id = $1").bind(id).execute(&self.pool).await?;
        Ok(())
    }

    async fn actors(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = sqlx::query("SELECT id, name FROM actors").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn put_actor(&self, id: &str, name: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO actors (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        )
        .bind(id)
        .bind(name)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn erase_actor(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM actors WHERE id = $1").bind(id).execute(&self.pool).await?;
        // The table is written anew without what was deleted. Where it is in use, PostgreSQL does so in its own time.
        let _ = sqlx::query("VACUUM FULL actors").execute(&self.pool).await;
        Ok(())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Needs a database that may be written to, and keeps nothing.
        let asking = async {
            let mut transaction = self.pool.begin().await?;
            sqlx::query("SELECT epoch FROM log FOR SHARE").fetch_one(&mut *transaction).await?;
            transaction.rollback().await
        };
        Ok(timeout(APPEND, asking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// Where the answer of the database is lost, it is asked what became of the change: an error says that it was not made.
async fn append(pool: &PgPool, record: &Record, effects: &Effects) -> Result<(), StoreError> {
    let lost = match timeout(APPEND, try_append(pool, record, effects)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(Cut::Before(error))) => return Err(error),
        Ok(Err(Cut::AtCommit(error))) => Some(error),
        Err(_) => None,
    };
    let asking = async {
        loop {
            match was_kept(pool, record).await {
                Ok(is_kept) => return is_kept,
                Err(_) => sleep(BETWEEN).await,
            }
        }
    };
    let change = record.change();
    match timeout(ASKED, asking).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(lost.unwrap_or(sqlx::Error::PoolTimedOut).into()),
        Err(_) => Err(StoreError::Unsure { environment: change.environment.to_string(), revision: change.revision }),
    }
}

/// Where a change went wrong.
enum Cut {
    /// Nothing was kept.
    Before(StoreError),
    /// Nobody knows.
    AtCommit(sqlx::Error),
}

impl<E: Into<StoreError>> From<E> for Cut {
    fn from(error: E) -> Cut {
        Cut::Before(error.into())
    }
}

async fn try_append(pool: &PgPool, record: &Record, effects: &Effects) -> Result<(), Cut> {
    let mut transaction = pool.begin().await?;
    let change = record.change();
    let environment = change.environment.as_str();
    // One change of an environment at a time, whoever makes it. What this waits for is as good as done.
    take_turn(&mut transaction, environment).await?;
    check_head(&mut transaction, record).await?;
    let revision = signed(change.revision)?;
    sqlx::query("INSERT INTO changes (environment, revision, record, hash) VALUES ($1, $2, $3, $4)")
        .bind(environment)
        .bind(revision)
        .bind(record.bytes())
        .bind(record.hash().to_string())
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO heads (environment, revision, kill_revision, hash, document_digest) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (environment) DO UPDATE SET revision = excluded.revision, \
         kill_revision = excluded.kill_revision, hash = excluded.hash, document_digest = excluded.document_digest",
    )
    .bind(environment)
    .bind(revision)
    .bind(signed(effects.kill_revision)?)
    .bind(record.hash().to_string())
    .bind(&effects.document_digest)
    .execute(&mut *transaction)
    .await?;
    // The replicas hear of it with the commit.
    sqlx::query(
        "WITH flags AS (INSERT INTO changed_flags (environment, flag, revision) \
         SELECT $1, flag, $2 FROM unnest($3::text[]) AS flag ON CONFLICT DO NOTHING) \
         SELECT pg_notify('downhaul_changes', $1)",
    )
    .bind(environment)
    .bind(revision)
    .bind(&effects.flags)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await.map_err(Cut::AtCommit)
}

/// Waits until no change of the environment is under way, and keeps others out until the transaction ends.
async fn take_turn(transaction: &mut Transaction<'_, Postgres>, environment: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('downhaul/append/' || $1, 0))")
        .bind(environment)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Whether a change is there, once whatever was under way has come to its end.
async fn was_kept(pool: &PgPool, record: &Record) -> Result<bool, StoreError> {
    let change = record.change();
    let mut transaction = pool.begin().await?;
    take_turn(&mut transaction, change.environment.as_str()).await?;
    let row = sqlx::query("SELECT hash FROM changes WHERE environment = $1 AND revision = $2")
        .bind(change.environment.as_str())
        .bind(signed(change.revision)?)
        .fetch_optional(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    Ok(row.map(|row| row.try_get::<String, _>(0)).transpose()?.is_some_and(|hash| hash == record.hash().to_string()))
}

/// The change has to follow the newest one, in number and in hash.
async fn check_head(transaction: &mut Transaction<'_, Postgres>, record: &Record) -> Result<(), StoreError> {
    let change = record.change();
    let row = sqlx::query("SELECT revision, hash FROM heads WHERE environment = $1")
        .bind(change.environment.as_str())
        .fetch_optional(&mut **transaction)
        .await?;
    let (head, hash) = match row {
        Some(row) => (unsigned(row.try_get(0)?)?, row.try_get::<String, _>(1)?),
        None => (0, Hash::ZERO.to_string()),
    };
    if change.revision == head + 1 && change.prev.to_string() == hash {
        return Ok(());
    }
    Err(StoreError::Conflict { environment: change.environment.to_string(), revision: change.revision, head })
}

fn head(row: &PgRow) -> Result<Head, StoreError> {
    Ok(Head {
        revision: unsigned(row.try_get(0)?)?,
        kill_revision: unsigned(row.try_get(1)?)?,
        hash: row.try_get(2)?,
        document_digest: row.try_get(3)?,
    })
}

fn stored(row: &PgRow) -> Result<Stored, StoreError> {
    Ok(Stored { revision: unsigned(row.try_get(0)?)?, bytes: row.try_get(1)?, hash: row.try_get(2)? })
}

fn admin_token(row: &PgRow) -> Result<AdminToken, StoreError> {
    let damaged = || StoreError::Damaged("an admin token has a hash that cannot be read".to_owned());
    let hash: String = row.try_get(2)?;
    Ok(AdminToken { id: row.try_get(0)?, actor: row.try_get(1)?, hash: hash.parse().map_err(|_| damaged())? })
}
