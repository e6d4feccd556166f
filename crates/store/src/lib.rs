//! The change log: what was decided is kept here, with what follows from it, in one transaction.
//!
//! [`ChangeLog`], [`PopulationStore`], [`MinuteStore`] and [`SessionStore`] are what the control plane asks of a database, [`SqliteLog`] the embedded one, and
//! [`PostgresLog`] one that several replicas share.
//! The layout of a data folder is in docs/reference/change-log.md.

mod elsewhere;
mod error;
mod log;
mod minutes;
mod populations;
mod postgres;
mod replay;
mod sessions;
mod sqlite;

pub use elsewhere::{point_to, refuse_elsewhere};
pub use error::StoreError;
pub use log::{ChangeLog, Effects, Head};
pub use minutes::MinuteStore;
pub use populations::PopulationStore;
pub use postgres::{DatabaseUrl, Ear, Heard, Lead, NotADatabaseUrl, PostgresLog, Turn};
pub use replay::{advance, leaves, load, replay, verify};
pub use sessions::{ATTEMPT, KeptSession, SessionStore};
pub use sqlite::{
    Backup, BackupAbout, BackupHead, DATABASE, InPlace, Options, Partial, SqliteLog, Staged, back_up, inspect, look,
    stage,
};
