//! Secrets of the system's keychain.

use keyring::Entry;
use std::time::Duration;

/// Under which name everything stands there.
const SERVICE: &str = "dev.downhaul.desktop";
/// A keychain that asks its user something, and is not answered, counts as none.
const PATIENCE: Duration = Duration::from_secs(20);

/// There is no keychain, or it is locked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no keychain: {0}")]
pub struct NoKeychain(pub String);

/// What stands there under a name.
pub async fn read(name: &str) -> Result<Option<String>, NoKeychain> {
    with(name, |entry| match entry.get_password() {
        Ok(secret) => Ok(Some(secret)),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(why) => Err(why),
    })
    .await
}

pub async fn write(name: &str, secret: &str) -> Result<(), NoKeychain> {
    let secret = secret.to_owned();
    with(name, move |entry| entry.set_password(&secret)).await
}

/// Whether something can be kept. One that is locked is read as if it were empty, so something is written.
pub async fn works() -> Result<(), NoKeychain> {
    with("probe", |entry| entry.set_password("probe").and_then(|()| entry.delete_credential())).await
}

async fn with<T: Send + 'static>(
    name: &str,
    act: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, NoKeychain> {
    let name = name.to_owned();
    // It waits for other processes.
    let acting = tokio::task::spawn_blocking(move || {
        Entry::new(SERVICE, &name).and_then(|entry| act(&entry)).map_err(|why| NoKeychain(why.to_string()))
    });
    match tokio::time::timeout(PATIENCE, acting).await {
        Ok(Ok(result)) => result,
        Ok(Err(why)) => Err(NoKeychain(why.to_string())),
        Err(_) => Err(NoKeychain("it does not answer".to_owned())),
    }
}
