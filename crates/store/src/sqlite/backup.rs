//! Backups: the database as it is at one moment, in one file, also while a server writes to it.

use super::folder::{DATABASE, new_private_file, sync_folder};
use super::{BUSY, SqliteLog, schema, unsigned};
use crate::{ChangeLog, Head, StoreError, refuse_elsewhere, verify};
use downhaul_control::api::{VerifyReport, VerifyStatus};
use downhaul_core::ids::EnvironmentKey;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The setting by which a database knows that it is a backup.
const BACKUP: &str = "backup";
/// SQLite's code for a file that is something else.
const NOT_A_DATABASE: &str = "26";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupAbout {
    /// RFC 3339.
    pub taken_at: String,
    /// Whether the secrets are in it.
    pub keys: bool,
    /// The version that took it.
    pub version: String,
}

/// A backup that was verified.
#[derive(Debug, Clone)]
pub struct Backup {
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Absent for the database of a data folder, which is one by being copied.
    pub about: Option<BackupAbout>,
    pub epoch: u64,
    /// The schema of its tables.
    pub schema: i64,
    /// By environment.
    pub heads: Vec<BackupHead>,
}

/// The end of the chart of one environment.
#[derive(Debug, Clone)]
pub struct BackupHead {
    pub environment: EnvironmentKey,
    pub head: Head,
    /// What replaying it gave; its status is always that it is verified.
    pub report: VerifyReport,
}

/// Copies the database of a data folder to `to`, which must not be there, and verifies the copy.
///
/// Whoever uses the folder goes on meanwhile, and no change waits. `leave_out` names settings that stay behind, those that
/// end in `/` with everything that begins so. What does not come to its end leaves nothing behind.
///
/// # Errors
/// [`StoreError::Exists`], [`StoreError::NotALog`], [`StoreError::Damaged`] where the chart does not hold, and what a disk
/// may give.
pub async fn back_up(folder: &Path, to: &Path, leave_out: &[&str], about: &BackupAbout) -> Result<Backup, StoreError> {
    refuse_elsewhere(folder)?;
    let partial = Partial::beside(to)?;
    let mut source = connect(&folder.join(DATABASE), false).await?;
    vacuum_into(&mut source, &partial.path).await?;
    source.close().await?;
    mark(&partial.path, leave_out, about).await?;
    let mut backup = inspect(&partial.path).await?;
    partial.keep(to)?;
    backup.path = to.to_owned();
    Ok(backup)
}

/// Reads a backup, or the database of a data folder that nobody uses, and verifies all of it.
///
/// # Errors
/// As for [`back_up`].
pub async fn inspect(path: &Path) -> Result<Backup, StoreError> {
    let mut connection = connect(path, true).await?;
    let schema = schema::version(&mut connection).await?.unwrap_or_default();
    if schema > schema::newest() {
        return Err(StoreError::Newer(schema));
    }
    let checked: String = sqlx::query("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?.try_get(0)?;
    if checked != "ok" {
        return Err(StoreError::Damaged(format!("`{}`: {checked}", path.display())));
    }
    let about = about(&mut connection, path).await?;
    connection.close().await?;
    let log = look(path).await?;
    let mut heads = Vec::new();
    for (name, head) in log.heads().await? {
        let damaged = |why: String| StoreError::Damaged(format!("the chart of `{name}`: {why}"));
        let environment: EnvironmentKey = name.parse().map_err(|why| damaged(format!("{why}")))?;
        let report = verify(&log, &environment, &[]).await?;
        if report.status != VerifyStatus::Verified {
            return Err(damaged(report.fault.map(|fault| fault.message).unwrap_or_default()));
        }
        heads.push(BackupHead { environment, head, report });
    }
    let epoch = log.epoch();
    log.close().await;
    let size = std::fs::metadata(path).map_err(|why| cannot(path, why))?.len();
    Ok(Backup { path: path.to_owned(), size, about, epoch, schema, heads })
}

/// The log in a database that is only read, whatever its schema: nobody is kept from using it.
///
/// # Errors
/// [`StoreError::NotALog`], [`StoreError::Damaged`].
pub async fn look(database: &Path) -> Result<SqliteLog, StoreError> {
    let mut connection = connect(database, true).await?;
    let epoch = sqlx::query("SELECT epoch FROM log").fetch_optional(&mut connection).await?;
    let epoch = epoch.ok_or_else(|| not_a_log(database, "it has no epoch"))?;
    let epoch = unsigned(epoch.try_get(0)?)?;
    connection.close().await?;
    let readers = SqlitePoolOptions::new().max_connections(1).connect_with(options(database, true)).await?;
    Ok(SqliteLog { epoch, writer: readers.clone(), readers, folder: None })
}

/// A backup is put back, never opened as it is: clients that saw what came after it would refuse everything.
pub(super) async fn refuse(pool: &SqlitePool, folder: &Path) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT 1 FROM settings WHERE name = ?").bind(BACKUP).fetch_optional(pool).await?;
    if row.is_some() { Err(StoreError::IsBackup(folder.to_owned())) } else { Ok(()) }
}

/// Takes the mark away.
pub(super) async fn unmark(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM settings WHERE name = ?").bind(BACKUP).execute(connection).await?;
    Ok(())
}

/// Copies the database as it is now; in place of an earlier copy.
pub(super) async fn copy_aside(pool: &SqlitePool, to: &Path) -> Result<(), StoreError> {
    // Of an attempt that came to nothing: what is copied is still as it was.
    std::fs::remove_file(to).or_else(gone).map_err(|why| cannot(to, why))?;
    let partial = Partial::beside(to)?;
    vacuum_into(&mut *pool.acquire().await?, &partial.path).await?;
    partial.keep(to)
}

fn gone(why: std::io::Error) -> std::io::Result<()> {
    if why.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(why) }
}

/// A connection to a database that has the tables of a change log.
pub(super) async fn connect(path: &Path, read_only: bool) -> Result<SqliteConnection, StoreError> {
    if !path.is_file() {
        return Err(not_a_log(path, "there is no such file"));
    }
    let counted = async {
        let mut connection = options(path, read_only).connect().await?;
        let tables =
            sqlx::query("SELECT count(*) FROM sqlite_master WHERE name IN ('log', 'changes', 'heads', 'settings')")
                .fetch_one(&mut connection)
                .await?;
        Ok::<_, sqlx::Error>((connection, tables.try_get::<i64, _>(0)?))
    };
    let (connection, tables) = counted.await.map_err(|error| {
        let is_other = error.as_database_error().is_some_and(|error| error.code().as_deref() == Some(NOT_A_DATABASE));
        if is_other { not_a_log(path, "it is no database") } else { StoreError::from(error) }
    })?;
    if tables == 4 { Ok(connection) } else { Err(not_a_log(path, "it has other tables")) }
}

fn options(path: &Path, read_only: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(read_only)
        .busy_timeout(BUSY)
        .synchronous(SqliteSynchronous::Full)
}

/// What there is now, as one transaction sees it, without what was deleted.
async fn vacuum_into(connection: &mut SqliteConnection, to: &Path) -> Result<(), StoreError> {
    let name = to.to_str().ok_or_else(|| not_a_log(to, "its name is not UTF-8"))?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(connection).await?;
    Ok(())
}

async fn mark(path: &Path, leave_out: &[&str], about: &BackupAbout) -> Result<(), StoreError> {
    let mut connection = options(path, false).journal_mode(SqliteJournalMode::Delete).connect().await?;
    for name in leave_out {
        let sql = if name.ends_with('/') {
            "DELETE FROM settings WHERE substr(name, 1, length(?1)) = ?1"
        } else {
            "DELETE FROM settings WHERE name = ?1"
        };
        sqlx::query(sql).bind(*name).execute(&mut connection).await?;
    }
    // Whoever puts a backup back signs nobody in. The database of an older schema has no such table.
    let table = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sessions'");
    if table.fetch_optional(&mut connection).await?.is_some() {
        sqlx::query("DELETE FROM sessions").execute(&mut connection).await?;
    }
    let text = serde_json::to_vec(about).map_err(|why| StoreError::Damaged(why.to_string()))?;
    sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .bind(BACKUP)
        .bind(text)
        .execute(&mut connection)
        .await?;
    // Written anew, so that nothing of what was left out remains in a page that is free now.
    sqlx::query("VACUUM").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

async fn about(connection: &mut SqliteConnection, path: &Path) -> Result<Option<BackupAbout>, StoreError> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = ?").bind(BACKUP).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let text: Vec<u8> = row.try_get(0)?;
    serde_json::from_slice(&text).map(Some).map_err(|why| not_a_log(path, &format!("what it says of itself: {why}")))
}

/// A file for its owner only that is not yet what it will be; removed unless it is kept.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    kept: bool,
}

impl Partial {
    /// In the folder of `to`, so that it can be given that name.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::File`].
    pub fn beside(to: &Path) -> Result<Partial, StoreError> {
        if to.exists() {
            return Err(StoreError::Exists(to.to_owned()));
        }
        let name = to.file_name().and_then(|name| name.to_str()).unwrap_or("backup");
        let path = to.with_file_name(format!(".{name}.{}.partial", std::process::id()));
        std::fs::remove_file(&path).or_else(gone).map_err(|why| cannot(&path, why))?;
        // SQLite fills a file that is empty, and leaves its mode as it is.
        new_private_file(&path).map_err(|why| cannot(to, why))?;
        Ok(Partial { path, kept: false })
    }

    /// Where it is written to meanwhile.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, if nothing has that by now.
    ///
    /// # Errors
    /// As for [`Partial::beside`].
    pub fn keep(mut self, to: &Path) -> Result<(), StoreError> {
        let kept = File::open(&self.path).and_then(|file| file.sync_all()).and_then(|()| {
            // Unlike a renaming, a link is never put in place of something.
            std::fs::hard_link(&self.path, to)?;
            std::fs::remove_file(&self.path)?;
            sync_folder(folder_of(to))
        });
        match kept {
            Ok(()) => {
                self.kept = true;
                Ok(())
            }
            Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => Err(StoreError::Exists(to.to_owned())),
            Err(why) => Err(cannot(to, why)),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            // There is nobody to tell; a next attempt removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn cannot(path: &Path, why: std::io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), why }
}

fn not_a_log(path: &Path, why: &str) -> StoreError {
    StoreError::NotALog { path: path.to_owned(), why: why.to_owned() }
}
