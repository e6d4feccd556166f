use super::{PostgresLog, signed, unsigned};
use crate::minutes::{PIECE, cells};
use crate::populations::{to_its_end, written};
use crate::{MinuteStore, StoreError};
use async_trait::async_trait;
use downhaul_control::guards::FlagMinute;
use downhaul_core::ids::EnvironmentKey;
use sqlx::Row;
use sqlx::postgres::PgPool;
use std::ops::Range;

#[async_trait]
impl MinuteStore for PostgresLog {
    async fn add_minutes(&self, environment: &EnvironmentKey, minutes: &[FlagMinute]) -> Result<(), StoreError> {
        let (pool, environment, minutes) = (self.pool.clone(), environment.clone(), minutes.to_vec());
        to_its_end(async move { add(&pool, &environment, &minutes).await }).await
    }

    async fn minutes(
        &self,
        environment: &EnvironmentKey,
        flag: &str,
        began: Range<u64>,
    ) -> Result<Vec<FlagMinute>, StoreError> {
        let rows = sqlx::query(
            "SELECT began, cells FROM telemetry_minutes WHERE environment = $1 AND flag = $2 AND began >= $3 AND began < $4 ORDER BY began, number",
        )
        .bind(environment.as_str())
        .bind(flag)
        .bind(signed(began.start)?)
        .bind(signed(began.end)?)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let (began, cells) = (unsigned(row.try_get(0)?)?, cells(row.try_get(1)?)?);
                Ok(FlagMinute { began, flag: flag.to_owned(), cells })
            })
            .collect()
    }

    async fn prune_minutes(&self, before: u64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM telemetry_minutes WHERE number IN (SELECT number FROM telemetry_minutes WHERE began < $1 LIMIT $2)";
        let done = sqlx::query(sql)
            .bind(signed(before)?)
            .bind(i64::try_from(PIECE).unwrap_or(i64::MAX))
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
    }
}

async fn add(pool: &PgPool, environment: &EnvironmentKey, minutes: &[FlagMinute]) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    for minute in minutes {
        sqlx::query("INSERT INTO telemetry_minutes (environment, flag, began, cells) VALUES ($1, $2, $3, $4)")
            .bind(environment.as_str())
            .bind(&minute.flag)
            .bind(signed(minute.began)?)
            .bind(written(&minute.cells)?)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}
