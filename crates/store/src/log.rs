use crate::StoreError;
use async_trait::async_trait;
use downhaul_control::verify::Stored;
use downhaul_control::{AdminToken, Record, State};
use downhaul_core::ids::EnvironmentKey;
use std::collections::BTreeMap;
use std::fmt;

/// Where changes are kept.
///
/// A change is appended by one caller at a time per environment, whichever process it is in; who comes second gets
/// [`StoreError::Conflict`].
#[async_trait]
pub trait ChangeLog: fmt::Debug + Send + Sync + 'static {
    /// When the log was created, in epoch milliseconds.
    fn epoch(&self) -> u64;

    /// Keeps a change and what follows from it, both or neither. When this returns `Ok`, the change survives a power cut.
    ///
    /// Runs to its end even if the caller goes away. Any error but [`StoreError::Unsure`] says that nothing was kept.
    async fn append(&self, record: &Record, effects: &Effects) -> Result<(), StoreError>;

    /// The newest change of an environment; `None` where there is none.
    async fn head(&self, environment: &EnvironmentKey) -> Result<Option<Head>, StoreError>;

    /// Environments that have changes, and their heads.
    async fn heads(&self) -> Result<BTreeMap<String, Head>, StoreError>;

    /// Changes from revision `from` on, oldest first, as they are stored.
    async fn read(&self, environment: &EnvironmentKey, from: u64, limit: u32) -> Result<Vec<Stored>, StoreError>;

    /// Changes before revision `before` (the newest, where absent), newest first; only those that name `flag`, if given.
    async fn chart(
        &self,
        environment: &EnvironmentKey,
        before: Option<u64>,
        limit: u32,
        flag: Option<&str>,
    ) -> Result<Vec<Stored>, StoreError>;

    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// All settings whose name begins so.
    async fn settings(&self, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError>;

    /// Keeps `value` unless there is one already; gives the one that is kept.
    async fn setting_or_insert(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;

    async fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Does nothing where there is none.
    async fn remove_setting(&self, name: &str) -> Result<(), StoreError>;

    async fn put_admin_token(&self, token: &AdminToken) -> Result<(), StoreError>;

    async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError>;

    async fn remove_admin_token(&self, id: &str) -> Result<(), StoreError>;

    /// Names of actors, by id.
    async fn actors(&self) -> Result<BTreeMap<String, String>, StoreError>;

    async fn put_actor(&self, id: &str, name: &str) -> Result<(), StoreError>;

    /// Forgets who the actor is. The changes keep the id.
    async fn erase_actor(&self, id: &str) -> Result<(), StoreError>;

    /// Whether changes could be kept now.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Lets go of the log; nothing may be asked of it afterwards.
    async fn close(&self);
}

/// The newest change of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub revision: u64,
    pub kill_revision: u64,
    pub hash: String,
    /// Of the flag set after the change.
    pub document_digest: String,
}

/// What follows from a change and is kept with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    pub kill_revision: u64,
    pub document_digest: String,
    /// The flags that it names.
    pub flags: Vec<String>,
}

impl Effects {
    /// `after` is the state after the change.
    pub fn of(after: &State, record: &Record) -> Effects {
        let change = record.change();
        Effects {
            kill_revision: after.kill_revision,
            document_digest: change.impact.digest.clone(),
            flags: change.command.flags(after).into_iter().map(str::to_owned).collect(),
        }
    }
}
