mod backup;
mod folder;
mod log;
mod minutes;
mod populations;
mod replace;
mod schema;
mod sessions;

use crate::{StoreError, refuse_elsewhere};
use folder::Folder;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

pub use backup::{Backup, BackupAbout, BackupHead, Partial, back_up, inspect, look};
pub use folder::DATABASE;
pub use replace::{InPlace, Staged, stage};

/// The change log in a data folder of its own.
#[derive(Debug)]
pub struct SqliteLog {
    epoch: u64,
    /// One connection: SQLite has one writer.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held as long as the log is open, so that no second process can open it; absent where it is only looked at.
    folder: Option<Folder>,
}

/// How a log is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Most pages of 4 KiB that the database may have.
    pub page_limit: Option<u32>,
}

/// How long one connection waits for another's lock.
const BUSY: Duration = Duration::from_secs(10);

impl SqliteLog {
    /// Opens the log in `folder`, and creates both where they are missing. `now` (epoch milliseconds) becomes the epoch of
    /// a new log.
    pub async fn open(folder: &Path, now: u64, options: &Options) -> Result<SqliteLog, StoreError> {
        refuse_elsewhere(folder)?;
        let folder = Folder::take(folder)?;
        let mut connect = SqliteConnectOptions::new()
            .filename(folder.database())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged change survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        if let Some(pages) = options.page_limit {
            connect = connect.pragma("max_page_count", pages.to_string());
        }
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(connect.clone())
            .await?;
        schema::upgrade(&writer, &folder).await?;
        folder.protect()?;
        backup::refuse(&writer, folder.path()).await?;
        populations::sweep(&writer).await?;
        let epoch = epoch(&writer, now).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(connect.read_only(true)).await?;
        Ok(SqliteLog { epoch, writer, readers, folder: Some(folder) })
    }
}

async fn epoch(pool: &SqlitePool, now: u64) -> Result<u64, StoreError> {
    sqlx::query("INSERT INTO log (only, epoch) VALUES (1, ?) ON CONFLICT DO NOTHING")
        .bind(signed(now)?)
        .execute(pool)
        .await?;
    unsigned(sqlx::query("SELECT epoch FROM log").fetch_one(pool).await?.try_get(0)?)
}

/// SQLite knows signed integers only.
fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is too large a number")))
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is below zero")))
}
