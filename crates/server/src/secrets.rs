//! What the data folder keeps from everybody: settings of the log that are secret.

use crate::random;
use crate::start::StartError;
use downhaul_store::ChangeLog;

/// Seed of the first key that signs.
pub(crate) const SIGNING_KEY: &str = "signing-key";
/// What the seeds of all others are named by, with their id behind it.
pub(crate) const SIGNING_KEYS: &str = "signing-key/";
pub(crate) const SAMPLE_CLIENT: &str = "sample-client-root";
pub(crate) const SAMPLE_SERVER: &str = "sample-server-root";
/// Under which the token secrets of client keys are derived.
pub(crate) const TOKEN_ROOT: &str = "token-root";

/// All of them; a name that ends in `/` stands for all that begin so.
pub(crate) const SECRETS: [&str; 5] = [SIGNING_KEY, SIGNING_KEYS, SAMPLE_CLIENT, SAMPLE_SERVER, TOKEN_ROOT];

/// The setting that holds the seed of a signing key.
pub(crate) fn signing_key(id: &str) -> String {
    format!("{SIGNING_KEYS}{id}")
}

/// 32 random bytes that the log keeps; made the first time.
pub(crate) async fn kept(log: &dyn ChangeLog, name: &str, what: &'static str) -> Result<[u8; 32], StartError> {
    let kept = log.setting_or_insert(name, &random::bytes::<32>()?).await?;
    kept.try_into().map_err(|_| StartError::Secret(what))
}
