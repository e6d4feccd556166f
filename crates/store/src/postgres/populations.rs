use super::PostgresLog;
use crate::populations::{PIECE, about, event, to_its_end, whole, written};
use crate::{PopulationStore, StoreError};
use async_trait::async_trait;
use downhaul_control::api::{PopulationEvent, PopulationName, PopulationView};
use downhaul_core::ids::EnvironmentKey;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Postgres, Row, Transaction};

/// One moment for all that is read.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

#[async_trait]
impl PopulationStore for PostgresLog {
    async fn populations(&self, environment: &EnvironmentKey) -> Result<Vec<PopulationView>, StoreError> {
        // By bytes, whatever order the database has for texts.
        let rows = sqlx::query("SELECT about FROM populations WHERE environment = $1 ORDER BY name COLLATE \"C\"")
            .bind(environment.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| about(row.try_get(0)?)).collect()
    }

    async fn population(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
    ) -> Result<Option<PopulationView>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(find(&mut connection, environment, name).await?.map(|found| found.about))
    }

    async fn population_content(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
    ) -> Result<Option<(PopulationView, Vec<u8>)>, StoreError> {
        let mut transaction = self.pool.begin_with(ONE_MOMENT).await?;
        let Some(Found { content, about }) = find(&mut transaction, environment, name).await? else { return Ok(None) };
        let rows = sqlx::query("SELECT bytes FROM population_pieces WHERE content = $1 ORDER BY number")
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
        let (pool, environment) = (self.pool.clone(), environment.clone());
        let (about, content, event) = (about.clone(), content.to_vec(), event.cloned());
        to_its_end(async move { put(&pool, &environment, &about, &content, event.as_ref()).await }).await
    }

    async fn remove_population(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
        event: &PopulationEvent,
    ) -> Result<bool, StoreError> {
        let (pool, environment) = (self.pool.clone(), environment.clone());
        let (name, event) = (name.clone(), event.clone());
        to_its_end(async move { remove(&pool, &environment, &name, &event).await }).await
    }

    async fn population_journal(
        &self,
        environment: &EnvironmentKey,
        limit: u32,
    ) -> Result<Vec<PopulationEvent>, StoreError> {
        let rows =
            sqlx::query("SELECT event FROM population_journal WHERE environment = $1 ORDER BY number DESC LIMIT $2")
                .bind(environment.as_str())
                .bind(i64::from(limit))
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(|row| event(row.try_get(0)?)).collect()
    }
}

struct Found {
    content: i64,
    about: PopulationView,
}

async fn find(
    connection: &mut PgConnection,
    environment: &EnvironmentKey,
    name: &PopulationName,
) -> Result<Option<Found>, StoreError> {
    let row = sqlx::query("SELECT content, about FROM populations WHERE environment = $1 AND name = $2")
        .bind(environment.as_str())
        .bind(name.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Found { content: row.try_get(0)?, about: about(row.try_get(1)?)? })).transpose()
}

async fn put(
    pool: &PgPool,
    environment: &EnvironmentKey,
    view: &PopulationView,
    content: &[u8],
    event: Option<&PopulationEvent>,
) -> Result<(), StoreError> {
    let number: i64 = sqlx::query("SELECT nextval('population_contents')").fetch_one(pool).await?.try_get(0)?;
    let put = async {
        for (piece, bytes) in (0_i64..).zip(content.chunks(PIECE)) {
            sqlx::query("INSERT INTO population_pieces (content, number, bytes) VALUES ($1, $2, $3)")
                .bind(number)
                .bind(piece)
                .bind(bytes)
                .execute(pool)
                .await?;
        }
        let mut transaction = pool.begin().await?;
        take_turn(&mut transaction, environment).await?;
        let before = find(&mut transaction, environment, &view.name).await?.map(|found| found.content);
        sqlx::query(
            "INSERT INTO populations (environment, name, content, about) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (environment, name) DO UPDATE SET content = excluded.content, about = excluded.about",
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
        Ok(Some(before)) => forget(pool, before).await,
        Ok(None) => Ok(()),
        Err(error) => {
            // Not its pieces: it is not known of every error that the population does not name them. They are swept once
            // they are old.
            Err(error)
        }
    }
}

async fn remove(
    pool: &PgPool,
    environment: &EnvironmentKey,
    name: &PopulationName,
    event: &PopulationEvent,
) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    take_turn(&mut transaction, environment).await?;
    let Some(Found { content, .. }) = find(&mut transaction, environment, name).await? else { return Ok(false) };
    sqlx::query("DELETE FROM populations WHERE environment = $1 AND name = $2")
        .bind(environment.as_str())
        .bind(name.as_str())
        .execute(&mut *transaction)
        .await?;
    journal(&mut transaction, environment, Some(event)).await?;
    transaction.commit().await?;
    forget(pool, content).await?;
    Ok(true)
}

/// One at a time: of two that replace the same, the second sees what the first put.
async fn take_turn(
    transaction: &mut Transaction<'_, Postgres>,
    environment: &EnvironmentKey,
) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('downhaul/populations/' || $1, 0))")
        .bind(environment.as_str())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn journal(
    transaction: &mut Transaction<'_, Postgres>,
    environment: &EnvironmentKey,
    event: Option<&PopulationEvent>,
) -> Result<(), StoreError> {
    let Some(event) = event else { return Ok(()) };
    sqlx::query("INSERT INTO population_journal (environment, event) VALUES ($1, $2)")
        .bind(environment.as_str())
        .bind(written(event)?)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn forget(pool: &PgPool, content: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM population_pieces WHERE content = $1").bind(content).execute(pool).await?;
    Ok(())
}

/// Removes what an upload left behind that did not come to its end. Another replica may be in the midst of one.
pub(super) async fn sweep(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM population_pieces WHERE content NOT IN (SELECT content FROM populations) \
         AND content NOT IN (SELECT content FROM population_pieces WHERE put_at > now() - interval '1 day')",
    )
    .execute(connection)
    .await?;
    Ok(())
}
