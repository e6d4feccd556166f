//! The tables and how they came about: an older database is brought to the newest schema, all at once or not at all.

use crate::StoreError;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, SqlSafeStr};

/// Every schema that was ever released, oldest first. None is ever edited: databases remember what they were made by.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "change log", include_str!("../../migrations/postgres/0001_change_log.sql")),
    (2, "telemetry minutes", include_str!("../../migrations/postgres/0002_telemetry_minutes.sql")),
];

/// Brings the database to the newest schema, in one transaction.
pub(super) async fn upgrade(connection: &mut PgConnection) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await?;
    migrator().run(&mut *transaction).await.map_err(refused)?;
    Ok(transaction.commit().await?)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.to_vec());
    // Whoever opens a database has its turn already.
    migrator.set_locking(false);
    migrator
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(version),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Damaged(other.to_string()),
    }
}
