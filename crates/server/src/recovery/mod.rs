//! Backups of a data folder, and putting one back.
//!
//! A folder that is put back is a new log to every client: its epoch is higher than any that they have seen. What was
//! given up is said, and what was taken away after the backup (kills, revocations, erased names) is carried over, as far
//! as the replaced folder can still be read.

pub(crate) mod backups;
mod carry;
mod raise;
mod secrets_file;

pub use raise::{Raise, Raised, raise};
pub use secrets_file::{SecretsFileError, export_secrets, generate_signing_key, import_signing_key};

use crate::secrets::SECRETS;
use crate::start::{StartError, TOKEN_FILE, new_admin_token};
use carry::Writer;
use downhaul_control::api::Position;
use downhaul_control::{Command, Record, Replaced, RestoredBackup, State, describe, time};
use downhaul_core::ids::EnvironmentKey;
use downhaul_store::{Backup, BackupAbout, BackupHead, ChangeLog, StoreError, inspect, load, stage};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was lost is named, the newest first, as far as this.
const NAMED: u32 = 20;

/// What is asked for when a backup is put back.
#[derive(Debug, Clone)]
pub struct Restore {
    pub backup: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// Whether what is in the data folder may be replaced; it is kept beside.
    pub replace: bool,
    /// A file of secrets, for a backup that has none.
    pub secrets: Option<PathBuf>,
    /// Whether nothing changes afterwards but by kills and restores, until someone lifts that.
    pub freeze: bool,
    /// Stands in the chart.
    pub reason: String,
}

/// Why a backup was not put back. The data folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Secrets(#[from] SecretsFileError),
    #[error("the restore cannot be charted in `{environment}`: {why}")]
    NotCharted { environment: String, why: String },
    #[error("a reason is missing")]
    MissingReason,
}

impl RestoreError {
    pub fn code(&self) -> &'static str {
        match self {
            RestoreError::Store(error) => error.code(),
            RestoreError::Start(_) => "cannot-start",
            RestoreError::Secrets(_) => "secrets-file",
            RestoreError::NotCharted { .. } => "not-charted",
            RestoreError::MissingReason => "missing-reason",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            RestoreError::Store(StoreError::Exists(_)) => {
                "name an empty folder, or say `--replace`: what is there is kept beside, and read for what must not be lost"
                    .to_owned()
            }
            RestoreError::Store(error) => error.help().to_owned(),
            RestoreError::Start(error) => error.help().to_owned(),
            RestoreError::Secrets(error) => error.help().to_owned(),
            RestoreError::NotCharted { .. } => "use the version that took the backup, or a newer one".to_owned(),
            RestoreError::MissingReason => "say in a few words why; it goes to the chart".to_owned(),
        }
    }
}

/// What putting a backup back came to.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    pub epoch: u64,
    pub epoch_before: u64,
    /// When the backup was taken, where it says so.
    pub taken_at: Option<String>,
    /// Where what was in the data folder is kept.
    pub replaced: Option<PathBuf>,
    /// Why what was there could not be read; nothing was carried over then.
    pub unreadable: Option<String>,
    /// Secrets that neither the backup nor anything else had: they are made anew at the next start.
    pub missing_secrets: Vec<String>,
    /// The file of a new admin token, where the folder had none.
    pub admin_token: Option<PathBuf>,
    /// Names of people that were erased after the backup, and were erased again.
    pub erased: usize,
    pub environments: Vec<RestoredEnvironment>,
    /// Environments that the backup does not have, and what was there had.
    pub lost_environments: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RestoredEnvironment {
    pub environment: String,
    /// Where it stands now.
    pub position: Position,
    /// Hash of its newest change.
    pub head: String,
    pub document_digest: String,
    /// The kills in force, as `k-3 checkout-v2`.
    pub kills: Vec<String>,
    /// What was taken away after the backup, and was taken away again.
    pub carried: Vec<String>,
    /// What could not be, and why.
    pub not_carried: Vec<String>,
    /// Kills that were restored after the backup, and are in force again.
    pub killed_again: Vec<String>,
    /// Runs that were under way in the backup, and were ended.
    pub ended_runs: Vec<String>,
    pub lost: Option<Lost>,
}

/// Changes that came after the backup.
#[derive(Debug, Clone, Serialize)]
pub struct Lost {
    pub from: u64,
    pub to: u64,
    /// In words, the newest first; the first few.
    pub changes: Vec<String>,
    /// False where what was there is another chart, not a later one.
    pub continues: bool,
}

/// Copies a data folder into one file, also while a server uses it, and verifies the copy.
///
/// # Errors
/// As for [`downhaul_store::back_up`].
pub async fn back_up(data: &Path, to: &Path, with_secrets: bool, now: Timestamp) -> Result<Backup, StoreError> {
    let about =
        BackupAbout { taken_at: time::to_text(now), keys: with_secrets, version: env!("CARGO_PKG_VERSION").to_owned() };
    let taken = downhaul_store::back_up(data, to, if with_secrets { &[] } else { &SECRETS }, &about).await;
    backups::note(data, &taken, now);
    taken
}

/// What a backup that is given out over the network is called meanwhile, in the data folder.
pub(crate) const DOWNLOAD: &str = ".download-";

/// Removes backups whose giving out was cut off with the process.
pub(crate) fn sweep(data: &Path) {
    for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().contains(DOWNLOAD) {
            // It is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Puts a backup back. Everything is verified, raised and charted beside what is there, and then put in its place at once.
///
/// # Errors
/// Nothing has changed then.
pub async fn restore(asked: &Restore, now: Timestamp) -> Result<Restored, RestoreError> {
    if asked.reason.trim().is_empty() {
        return Err(RestoreError::MissingReason);
    }
    let given = asked.secrets.as_deref().map(secrets_file::read).transpose()?.unwrap_or_default();
    let backup = inspect(&asked.backup).await?;
    let staged = stage(&asked.backup, &asked.data, asked.replace).await?;
    let (present, unreadable) = match staged.present().await {
        Ok(None) => (None, None),
        Ok(Some(log)) => match Present::read(log, &backup.heads).await {
            Ok(present) => (Some(present), None),
            Err(error) => (None, Some(error.to_string())),
        },
        Err(error) => (None, Some(error.to_string())),
    };
    let epoch = epoch_after(backup.epoch, present.as_ref().map(|present| present.epoch), now);
    let log = staged.open(epoch).await?;
    let missing_secrets = bring_secrets(&log, given, present.as_ref()).await?;
    let erased = erase_again(&log, present.as_ref()).await?;
    let actor = log.admin_tokens().await?.first().map_or_else(|| "system".to_owned(), |token| token.actor.clone());
    let mut environments = Vec::new();
    for head in &backup.heads {
        let then = present.as_ref().and_then(|present| present.environments.get(head.environment.as_str()));
        let charted = RestoredBackup {
            epoch,
            epoch_before: backup.epoch,
            taken_at: backup.about.as_ref().map(|about| about.taken_at.clone()),
            replaced: present.as_ref().zip(then).map(|(present, then)| Replaced {
                epoch: present.epoch,
                revision: then.state.flag_set.revision,
                head: then.state.head,
            }),
        };
        let (state, _) = load(&log, &head.environment).await?;
        let writer = Writer::new(&log, state, (&actor, asked.reason.trim()), now)?;
        environments.push(environment(writer, charted, present.as_ref(), then, asked.freeze).await?);
    }
    let kept: BTreeSet<&str> = backup.heads.iter().map(|head| head.environment.as_str()).collect();
    let lost_environments = present
        .iter()
        .flat_map(|present| present.environments.keys())
        .filter(|key| !kept.contains(key.as_str()))
        .cloned()
        .collect();
    let token_file = asked.data.join(TOKEN_FILE);
    let admin_token = if token_file.exists() {
        None
    } else {
        new_admin_token(&log, &asked.data).await?;
        Some(token_file)
    };
    let aside = match &present {
        Some(present) => format!("replaced-{}", present.epoch),
        None => "replaced".to_owned(),
    };
    let replaced = staged.put_in_place(log, &aside).await?.replaced;
    Ok(Restored {
        epoch,
        epoch_before: backup.epoch,
        taken_at: backup.about.map(|about| about.taken_at),
        replaced,
        unreadable,
        missing_secrets,
        admin_token,
        erased,
        environments,
        lost_environments,
    })
}

/// What is in the data folder, as far as it may be needed.
#[derive(Debug)]
struct Present {
    epoch: u64,
    environments: BTreeMap<String, Then>,
    actors: BTreeMap<String, String>,
    secrets: BTreeMap<String, Vec<u8>>,
}

/// An environment as it was when it was replaced.
#[derive(Debug)]
struct Then {
    state: State,
    /// Whether its chart goes on from the backup's.
    continues: bool,
    /// Its newest changes in words, by revision.
    newest: BTreeMap<u64, String>,
}

impl Present {
    async fn read(log: impl ChangeLog, backup: &[BackupHead]) -> Result<Present, StoreError> {
        let mut environments = BTreeMap::new();
        for name in log.heads().await?.into_keys() {
            let damaged = |why: String| StoreError::Damaged(format!("`{name}`: {why}"));
            let key: EnvironmentKey = name.parse().map_err(|why| damaged(format!("{why}")))?;
            let (state, _) = load(&log, &key).await?;
            let mut newest = BTreeMap::new();
            for stored in log.chart(&key, None, NAMED, None).await? {
                let record = Record::read(stored.bytes).map_err(|why| damaged(why.to_string()))?;
                newest.insert(stored.revision, describe::summary(&state, record.change()));
            }
            let continues = match backup.iter().find(|head| head.environment == key) {
                Some(BackupHead { head, .. }) => {
                    log.read(&key, head.revision, 1).await?.first().is_some_and(|stored| stored.hash == head.hash)
                }
                None => false,
            };
            environments.insert(name, Then { state, continues, newest });
        }
        let mut secrets = BTreeMap::new();
        for name in SECRETS {
            secrets.extend(secrets_file::named(&log, name).await?);
        }
        let actors = log.actors().await?;
        let epoch = log.epoch();
        log.close().await;
        Ok(Present { epoch, environments, actors, secrets })
    }
}

/// Higher than any that a client can have seen.
fn epoch_after(backup: u64, present: Option<u64>, now: Timestamp) -> u64 {
    let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
    now.max(backup.saturating_add(1)).max(present.map_or(0, |present| present.saturating_add(1)))
}

/// What the backup has stays; what it lacks comes from the file, else from what was there. Gives what is still missing.
async fn bring_secrets(
    log: &dyn ChangeLog,
    given: BTreeMap<String, Vec<u8>>,
    present: Option<&Present>,
) -> Result<Vec<String>, StoreError> {
    let present = present.map(|present| present.secrets.clone()).unwrap_or_default();
    for (name, value) in given.into_iter().chain(present) {
        log.setting_or_insert(&name, &value).await?;
    }
    let mut missing = Vec::new();
    for name in SECRETS.into_iter().filter(|name| !name.ends_with('/')) {
        if log.setting(name).await?.is_none() {
            missing.push(name.to_owned());
        }
    }
    Ok(missing)
}

/// A name that was erased after the backup is not brought back by it.
async fn erase_again(log: &dyn ChangeLog, present: Option<&Present>) -> Result<usize, StoreError> {
    let Some(present) = present else { return Ok(0) };
    let gone: Vec<String> =
        log.actors().await?.into_keys().filter(|actor| !present.actors.contains_key(actor)).collect();
    for actor in &gone {
        log.erase_actor(actor).await?;
    }
    Ok(gone.len())
}

async fn environment(
    mut writer: Writer<'_>,
    charted: RestoredBackup,
    present: Option<&Present>,
    then: Option<&Then>,
    freeze: bool,
) -> Result<RestoredEnvironment, RestoreError> {
    let revision = writer.state().flag_set.revision;
    let key = writer.state().environment().to_string();
    let not_charted = |why: String| RestoreError::NotCharted { environment: key.clone(), why };
    writer.ask(Command::RestoreBackup { backup: charted }).await?.map_err(not_charted)?;
    let ended_runs = writer.end_runs().await?;
    let (mut carried, mut killed_again) = (carry::Carried::default(), Vec::new());
    if let (Some(present), Some(then)) = (present, then) {
        carried = carry::carry(&mut writer, &then.state, &present.actors).await?;
        killed_again = carry::killed_again(writer.state(), &then.state);
    }
    if freeze && writer.state().frozen.is_none() {
        writer.ask(Command::Freeze).await?.map_err(not_charted)?;
    }
    let state = writer.state();
    Ok(RestoredEnvironment {
        position: state.position(),
        head: state.head.to_string(),
        document_digest: downhaul_control::decide::digest(&state.flag_set).unwrap_or_default(),
        kills: state.flag_set.kills.iter().map(|kill| format!("{} {}", kill.id, kill.flag)).collect(),
        carried: carried.done,
        not_carried: carried.refused,
        killed_again,
        ended_runs,
        lost: then.and_then(|then| lost(then, revision)),
        environment: key,
    })
}

fn lost(then: &Then, revision: u64) -> Option<Lost> {
    let from = if then.continues { revision + 1 } else { 1 };
    let to = then.state.flag_set.revision;
    let changes = then.newest.range(from..).rev().map(|(revision, words)| format!("{revision} {words}"));
    (from <= to).then(|| Lost { from, to, changes: changes.collect(), continues: then.continues })
}
