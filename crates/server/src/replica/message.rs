//! What replicas tell each other. A newer version may tell more: what cannot be read is passed over.

use crate::client::acknowledge;
use crate::state::AppState;
use downhaul_control::api::{Acknowledgement, BeatView, GateView, PresenceRequest};
use downhaul_control::fleet::Sender;
use downhaul_core::document::ClientKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Message {
    /// What clients acknowledged at the one who tells.
    Acknowledged { environment: String, words: Vec<Word> },
    /// What clients had decided at the one who tells.
    Evaluated { environment: String, kind: ClientKind, keys: Vec<String> },
    /// What the heartbeat flag has shown.
    Beat { environment: String, view: Box<BeatView>, times: Vec<f64> },
    /// What the gates of a rollout read last.
    Gates { environment: String, rollout: u64, gates: Vec<GateView> },
    /// Which flag a page of somebody's console shows at the one who tells, and since when.
    Present { environment: String, actor: String, told: PresenceRequest, at: String },
    /// A name was put or erased.
    Names,
    /// The live sample was removed.
    ForgetLive { environment: String },
}

/// What one client acknowledged, and how long ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) key: String,
    pub(crate) kind: ClientKind,
    pub(crate) address: String,
    pub(crate) ms: u64,
    pub(crate) said: Acknowledgement,
}

/// Takes in what another replica tells.
pub(super) async fn take(state: &AppState, message: Message) {
    match message {
        Message::Acknowledged { environment, words } => {
            let Some(environment) = state.environment(&environment) else { return };
            for Word { key, kind, address, ms, said } in words {
                let sender = Sender { key, kind, address };
                acknowledge::heard(environment, &sender, said, Duration::from_millis(ms));
            }
        }
        Message::Evaluated { environment, kind, keys } => {
            if let Some(environment) = state.environment(&environment) {
                environment.usage().told(kind, &keys, &environment.current().state, Timestamp::now());
            }
        }
        Message::Beat { environment, view, times } => {
            if let Some(environment) = state.environment(&environment) {
                environment.beats().keep(*view, times);
            }
        }
        Message::Gates { environment, rollout, gates } => {
            if let Some(environment) = state.environment(&environment) {
                environment.gates().put(rollout, gates);
            }
        }
        Message::Present { environment, actor, told, at } => {
            if let Some(environment) = state.environment(&environment) {
                environment.presence().tell(&actor, &told, &at, Instant::now());
            }
        }
        Message::Names => {
            if let Err(error) = state.reload_actors().await {
                tracing::warn!(%error, "the names of actors could not be read again");
            }
        }
        Message::ForgetLive { environment } => {
            if let Some(environment) = state.environment(&environment) {
                environment.live().forget_elsewhere();
            }
        }
    }
}
