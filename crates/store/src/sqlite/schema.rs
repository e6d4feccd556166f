//! The tables and how they came about: an older database is brought to the newest schema, all at once or not at all.

use super::backup;
use super::folder::Folder;
use crate::StoreError;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{Row, SqlSafeStr, SqliteConnection};
use std::path::{Path, PathBuf};

/// Every schema that was ever released, oldest first. None is ever edited: databases remember what they were made by, and
/// `tests/released/` holds one of each.
const MIGRATIONS: [(i64, &str, &str); 4] = [
    (1, "change log", include_str!("../../migrations/sqlite/0001_change_log.sql")),
    (2, "populations", include_str!("../../migrations/sqlite/0002_populations.sql")),
    (3, "telemetry minutes", include_str!("../../migrations/sqlite/0003_telemetry_minutes.sql")),
    (4, "sessions", include_str!("../../migrations/sqlite/0004_sessions.sql")),
];

/// The newest.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

/// Brings the database to the newest schema, in one transaction. One that holds something is copied before.
pub(super) async fn upgrade(pool: &SqlitePool, folder: &Folder) -> Result<(), StoreError> {
    let before = version(&mut *pool.acquire().await?).await?;
    if let Some(before) = before.filter(|before| *before < newest()) {
        backup::copy_aside(pool, &aside(folder.path(), before)).await?;
    }
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    migrator().run(&mut *transaction).await.map_err(refused)?;
    Ok(transaction.commit().await?)
}

/// Where a database is copied to before it is upgraded from this schema.
fn aside(folder: &Path, before: i64) -> PathBuf {
    folder.join(format!("before-upgrade-from-{before}.sqlite3"))
}

/// The schema that a database has; `None` where it has no tables yet.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let is_there = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
        .fetch_optional(&mut *connection)
        .await?;
    if is_there.is_none() {
        return Ok(None);
    }
    let newest = sqlx::query("SELECT max(version) FROM _sqlx_migrations WHERE success").fetch_one(connection).await?;
    Ok(newest.try_get(0)?)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.to_vec())
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(version),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Damaged(other.to_string()),
    }
}
