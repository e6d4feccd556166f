//! The change log on PostgreSQL, for several replicas of a control plane.

mod log;
mod minutes;
mod populations;
mod replicas;
mod schema;
mod sessions;

use crate::StoreError;
pub use replicas::{Ear, Heard, Lead};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Row};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Where a database is: `postgres://USER@HOST:PORT/NAME`. Shown without its password.
#[derive(Clone)]
pub struct DatabaseUrl {
    options: PgConnectOptions,
    shown: String,
}

/// The change log in a database that other processes use too.
#[derive(Debug)]
pub struct PostgresLog {
    epoch: u64,
    pool: PgPool,
    url: DatabaseUrl,
}

/// Connections of one process for changes and questions; a few more listen and lead.
const CONNECTIONS: u32 = 8;
/// How long a connection is waited for.
const ACQUIRE: Duration = Duration::from_secs(3);
/// What every connection asks of the server. Whoever is cut off in the midst of a change holds nobody up for long: the server
/// ends a transaction that waits for a client, and finds clients that are gone.
const SETTINGS: [(&str, &str); 6] = [
    ("lock_timeout", "12s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("client_min_messages", "warning"),
];
impl PostgresLog {
    /// Opens the log in a database, and makes its tables where they are missing. `now` (epoch milliseconds) becomes the
    /// epoch of a new log. Until the turn is dropped no other process opens it: so what a new log needs is made once.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], [`StoreError::NotDurable`] where the server would lose what it has acknowledged,
    /// [`StoreError::Newer`].
    pub async fn open(url: &DatabaseUrl, now: u64) -> Result<(PostgresLog, Turn), StoreError> {
        let mut connection = url.options.connect().await?;
        keep_promises(&mut connection).await?;
        refuse_forgetful(&mut connection).await?;
        // However long the others take.
        sqlx::query("SET lock_timeout = 0").execute(&mut connection).await?;
        sqlx::query("SELECT pg_advisory_lock(hashtextextended('downhaul/start', 0))").execute(&mut connection).await?;
        schema::upgrade(&mut connection).await?;
        let epoch = epoch(&mut connection, now).await?;
        populations::sweep(&mut connection).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .after_connect(|connection, _| Box::pin(keep_promises(connection)))
            .connect_with(url.options.clone())
            .await?;
        Ok((PostgresLog { epoch, pool, url: url.clone() }, Turn { _connection: connection }))
    }

    /// Refuses a database that is served.
    ///
    /// # Errors
    /// [`StoreError::Served`].
    pub async fn refuse_served(&self) -> Result<(), StoreError> {
        let sql = "SELECT count(DISTINCT replica) FROM replicas WHERE seen_at > now() - interval '1 minute'";
        match sqlx::query(sql).fetch_one(&self.pool).await?.try_get(0)? {
            0 => Ok(()),
            served => Err(StoreError::Served(served)),
        }
    }

    /// Gives the log a higher epoch.
    ///
    /// # Errors
    /// The database.
    pub async fn raise(self, epoch: u64) -> Result<PostgresLog, StoreError> {
        let row = sqlx::query("UPDATE log SET epoch = greatest(epoch + 1, $1) RETURNING epoch")
            .bind(signed(epoch)?)
            .fetch_one(&self.pool)
            .await?;
        Ok(PostgresLog { epoch: unsigned(row.try_get(0)?)?, ..self })
    }

    /// What a setting of the server is for the connections of this log.
    ///
    /// # Errors
    /// There is no such setting.
    pub async fn show(&self, setting: &str) -> Result<String, StoreError> {
        let row = sqlx::query("SELECT current_setting($1)").bind(setting).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }
}

/// The turn of one process to make what a new log needs.
#[derive(Debug)]
pub struct Turn {
    /// Its end is the end of the turn.
    _connection: PgConnection,
}

impl FromStr for DatabaseUrl {
    type Err = NotADatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            return Err(NotADatabaseUrl);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| NotADatabaseUrl)?;
        let (host, port) = (options.get_host(), options.get_port());
        let place = match options.get_socket() {
            Some(folder) => format!("{}:{port}", folder.display()),
            None => format!("{host}:{port}"),
        };
        let name = options.get_database().unwrap_or(options.get_username());
        let shown = format!("postgres://{}@{place}/{name}", options.get_username());
        let options = options.application_name("downhaul").options(SETTINGS);
        Ok(DatabaseUrl { options, shown })
    }
}

/// Not a URL of a PostgreSQL database. It is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no URL of a PostgreSQL database, such as `postgres://downhaul@db.example/downhaul`")]
pub struct NotADatabaseUrl;

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.shown).finish()
    }
}

/// An acknowledged change survives a power cut: a commit waits for the disk, whatever the database or the role has set. Who
/// asked for more, such as that a standby has applied it, gets more.
async fn keep_promises(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A server that does not wait for its disk, or whose pages may be torn, loses what was acknowledged.
async fn refuse_forgetful(connection: &mut PgConnection) -> Result<(), StoreError> {
    for setting in ["fsync", "full_page_writes"] {
        let row = sqlx::query("SELECT current_setting($1)").bind(setting).fetch_one(&mut *connection).await?;
        if row.try_get::<String, _>(0)? != "on" {
            return Err(StoreError::NotDurable(setting));
        }
    }
    Ok(())
}

async fn epoch(connection: &mut PgConnection, now: u64) -> Result<u64, StoreError> {
    sqlx::query("INSERT INTO log (epoch) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(signed(now)?)
        .execute(&mut *connection)
        .await?;
    unsigned(sqlx::query("SELECT epoch FROM log").fetch_one(connection).await?.try_get(0)?)
}

/// PostgreSQL knows signed integers only.
fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is too large a number")))
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is below zero")))
}
