use std::path::PathBuf;

/// Why the log did not do as asked. Nothing was kept of what failed, but for [`StoreError::Unsure`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else appended first: load what is new and decide again.
    #[error("revision {revision} does not follow the newest change of `{environment}`, which has revision {head}")]
    Conflict { environment: String, revision: u64, head: u64 },
    #[error("no room is left for the change log")]
    Full(#[source] sqlx::Error),
    #[error("the data folder {} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("the data folder {} cannot be used", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        why: std::io::Error,
    },
    #[error("the change log was written by a newer version (its schema has a migration {0})")]
    Newer(i64),
    #[error("the database in {} is a backup", .0.display())]
    IsBackup(PathBuf),
    #[error("there is `{}` already", .0.display())]
    Exists(PathBuf),
    #[error("`{}` cannot be written", path.display())]
    File {
        path: PathBuf,
        #[source]
        why: std::io::Error,
    },
    #[error("`{}` is no change log of Downhaul: {why}", path.display())]
    NotALog { path: PathBuf, why: String },
    #[error("the change log is damaged: {0}")]
    Damaged(String),
    #[error("the database does not answer")]
    Unreachable(#[source] sqlx::Error),
    /// The database went away while it was committing, and did not come back in time to be asked.
    #[error("whether revision {revision} of `{environment}` was kept is not known: the database went away meanwhile")]
    Unsure { environment: String, revision: u64 },
    #[error("the database would lose acknowledged changes in a power cut: its setting `{0}` is not `on`")]
    NotDurable(&'static str),
    #[error("{0} of the replicas that use the database were heard of within the last minute")]
    Served(i64),
    #[error("the data folder {} has a change log of its own", .0.display())]
    TwoLogs(PathBuf),
    #[error("the change log of the data folder {} is in the database {url}", folder.display())]
    Elsewhere { folder: PathBuf, url: String },
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// A stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Conflict { .. } => "log-conflict",
            StoreError::Full(_) => "log-full",
            StoreError::InUse(_) => "data-folder-in-use",
            StoreError::Folder { .. } => "data-folder-unusable",
            StoreError::Newer(_) => "log-newer",
            StoreError::IsBackup(_) => "log-is-backup",
            StoreError::Exists(_) => "file-exists",
            StoreError::File { .. } => "cannot-write",
            StoreError::NotALog { .. } => "not-a-log",
            StoreError::Damaged(_) => "log-damaged",
            StoreError::Unreachable(_) => "log-unreachable",
            StoreError::Unsure { .. } => "log-unsure",
            StoreError::NotDurable(_) => "log-not-durable",
            StoreError::Served(_) => "database-in-use",
            StoreError::TwoLogs(_) => "two-logs",
            StoreError::Elsewhere { .. } => "log-elsewhere",
            StoreError::Database(_) => "log-failed",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            StoreError::Conflict { .. } => "try again; the state has been loaded anew",
            StoreError::Full(_) => "free space on the disk of the database and repeat; what was acknowledged is safe",
            StoreError::InUse(_) => "stop the other process, or give this one a data folder of its own with `--data`",
            StoreError::Folder { .. } => "give a folder that can be written with `--data`",
            StoreError::Newer(_) => "run the version that wrote it, or a newer one; nothing was touched",
            StoreError::IsBackup(_) => {
                "put it back with `downhaul backup restore`: clients refuse what is older than what they had"
            }
            StoreError::Exists(_) => "name another file; nothing is written over",
            StoreError::File { .. } => "choose a folder that exists and that this user may write to",
            StoreError::NotALog { .. } => "give a file that `downhaul backup create` wrote, or a data folder",
            StoreError::Damaged(_) => {
                "keep the data folder as it is, run `downhaul chart verify`, and compare the head with a witness"
            }
            StoreError::Unreachable(_) => {
                "see whether the database runs and can be reached from here, and repeat; what was acknowledged is safe"
            }
            StoreError::Unsure { .. } => "look at the chart once the database is back, and repeat what is not in it",
            StoreError::NotDurable(_) => "turn it on in the configuration of PostgreSQL, and restart PostgreSQL",
            StoreError::Served(_) => "stop every replica, wait for a minute, and repeat",
            StoreError::TwoLogs(_) => "leave the database out, or give a data folder of its own with `--data`",
            StoreError::Elsewhere { .. } => {
                "start it with `--database`; back that database up with PostgreSQL's `pg_dump`, and never with a copy of the folder"
            }
            StoreError::Database(_) => "look at the log of the server for the cause",
        }
    }
}

/// SQLite's codes for no space left, its own limit included.
const FULL: &str = "13";
/// PostgreSQL's code for the same.
const DISK_FULL: &str = "53100";
/// A read or write failed; of a full disk only where the WAL's write is cut short.
const IO_ERROR_WRITE: &str = "778";
/// Anything that the database does not find as it left it.
const DAMAGED: [&str; 4] = ["11", "26", "XX001", "XX002"];
/// PostgreSQL is being shut down, has crashed, or does not take connections yet; a standby takes no changes.
const AWAY: [&str; 5] = ["57P01", "57P02", "57P03", "53300", "25006"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        match code.as_deref() {
            Some(FULL | IO_ERROR_WRITE | DISK_FULL) => StoreError::Full(error),
            Some(code) if DAMAGED.contains(&code) => StoreError::Damaged(error.to_string()),
            Some(code) if AWAY.contains(&code) => StoreError::Unreachable(error),
            None if is_silence(&error) => StoreError::Unreachable(error),
            _ => StoreError::Database(error),
        }
    }
}

/// No answer, for whatever reason.
fn is_silence(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed)
}
