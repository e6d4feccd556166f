//! The secrets of a data folder in a file of their own, for a backup without them.

use crate::random;
use crate::secrets::{self, SECRETS};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::SigningKey;
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_store::{ChangeLog, DATABASE, Options, SqliteLog, StoreError, look};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why a file of secrets is not written or taken.
#[derive(Debug, thiserror::Error)]
pub enum SecretsFileError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        why: std::io::Error,
    },
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        why: std::io::Error,
    },
    #[error("`{}` holds no secrets of a data folder: {why}", path.display())]
    Malformed { path: PathBuf, why: String },
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

impl SecretsFileError {
    pub fn code(&self) -> &'static str {
        match self {
            SecretsFileError::Store(error) => error.code(),
            SecretsFileError::Write { why, .. } if why.kind() == std::io::ErrorKind::AlreadyExists => "file-exists",
            SecretsFileError::Write { .. } => "cannot-write",
            SecretsFileError::Read { .. } => "cannot-read",
            SecretsFileError::Malformed { .. } => "secrets-malformed",
            SecretsFileError::Random(_) => "cannot-start",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        match self {
            SecretsFileError::Store(error) => error.help(),
            SecretsFileError::Write { why, .. } if why.kind() == std::io::ErrorKind::AlreadyExists => {
                "name another file; nothing is written over"
            }
            SecretsFileError::Write { .. } => "choose a folder that exists and that this user may write to",
            SecretsFileError::Read { .. } => "name a file that this user may read",
            SecretsFileError::Malformed { .. } => {
                "give the file that `downhaul backup secrets` or `downhaul signing-keys generate` wrote, whole"
            }
            SecretsFileError::Random(_) => "give the process access to the random device of the system",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretsFile {
    /// Base64 by name.
    downhaul_secrets: BTreeMap<String, String>,
}

/// Writes the secrets of a data folder to a file that only its owner may read. Gives their names.
///
/// # Errors
/// Nothing is written over; see [`SecretsFileError`].
pub async fn export_secrets(data: &Path, to: &Path) -> Result<Vec<String>, SecretsFileError> {
    let log = look(&data.join(DATABASE)).await?;
    let mut found = BTreeMap::new();
    for name in SECRETS {
        found.extend(named(&log, name).await?);
    }
    log.close().await;
    write(to, &found)?;
    Ok(found.into_keys().collect())
}

/// Makes a signing key and writes its secret half to a file, which no server has seen.
///
/// # Errors
/// See [`SecretsFileError`].
pub fn generate_signing_key(to: &Path) -> Result<SigningKey, SecretsFileError> {
    let seed = random::bytes::<32>()?;
    let key = SigningKey::new(&EnvelopeSigner::new(&seed).public_key());
    write(to, &BTreeMap::from([(secrets::signing_key(&key.id), seed.to_vec())]))?;
    Ok(key)
}

/// Brings the signing keys of a file into a data folder that no server uses. Gives their public halves.
///
/// # Errors
/// See [`SecretsFileError`].
pub async fn import_signing_key(data: &Path, from: &Path) -> Result<Vec<SigningKey>, SecretsFileError> {
    let malformed = |why: &str| SecretsFileError::Malformed { path: from.to_owned(), why: why.to_owned() };
    let mut keys = Vec::new();
    for (name, seed) in read(from)? {
        if !name.starts_with(secrets::SIGNING_KEY) {
            continue;
        }
        let seed: [u8; 32] = seed.try_into().map_err(|_| malformed("a signing key has another length"))?;
        let key = SigningKey::new(&EnvelopeSigner::new(&seed).public_key());
        if name.strip_prefix(secrets::SIGNING_KEYS).is_some_and(|id| id != key.id) {
            return Err(malformed("a signing key has another id than its name says"));
        }
        keys.push((key, seed));
    }
    if keys.is_empty() {
        return Err(malformed("it has no signing key"));
    }
    downhaul_store::refuse_elsewhere(data)?;
    if !data.join(DATABASE).exists() {
        return Err(StoreError::NotALog { path: data.join(DATABASE), why: "there is no such file".to_owned() }.into());
    }
    let log = SqliteLog::open(data, 0, &Options::default()).await?;
    for (key, seed) in &keys {
        log.put_setting(&secrets::signing_key(&key.id), seed).await?;
    }
    log.close().await;
    Ok(keys.into_iter().map(|(key, _)| key).collect())
}

/// The settings that a name of [`SECRETS`] stands for.
pub(super) async fn named(log: &dyn ChangeLog, name: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
    let mut found = log.settings(name).await?;
    found.retain(|found, _| name.ends_with('/') || found == name);
    Ok(found)
}

pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, SecretsFileError> {
    let malformed = |why: String| SecretsFileError::Malformed { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|why| SecretsFileError::Read { path: path.to_owned(), why })?;
    let file: SecretsFile = serde_json::from_str(&text).map_err(|why| malformed(why.to_string()))?;
    let is_known =
        |name: &str| SECRETS.iter().any(|known| name == *known || (known.ends_with('/') && name.starts_with(*known)));
    let mut secrets = BTreeMap::new();
    for (name, text) in file.downhaul_secrets {
        if !is_known(&name) {
            return Err(malformed(format!("there is no secret `{name}`")));
        }
        let value = STANDARD.decode(text).map_err(|_| malformed(format!("`{name}` is not base64")))?;
        if value.len() != 32 {
            return Err(malformed(format!("`{name}` has {} bytes, not 32", value.len())));
        }
        secrets.insert(name, value);
    }
    Ok(secrets)
}

fn write(to: &Path, secrets: &BTreeMap<String, Vec<u8>>) -> Result<(), SecretsFileError> {
    let failed = |why| SecretsFileError::Write { path: to.to_owned(), why };
    let file = SecretsFile {
        downhaul_secrets: secrets.iter().map(|(name, value)| (name.clone(), STANDARD.encode(value))).collect(),
    };
    let text = serde_json::to_string_pretty(&file).map_err(|why| failed(std::io::Error::other(why)))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(to).map_err(failed)?;
    file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}
