use super::Replica;
use super::message::{self, Message};
use crate::runner::backoff;
use crate::state::AppState;
use downhaul_store::{Ear, Heard, StoreError};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// The database is asked this often where each environment is, whatever is heard.
const BEAT: Duration = Duration::from_secs(2);

/// Hears what others append and tell, for as long as the server runs.
pub(crate) async fn carry_out(state: AppState) {
    let Some(replica) = state.replica() else { return };
    let mut failures = 0;
    loop {
        let joined = replica.ear.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ear = match joined {
            Some(ear) => Ok(ear),
            None => hear_anew(&state, replica).await,
        };
        let error = match ear {
            Ok(mut ear) => {
                if failures > 0 {
                    tracing::warn!("changes are heard of again");
                }
                failures = 0;
                hear(&state, replica, &mut ear).await
            }
            Err(error) => error,
        };
        // Told once, and not with every attempt.
        if failures == 0 {
            tracing::warn!(error = &error as &dyn std::error::Error, "the connection that hears of changes is gone");
        }
        sleep(backoff(failures).min(Duration::from_secs(2))).await;
        failures += 1;
    }
}

/// Whatever was told while nobody heard is not known.
async fn hear_anew(state: &AppState, replica: &Replica) -> Result<Ear, StoreError> {
    let ear = replica.log.listen().await?;
    for environment in state.environments() {
        environment.fleet().begin_anew();
        environment.outcomes().begin_anew();
        environment.take_up_live().await;
    }
    message::take(state, Message::Names).await;
    Ok(ear)
}

/// Until the connection is gone.
async fn hear(state: &AppState, replica: &Replica, ear: &mut Ear) -> StoreError {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = ear.next() => match heard {
                Ok(Heard::Changed(environment)) => {
                    let Some(environment) = state.environment(&environment) else { continue };
                    match environment.catch_up().await {
                        // Others wait to hear that this one is there.
                        Ok(()) => beats.reset_immediately(),
                        Err(error) => tracing::warn!(environment = %environment.key(), error = &error as &dyn std::error::Error, "a change could not be followed"),
                    }
                }
                Ok(Heard::Told { from, text }) => take(state, replica, &from, &text).await,
                Err(error) => return error,
            },
            _ = beats.tick() => match beat(state, replica, ear).await {
                Ok(()) => {}
                Err(error @ StoreError::Damaged(_)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the change log cannot be followed");
                }
                Err(error) => return error,
            },
        }
    }
}

async fn take(state: &AppState, replica: &Replica, from: &str, text: &str) {
    if from == replica.id {
        return;
    }
    match serde_json::from_str(text) {
        Ok(message) => message::take(state, message).await,
        Err(error) => tracing::debug!(from, %error, "another replica tells what this version does not know"),
    }
}

/// Tells the others how far this one is, and follows where it is behind. What succeeds is in touch with the database.
pub(super) async fn beat(state: &AppState, replica: &Replica, ear: &mut Ear) -> Result<(), StoreError> {
    loop {
        let began = Instant::now();
        let positions: BTreeMap<String, u64> = state
            .environments()
            .map(|environment| (environment.key().to_string(), environment.current().position().revision))
            .collect();
        let newest = ear.beat(&replica.id, &positions).await?;
        let mut is_there = true;
        for environment in state.environments() {
            let key = environment.key().as_str();
            let (here, newest) = (positions.get(key).copied().unwrap_or(0), newest.get(key).copied().unwrap_or(0));
            if newest < here {
                let why = format!("`{key}` ends at revision {newest} in the database, and was at {here}");
                return Err(StoreError::Damaged(why));
            }
            if newest > here {
                environment.catch_up().await?;
                is_there = false;
            }
        }
        if is_there {
            replica.in_contact(began);
            return Ok(());
        }
    }
}
