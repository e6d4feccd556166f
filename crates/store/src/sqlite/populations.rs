use super::SqliteLog;
use crate::populations::{PIECE, about, event, to_its_end, whole, written};
use crate::{PopulationStore, StoreError};
use async_trait::async_trait;
use downhaul_control::api::{PopulationEvent, PopulationName, PopulationView};
use downhaul_core::ids::EnvironmentKey;
use sqlx::sqlite::SqlitePool;
use sqlx::{Row, Sqlite, SqliteConnection, Transaction};

#[async_trait]
impl PopulationStore for SqliteLog {
    async fn populations(&self, environment: &EnvironmentKey) -> Result<Vec<PopulationView>, StoreError> {
        let rows = sqlx::query("SELECT about FROM populations WHERE environment = ? ORDER BY name")
            .bind(environment.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| about(row.try_get(0)?)).collect()
    }

    async fn population(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
    ) -> Result<Option<PopulationView>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        Ok(find(&mut connection, environment, name).await?.map(|found| found.about))
    }

    async fn population_content(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
    ) -> Result<Option<(PopulationView, Vec<u8>)>, StoreError> {
        // Of one moment: else the content could be replaced in between.
        let mut transaction = self.readers.begin().await?;
        let Some(Found { content, about }) = find(&mut transaction, environment, name).await? else { return Ok(None) };
        let rows = sqlx::query("SELECT bytes FROM population_pieces WHERE content = ? AND number >= 0 ORDER BY number")
            .bind(content)
            .fetch_all(&mut *transaction)
            .await?;
        let pieces = rows.iter().map(|row| row.try_get::<&[u8], _>(0)).collect::<Result<Vec<_>, _>>()?;
        whole(name, about, &pieces).map(Some)
    }

    async fn put_population(
        &self,
        environment: &EnvironmentKey,
        about: &PopulationView,
        content: &[u8],
        event: Option<&PopulationEvent>,
    ) -> Result<(), StoreError> {
        let (pool, environment) = (self.writer.clone(), environment.clone());
        let (about, content, event) = (about.clone(), content.to_vec(), event.cloned());
        to_its_end(async move { put(&pool, &environment, &about, &content, event.as_ref()).await }).await
    }

    async fn remove_population(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
        event: &PopulationEvent,
    ) -> Result<bool, StoreError> {
        let (pool, environment) = (self.writer.clone(), environment.clone());
        let (name, event) = (name.clone(), event.clone());
        to_its_end(async move { remove(&pool, &environment, &name, &event).await }).await
    }

    async fn population_journal(
        &self,
        environment: &EnvironmentKey,
        limit: u32,
    ) -> Result<Vec<PopulationEvent>, StoreError> {
        let rows =
            sqlx::query("SELECT event FROM population_journal WHERE environment = ? ORDER BY number DESC LIMIT ?")
                .bind(environment.as_str())
                .bind(limit)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(|row| event(row.try_get(0)?)).collect()
    }
}

struct Found {
    content: i64,
    about: PopulationView,
}

async fn find(
    connection: &mut SqliteConnection,
    environment: &EnvironmentKey,
    name: &PopulationName,
) -> Result<Option<Found>, StoreError> {
    let row = sqlx::query("SELECT content, about FROM populations WHERE environment = ? AND name = ?")
        .bind(environment.as_str())
        .bind(name.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Found { content: row.try_get(0)?, about: about(row.try_get(1)?)? })).transpose()
}

async fn put(
    pool: &SqlitePool,
    environment: &EnvironmentKey,
    view: &PopulationView,
    content: &[u8],
    event: Option<&PopulationEvent>,
) -> Result<(), StoreError> {
    let number = next_content(pool).await?;
    let put = async {
        for (piece, bytes) in (0_i64..).zip(content.chunks(PIECE)) {
            sqlx::query("INSERT INTO population_pieces (content, number, bytes) VALUES (?, ?, ?)")
                .bind(number)
                .bind(piece)
                .bind(bytes)
                .execute(pool)
                .await?;
        }
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        let before = find(&mut transaction, environment, &view.name).await?.map(|found| found.content);
        sqlx::query(
            "INSERT INTO populations (environment, name, content, about) VALUES (?, ?, ?, ?) \
             ON CONFLICT DO UPDATE SET content = excluded.content, about = excluded.about",
        )
        .bind(environment.as_str())
        .bind(view.name.as_str())
        .bind(number)
        .bind(written(view)?)
        .execute(&mut *transaction)
        .await?;
        journal(&mut transaction, environment, event).await?;
        transaction.commit().await?;
        Ok::<_, StoreError>(before)
    };
    match put.await {
        Ok(before) => {
            if let Some(before) = before {
                forget(pool, before).await?;
            }
            Ok(())
        }
        Err(error) => {
            // What remains in spite of this is removed when the log is opened next.
            let _ = forget(pool, number).await;
            Err(error)
        }
    }
}

/// A number that no content has, or ever had while its pieces may remain.
async fn next_content(pool: &SqlitePool) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT 1 + max(coalesce((SELECT max(content) FROM population_pieces), 0), \
         coalesce((SELECT max(content) FROM populations), 0))",
    )
    .fetch_one(pool)
    .await?;
    // Taken at once, so that of two uploads neither writes into the other's.
    let number: i64 = row.try_get(0)?;
    let taken = sqlx::query(
        "INSERT INTO population_pieces (content, number, bytes) VALUES (?, -1, x'') ON CONFLICT DO NOTHING",
    )
    .bind(number)
    .execute(pool)
    .await?;
    if taken.rows_affected() == 1 { Ok(number) } else { Box::pin(next_content(pool)).await }
}

async fn remove(
    pool: &SqlitePool,
    environment: &EnvironmentKey,
    name: &PopulationName,
    event: &PopulationEvent,
) -> Result<bool, StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let Some(Found { content, .. }) = find(&mut transaction, environment, name).await? else { return Ok(false) };
    sqlx::query("DELETE FROM populations WHERE environment = ? AND name = ?")
        .bind(environment.as_str())
        .bind(name.as_str())
        .execute(&mut *transaction)
        .await?;
    journal(&mut transaction, environment, Some(event)).await?;
    transaction.commit().await?;
    forget(pool, content).await?;
    Ok(true)
}

async fn journal(
    transaction: &mut Transaction<'_, Sqlite>,
    environment: &EnvironmentKey,
    event: Option<&PopulationEvent>,
) -> Result<(), StoreError> {
    let Some(event) = event else { return Ok(()) };
    sqlx::query("INSERT INTO population_journal (environment, event) VALUES (?, ?)")
        .bind(environment.as_str())
        .bind(written(event)?)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Removes content, piece by piece for the same reason as it was written so.
async fn forget(pool: &SqlitePool, content: i64) -> Result<(), StoreError> {
    loop {
        let removed = sqlx::query(
            "DELETE FROM population_pieces WHERE content = ?1 AND number = \
             (SELECT max(number) FROM population_pieces WHERE content = ?1)",
        )
        .bind(content)
        .execute(pool)
        .await?;
        if removed.rows_affected() == 0 {
            return Ok(());
        }
    }
}

/// Removes what an upload left behind that did not come to its end.
pub(super) async fn sweep(pool: &SqlitePool) -> Result<(), StoreError> {
    let left = sqlx::query(
        "SELECT DISTINCT content FROM population_pieces WHERE content NOT IN (SELECT content FROM populations)",
    )
    .fetch_all(pool)
    .await?;
    for row in &left {
        forget(pool, row.try_get(0)?).await?;
    }
    Ok(())
}
