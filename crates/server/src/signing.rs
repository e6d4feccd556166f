//! Keys that should sign and are not here.

use crate::environment::{Environment, Urgency};
use crate::start::StartError;
use crate::state::AppState;
use crate::{random, secrets};
use downhaul_control::{Command, Request, SigningKey};
use jiff::Timestamp;
use std::sync::Arc;

/// Where the key that signs is not in the data folder, as after a restore without secrets, makes another one, through the
/// chart: kills have to go out. `had_first` says whether the first key was there.
pub(crate) async fn replace_missing(state: &AppState, had_first: bool) -> Result<(), StartError> {
    for environment in state.environments() {
        let current = environment.current();
        let why = match &current.state.signing.signs {
            Some(id) if !state.issuer().has(id) => format!("the signing key {id} is not in the data folder"),
            // A log that has changes has had a key.
            None if !had_first && current.state.flag_set.revision > 0 => {
                "the signing key that was there before is not in the data folder".to_owned()
            }
            _ => continue,
        };
        tracing::warn!(environment = %environment.key(), why, "another signing key is made");
        let key = if current.state.signing.signs.is_none() { state.issuer().first() } else { make(state).await? };
        add(environment, key, &why).await?;
    }
    Ok(())
}

async fn make(state: &AppState) -> Result<SigningKey, StartError> {
    let seed = random::bytes::<32>()?;
    let key = state.issuer().add(&seed);
    state.log().put_setting(&secrets::signing_key(&key.id), &seed).await?;
    Ok(key)
}

async fn add(environment: &Arc<Environment>, key: SigningKey, why: &str) -> Result<(), StartError> {
    let command = Command::AddSigningKey { key, signs: true };
    let request = Request::by_server(command, "system", why, Timestamp::now());
    let made = environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await;
    made.map(drop)
        .map_err(|why| StartError::Signing { environment: environment.key().to_string(), why: why.detail().to_owned() })
}
