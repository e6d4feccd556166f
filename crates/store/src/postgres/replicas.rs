//! What the replicas of a control plane know of each other, through their database: that something was appended, what one
//! tells all, how far each has followed, and who of them acts.

use super::{PostgresLog, keep_promises, signed, unsigned};
use crate::StoreError;
use downhaul_core::ids::EnvironmentKey;
use sqlx::postgres::{PgConnection, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, Row};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// On this channel every change is told with its commit; the payload is the environment.
const CHANGES: &str = "downhaul_changes";
/// And on this one whatever a replica has to tell.
const TOLD: &str = "downhaul_told";
/// Longest payload of a notification, in bytes; PostgreSQL takes less than 8000.
const PAYLOAD: usize = 7_800;
/// A database that does not answer for this long is one that is away.
const ANSWER: Duration = Duration::from_secs(5);

/// A connection that hears. What is told while there is none is never heard.
#[derive(Debug)]
pub struct Ear {
    listener: PgListener,
    /// Texts of which not every piece is here yet, by who tells them.
    pieces: BTreeMap<String, String>,
}

/// What is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Something was appended in this environment.
    Changed(String),
    Told {
        from: String,
        text: String,
    },
}

/// A connection that may have the right to act in an environment, until it ends.
#[derive(Debug)]
pub struct Lead {
    connection: PgConnection,
}

impl PostgresLog {
    /// Hears from now on.
    ///
    /// # Errors
    /// The database.
    pub async fn listen(&self) -> Result<Ear, StoreError> {
        let connecting = async {
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .max_lifetime(None)
                .idle_timeout(None)
                .acquire_timeout(ANSWER)
                .after_connect(|connection, _| Box::pin(keep_promises(connection)))
                .connect_with(self.url.options.clone())
                .await?;
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.ignore_pool_close_event(true);
            listener.eager_reconnect(false);
            listener.listen_all([CHANGES, TOLD]).await?;
            Ok::<_, sqlx::Error>(Ear { listener, pieces: BTreeMap::new() })
        };
        answered(connecting).await
    }

    /// Tells all replicas something, this one too: all of it or nothing.
    ///
    /// # Errors
    /// The database.
    pub async fn tell(&self, from: &str, text: &str) -> Result<(), StoreError> {
        let telling = async {
            let mut transaction = self.pool.begin().await?;
            // What is told is of the moment, and not to be found after a power cut.
            sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *transaction).await?;
            let pieces = pieces(text, PAYLOAD.saturating_sub(from.len() + 16));
            let last = pieces.len().saturating_sub(1);
            let payloads: Vec<String> =
                (0..).zip(&pieces).map(|(number, piece)| payload(from, number, last, piece)).collect();
            sqlx::query("SELECT pg_notify($1, payload) FROM unnest($2::text[]) WITH ORDINALITY AS told (payload, number) ORDER BY number")
                .bind(TOLD)
                .bind(&payloads)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        };
        answered(telling).await
    }

    /// A connection that may lead.
    ///
    /// # Errors
    /// The database.
    pub async fn candidate(&self) -> Result<Lead, StoreError> {
        let connection = answered(self.url.options.connect()).await?;
        Ok(Lead { connection })
    }

    /// Replicas that were heard of within this time, and have not followed an environment up to a revision.
    ///
    /// # Errors
    /// The database.
    pub async fn lagging(
        &self,
        environment: &EnvironmentKey,
        revision: u64,
        within: Duration,
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT replica FROM replicas WHERE environment = $1 AND revision < $2 \
             AND seen_at > now() - make_interval(secs => $3) ORDER BY replica",
        )
        .bind(environment.as_str())
        .bind(signed(revision)?)
        .bind(within.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// A replica serves nobody any more.
    ///
    /// # Errors
    /// The database; then it is taken for one that ended without a word.
    pub async fn leave(&self, replica: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM replicas WHERE replica = $1").bind(replica).execute(&self.pool).await?;
        Ok(())
    }
}

impl Ear {
    /// The next thing that is heard. Where it is dropped before, nothing is lost.
    ///
    /// # Errors
    /// The connection is gone, and with it whatever is told until there is another one.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        loop {
            let Some(heard) = self.listener.try_recv().await? else {
                return Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()).into());
            };
            if heard.channel() == CHANGES {
                return Ok(Heard::Changed(heard.payload().to_owned()));
            }
            if let Some((from, text)) = self.take(heard.payload()) {
                return Ok(Heard::Told { from, text });
            }
        }
    }

    /// Says that a replica serves, and how far it has followed each environment; gives where each is. Asked on the very
    /// connection that hears, so an answer says that this one is well.
    ///
    /// # Errors
    /// The connection is gone, or the database does not answer.
    pub async fn beat(
        &mut self,
        replica: &str,
        positions: &BTreeMap<String, u64>,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let environments: Vec<&str> = positions.keys().map(String::as_str).collect();
        let revisions = positions.values().copied().map(signed).collect::<Result<Vec<_>, _>>()?;
        let beating = async {
            sqlx::query(
                "INSERT INTO replicas (replica, environment, revision, seen_at) \
                 SELECT $1, environment, revision, clock_timestamp() \
                 FROM unnest($2::text[], $3::bigint[]) AS followed (environment, revision) \
                 ON CONFLICT (replica, environment) DO UPDATE SET revision = excluded.revision, seen_at = excluded.seen_at",
            )
            .bind(replica)
            .bind(&environments)
            .bind(&revisions)
            .execute(&mut self.listener)
            .await?;
            // Those that have been silent for so long serve nobody, whatever became of them.
            sqlx::query("DELETE FROM replicas WHERE seen_at < now() - interval '7 days'")
                .execute(&mut self.listener)
                .await?;
            sqlx::query("SELECT environment, revision FROM heads").fetch_all(&mut self.listener).await
        };
        let rows = answered(beating).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, unsigned(row.try_get(1)?)?))).collect()
    }

    /// Takes a piece in; gives what is whole with it.
    fn take(&mut self, payload: &str) -> Option<(String, String)> {
        let mut parts = payload.splitn(4, ' ');
        let (from, number, last, piece) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // The first piece begins anew, whatever came before it: pieces of one text come together, and in order.
        let text = self.pieces.entry(from.to_owned()).or_default();
        if number == "0" {
            text.clear();
        }
        text.push_str(piece);
        if number != last {
            return None;
        }
        Some((from.to_owned(), self.pieces.remove(from).unwrap_or_default()))
    }
}

impl Lead {
    /// Takes the right to act in an environment, unless another connection has it.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn take(&mut self, environment: &EnvironmentKey) -> Result<bool, StoreError> {
        let taking = async {
            let row = sqlx::query("SELECT pg_try_advisory_lock(hashtextextended('downhaul/lead/' || $1, 0))")
                .bind(environment.as_str())
                .fetch_one(&mut self.connection)
                .await?;
            row.try_get(0)
        };
        answered(taking).await
    }

    /// Whether the right is still there.
    ///
    /// # Errors
    /// It is gone with its connection: another replica may have it by now.
    pub async fn hold(&mut self) -> Result<(), StoreError> {
        answered(async { sqlx::query("SELECT 1").execute(&mut self.connection).await.map(drop) }).await
    }
}

/// `FROM NUMBER LAST PIECE`. The number makes each another payload: PostgreSQL folds those of one transaction that are equal.
fn payload(from: &str, number: usize, last: usize, piece: &str) -> String {
    format!("{from} {number} {last} {piece}")
}

/// Pieces of at most so many bytes, between characters; one where there is nothing.
fn pieces(text: &str, most: usize) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > most {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(most).max(1));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

/// An answer within the time that one may take.
async fn answered<T>(asking: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match timeout(ANSWER, asking).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        for text in ["", "a", "abcdef", "äöüß", "日本語 und mehr"] {
            for most in 4..9 {
                let cut = pieces(text, most);
                assert_eq!(cut.concat(), text);
                assert!(cut.iter().all(|piece| piece.len() <= most), "{cut:?}");
            }
        }
    }
}
