use super::{SqliteLog, signed, unsigned};
use crate::{ChangeLog, Effects, Head, StoreError};
use async_trait::async_trait;
use downhaul_control::api::Role;
use downhaul_control::verify::Stored;
use downhaul_control::{AdminToken, Hash, Record};
use downhaul_core::ids::EnvironmentKey;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, Sqlite, Transaction};
use std::collections::BTreeMap;

#[async_trait]
impl ChangeLog for SqliteLog {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    async fn append(&self, record: &Record, effects: &Effects) -> Result<(), StoreError> {
        let (pool, record, effects) = (self.writer.clone(), record.clone(), effects.clone());
        // In a task of its own: dropping a transaction half-way would leave it open whether it was kept.
        match tokio::spawn(async move { append(&pool, &record, &effects).await }).await {
            Ok(result) => result,
            Err(why) => Err(StoreError::Damaged(format!("appending was cut off: {why}"))),
        }
    }

    async fn head(&self, environment: &EnvironmentKey) -> Result<Option<Head>, StoreError> {
        let row = sqlx::query("SELECT revision, kill_revision, hash, document_digest FROM heads WHERE environment = ?")
            .bind(environment.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| head(&row)).transpose()
    }

    async fn heads(&self) -> Result<BTreeMap<String, Head>, StoreError> {
        let rows = sqlx::query("SELECT revision, kill_revision, hash, document_digest, environment FROM heads")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(4)?, head(row)?))).collect()
    }

    async fn read(&self, environment: &EnvironmentKey, from: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        let rows = sqlx::query(
            "SELECT revision, record, hash FROM changes WHERE environment = ? AND revision >= ? ORDER BY revision LIMIT ?",
        )
        .bind(environment.as_str())
        .bind(signed(from)?)
        .bind(limit)
        .fetch_all(&self.readers)
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
                "SELECT revision, record, hash FROM changes WHERE environment = ? AND revision < ? \
                 ORDER BY revision DESC LIMIT ?",
            )
            .bind(environment.as_str()),
            Some(flag) => sqlx::query(
                "SELECT revision, record, hash FROM changed_flags JOIN changes USING (environment, revision) \
                 WHERE flag = ? AND environment = ? AND revision < ? ORDER BY revision DESC LIMIT ?",
            )
            .bind(flag.to_owned())
            .bind(environment.as_str()),
        };
        let rows = query.bind(before).bind(limit).fetch_all(&self.readers).await?;
        rows.iter().map(stored).collect()
    }

    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row =
            sqlx::query("SELECT value FROM settings WHERE name = ?").bind(name).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn settings(&self, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let rows = sqlx::query("SELECT name, value FROM settings WHERE substr(name, 1, length(?1)) = ?1")
            .bind(prefix)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn setting_or_insert(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&self.writer)
            .await?;
        let row = sqlx::query("SELECT value FROM settings WHERE name = ?").bind(name).fetch_one(&self.writer).await?;
        Ok(row.try_get(0)?)
    }

    async fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn remove_setting(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM settings WHERE name = ?").bind(name).execute(&self.writer).await?;
        Ok(())
    }

    async fn put_admin_token(&self, token: &AdminToken) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO admin_tokens (id, actor, role, hash) VALUES (?, ?, ?, ?)")
            .bind(&token.id)
            .bind(&token.actor)
            .bind(Role::Admin.as_str())
            .bind(token.hash.to_string())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError> {
        let rows = sqlx::query("SELECT id, actor, hash FROM admin_tokens WHERE role = ? ORDER BY id")
            .bind(Role::Admin.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(admin_token).collect()
    }

    async fn remove_admin_token(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM admin_tokens WHERE id = ?").bind(id).execute(&self.writer).await?;
        Ok(())
    }

    async fn actors(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = sqlx::query("SELECT id, name FROM actors").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn put_actor(&self, id: &str, name: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO actors (id, name) VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name")
            .bind(id)
            .bind(name)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn erase_actor(&self, id: &str) -> Result<(), StoreError> {
        let mut connection = self.writer.acquire().await?;
        // What is deleted is overwritten, and the file of writes that are not merged yet is emptied: no copy stays behind.
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut *connection).await?;
        let erased = sqlx::query("DELETE FROM actors WHERE id = ?").bind(id).execute(&mut *connection).await;
        sqlx::query("PRAGMA secure_delete = OFF").execute(&mut *connection).await?;
        erased?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await?;
        Ok(())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Takes the write lock, and so finds a database that cannot be written; keeps nothing.
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(transaction.rollback().await?)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        if let Some(folder) = &self.folder {
            folder.release();
        }
    }
}

async fn append(pool: &SqlitePool, record: &Record, effects: &Effects) -> Result<(), StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    check_head(&mut transaction, record).await?;
    let change = record.change();
    let environment = change.environment.as_str();
    let revision = signed(change.revision)?;
    sqlx::query("INSERT INTO changes (environment, revision, record, hash) VALUES (?, ?, ?, ?)")
        .bind(environment)
        .bind(revision)
        .bind(record.bytes())
        .bind(record.hash().to_string())
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO heads (environment, revision, kill_revision, hash, document_digest) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET revision = excluded.revision, kill_revision = excluded.kill_revision, \
         hash = excluded.hash, document_digest = excluded.document_digest",
    )
    .bind(environment)
    .bind(revision)
    .bind(signed(effects.kill_revision)?)
    .bind(record.hash().to_string())
    .bind(&effects.document_digest)
    .execute(&mut *transaction)
    .await?;
    for flag in &effects.flags {
        sqlx::query("INSERT INTO changed_flags (environment, flag, revision) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(environment)
            .bind(flag)
            .bind(revision)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

/// The change has to follow the newest one, in number and in hash.
async fn check_head(transaction: &mut Transaction<'_, Sqlite>, record: &Record) -> Result<(), StoreError> {
    let change = record.change();
    let row = sqlx::query("SELECT revision, hash FROM heads WHERE environment = ?")
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

fn head(row: &SqliteRow) -> Result<Head, StoreError> {
    Ok(Head {
        revision: unsigned(row.try_get(0)?)?,
        kill_revision: unsigned(row.try_get(1)?)?,
        hash: row.try_get(2)?,
        document_digest: row.try_get(3)?,
    })
}

fn stored(row: &SqliteRow) -> Result<Stored, StoreError> {
    Ok(Stored { revision: unsigned(row.try_get(0)?)?, bytes: row.try_get(1)?, hash: row.try_get(2)? })
}

fn admin_token(row: &SqliteRow) -> Result<AdminToken, StoreError> {
    let damaged = || StoreError::Damaged("an admin token has a hash that cannot be read".to_owned());
    let hash: String = row.try_get(2)?;
    Ok(AdminToken { id: row.try_get(0)?, actor: row.try_get(1)?, hash: hash.parse().map_err(|_| damaged())? })
}
