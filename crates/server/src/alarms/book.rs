//! Where alarms are kept: the ledger, which the process that leads writes, and beside it what people do with alarms, each
//! under a name of its own, so that every replica can take that in.

use crate::environment::{Environment, log_failed};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use downhaul_control::alarms::{Act, Ledger, Silence};
use downhaul_control::api::{AcknowledgeAlarmRequest, AlarmPage, AlarmView, SilenceAlarmRequest};
use downhaul_control::{Refusal, RefusalCode, time};
use downhaul_core::seal::digest;
use downhaul_store::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const LEDGER: &str = "alarm-ledger";
const ACT: &str = "alarm-act";
const SILENCE: &str = "alarm-silence";
/// The longest silence, and note.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const NOTE: usize = 500;
/// For how long it is kept who took an alarm, and who silenced one, after that has had its use.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What people did.
#[derive(Debug, Default)]
pub(super) struct Acts {
    /// By id of the alarm.
    pub(super) acknowledged: BTreeMap<String, Act>,
    /// By id of the cause.
    pub(super) silences: BTreeMap<String, Silence>,
}

fn name(environment: &Environment, what: &str) -> String {
    format!("{what}/{}", environment.key())
}

/// As it was kept; where it cannot be read, what is wrong is told anew rather than not at all.
pub(super) async fn ledger(environment: &Environment) -> Ledger {
    match environment.log().setting(&name(environment, LEDGER)).await {
        Ok(bytes) => bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(environment = %environment.key(), %error, "which alarms there were cannot be read");
            Ledger::default()
        }
    }
}

pub(super) async fn keep(environment: &Environment, ledger: &Ledger) {
    let bytes = serde_json::to_vec(ledger).unwrap_or_default();
    if let Err(error) = environment.log().put_setting(&name(environment, LEDGER), &bytes).await {
        tracing::warn!(environment = %environment.key(), %error, "which alarms there are cannot be kept");
    }
    environment.shown_alarms().look_again();
}

pub(super) async fn acts(environment: &Environment) -> Result<Acts, StoreError> {
    let silences: BTreeMap<String, Silence> = read(environment, SILENCE).await?;
    let silences = silences.into_values().map(|silence| (silence.cause.clone(), silence)).collect();
    Ok(Acts { acknowledged: read(environment, ACT).await?, silences })
}

/// Forgets what people did with alarms of which nothing is kept any more, and silences that ended, after some time. What
/// cannot be removed now is removed another time.
pub(super) async fn forget(environment: &Environment, ledger: &Ledger) {
    let Ok(Acts { acknowledged, silences }) = acts(environment).await else { return };
    let is_old = |at: &str| time::from_text(at).is_some_and(|at| Timestamp::now().duration_since(at) > KEPT);
    let acts = acknowledged.iter().filter(|(alarm, act)| ledger.find(alarm).is_none() && is_old(&act.at));
    let acts = acts.map(|(alarm, _)| format!("{}/{alarm}", name(environment, ACT)));
    let ended = silences.iter().filter(|(_, silence)| is_old(&silence.until));
    let ended = ended.map(|(cause, _)| format!("{}/{}", name(environment, SILENCE), digest(cause.as_bytes())));
    for name in acts.chain(ended).collect::<Vec<_>>() {
        if let Err(error) = environment.log().remove_setting(&name).await {
            tracing::warn!(environment = %environment.key(), %error, "what was done with an alarm cannot be forgotten");
        }
    }
}

/// All of a kind, by what stands behind the environment's name.
async fn read<T: DeserializeOwned>(environment: &Environment, what: &str) -> Result<BTreeMap<String, T>, StoreError> {
    let prefix = format!("{}/", name(environment, what));
    let found = environment.log().settings(&prefix).await?;
    let one = |(name, bytes): (String, Vec<u8>)| {
        // Not of an environment whose name only begins so.
        let of = name.strip_prefix(&prefix).filter(|of| !of.contains('/'))?.to_owned();
        Some((of, serde_json::from_slice(&bytes).ok()?))
    };
    Ok(found.into_iter().filter_map(one).collect())
}

/// The alarms of an environment, as they are kept.
pub(crate) async fn page(state: &AppState, environment: &Environment) -> AppResult<AlarmPage> {
    let bytes = environment.log().setting(&name(environment, LEDGER)).await.map_err(log_failed)?;
    let ledger: Ledger = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let Acts { acknowledged, silences } = acts(environment).await.map_err(log_failed)?;
    Ok(ledger.page(&acknowledged, &silences, &state.actors(), Timestamp::now()))
}

/// Somebody takes an alarm. The first who does has it; whoever comes later is told who that is.
pub(crate) async fn acknowledge(
    state: &AppState,
    environment: &Environment,
    actor: &str,
    id: &str,
    body: AcknowledgeAlarmRequest,
) -> AppResult<AlarmView> {
    fits(&body.note)?;
    let alarm = open(state, environment, id).await?;
    let act = Act { by: actor.to_owned(), at: time::to_text(Timestamp::now()), note: body.note };
    let bytes = serde_json::to_vec(&act).map_err(AppError::internal)?;
    let key = format!("{}/{}", name(environment, ACT), alarm.id);
    environment.log().setting_or_insert(&key, &bytes).await.map_err(log_failed)?;
    tracing::info!(environment = %environment.key(), alarm = id, actor, "an alarm was acknowledged");
    environment.alarms().send_modify(|acts| *acts += 1);
    environment.shown_alarms().look_again();
    one(state, environment, id).await
}

/// Nobody is told of the alarm's cause until then.
pub(crate) async fn silence(
    state: &AppState,
    environment: &Environment,
    actor: &str,
    id: &str,
    body: SilenceAlarmRequest,
) -> AppResult<AlarmView> {
    fits(&body.reason)?;
    let invalid = |message: String, help: &str| Refusal::new(RefusalCode::Invalid, message, help);
    if body.reason.trim().is_empty() {
        return Err(Refusal::new(RefusalCode::MissingReason, "a reason is missing", "say in a few words why").into());
    }
    let now = Timestamp::now();
    let until = body.until.parse::<Timestamp>().ok().filter(|until| *until > now);
    let Some(until) = until.filter(|until| until.duration_since(now) <= WEEK) else {
        let help = "give a time to come, a week ahead at most, such as `2026-11-26T18:00:00Z`: a silence has an end";
        return Err(invalid(format!("`until`: `{}` is no end of a silence", body.until), help).into());
    };
    let bytes = environment.log().setting(&name(environment, LEDGER)).await.map_err(log_failed)?;
    let ledger: Ledger = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let cause = ledger.find(id).map(|alarm| alarm.cause.id.clone()).ok_or_else(|| unknown(id))?;
    let key = format!("{}/{}", name(environment, SILENCE), digest(cause.as_bytes()));
    let (at, until) = (time::to_text(now), time::to_text(until));
    let silence = Silence { cause, by: actor.to_owned(), at, until, reason: body.reason };
    let bytes = serde_json::to_vec(&silence).map_err(AppError::internal)?;
    environment.log().put_setting(&key, &bytes).await.map_err(log_failed)?;
    tracing::info!(environment = %environment.key(), alarm = id, actor, until = silence.until, "an alarm was silenced");
    environment.alarms().send_modify(|acts| *acts += 1);
    environment.shown_alarms().look_again();
    one(state, environment, id).await
}

fn fits(text: &str) -> AppResult<()> {
    if text.len() > NOTE {
        let help = format!("write {NOTE} bytes at most");
        return Err(Refusal::new(RefusalCode::Invalid, "the text is too long", help).into());
    }
    Ok(())
}

async fn one(state: &AppState, environment: &Environment, id: &str) -> AppResult<AlarmView> {
    let page = page(state, environment).await?;
    page.alarms.into_iter().find(|alarm| alarm.id == id).ok_or_else(|| unknown(id))
}

/// One that is not over.
async fn open(state: &AppState, environment: &Environment, id: &str) -> AppResult<AlarmView> {
    let alarm = one(state, environment, id).await?;
    if let Some(at) = &alarm.recovered {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("`{id}` was over at {at}"),
            "nothing is left to do",
        )
        .into());
    }
    Ok(alarm)
}

fn unknown(id: &str) -> AppError {
    AppError::not_found("unknown-alarm", format!("there is no alarm `{id}`"), "list them with `downhaul alarms list`")
}
