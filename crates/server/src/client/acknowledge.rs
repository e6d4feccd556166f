use crate::client::caller::Caller;
use crate::environment::Environment;
use crate::error::{AppError, AppResult};
use crate::extract::Json;
use crate::listener::ClientAddress;
use crate::live::{NotTaken, Teller};
use crate::metrics::{EnvironmentLabels, OutcomeLabels};
use crate::state::AppState;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use downhaul_control::api::{Acknowledgement, Problem};
use downhaul_control::fleet::{Applied, NotCounted, Sender};
use downhaul_control::{heartbeat, outcomes};
use jiff::Timestamp;
use std::time::Duration;

/// What an instance applied, and how it does.
#[utoipa::path(
    post, path = "/client/v1/acknowledge", tag = "client", request_body = Acknowledgement,
    security(("client_key" = [])),
    responses(
        (status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    ConnectInfo(ClientAddress(address)): ConnectInfo<ClientAddress>,
    caller: Caller,
    Json(mut said): Json<Acknowledgement>,
) -> AppResult<StatusCode> {
    let sender = Sender { key: caller.key.id.clone(), kind: caller.key.kind, address: address.to_string() };
    let whole = state.replica().map(|_| said.clone());
    let (sample, evaluated, instance) = (said.sample.take(), said.evaluated.take(), said.instance.clone());
    let reports = std::mem::take(&mut said.outcomes);
    let release = said.release.clone();
    outcomes::check(&reports).map_err(|why| malformed(why.to_string()))?;
    // Of what is no data change here nothing is counted.
    let current = caller.environment.current();
    let has_phase = |key: &str| current.state.flag_set.flag(key).is_some_and(|flag| flag.phase.is_some());
    said.migrations.retain(|tally| has_phase(&tally.flag));
    let counted = caller.environment.fleet().acknowledge(&sender, said);
    let outcome = if counted.is_ok() { "counted" } else { "refused" };
    state.metrics().acknowledgements.get_or_create(&OutcomeLabels { outcome }).inc();
    let applied = counted.map_err(refuse)?;
    if let (Some(replica), Some(whole)) = (state.replica(), whole) {
        replica.acknowledged(current.state.environment().as_str(), &sender, whole);
    }
    for counted in caller.environment.fleet().newly_counted() {
        state.metrics().counted(caller.environment.key().as_str(), &counted);
    }
    // Of whom an acknowledgement does not count nothing is taken.
    if let Some(keys) = evaluated {
        caller.environment.usage().told(sender.kind, &keys, &current.state, Timestamp::now());
    }
    if !reports.is_empty() {
        let Sender { key, kind, address } = &sender;
        let teller = outcomes::Teller { key, kind: *kind, instance: &instance, address };
        let (release, minutes) = (release.as_deref(), caller.environment.minutes());
        let ignored = caller.environment.outcomes().take_here(&teller, release, &reports, &current.state, minutes);
        state.metrics().outcomes(caller.environment.key().as_str(), sender.kind, &ignored);
    }
    if let Some(sample) = sample {
        let Sender { key, kind, address } = &sender;
        let teller = Teller { key, kind: *kind, address, instance: &instance };
        let outcome = match caller.environment.live().take(&teller, &sample) {
            Ok(()) => "taken",
            Err(NotTaken::NotAsked) => "not asked",
            Err(NotTaken::TooOften) => "too often",
            Err(NotTaken::Refused(_)) => "refused",
        };
        state.metrics().sampled.get_or_create(&OutcomeLabels { outcome }).inc();
    }
    for Applied { kill, after } in applied {
        if heartbeat::is_beat(&kill) {
            let labels = EnvironmentLabels { environment: caller.environment.key().to_string() };
            state.metrics().heartbeat_seconds.get_or_create(&labels).observe(after.as_secs_f64());
        } else {
            state.metrics().dark_seconds.observe(after.as_secs_f64());
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes in what a client of another replica acknowledged there.
pub(crate) fn heard(environment: &Environment, sender: &Sender, mut said: Acknowledgement, ago: Duration) {
    let (sample, evaluated, instance) = (said.sample.take(), said.evaluated.take(), said.instance.clone());
    let current = environment.current();
    let has_phase = |key: &str| current.state.flag_set.flag(key).is_some_and(|flag| flag.phase.is_some());
    said.migrations.retain(|tally| has_phase(&tally.flag));
    let mut reports = std::mem::take(&mut said.outcomes);
    let ms = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
    for report in &mut reports {
        (report.from_ms, report.to_ms) = (report.from_ms.saturating_add(ms), report.to_ms.saturating_add(ms));
    }
    environment.fleet().heard(sender, said, ago);
    if !reports.is_empty() {
        let Sender { key, kind, address } = sender;
        let teller = outcomes::Teller { key, kind: *kind, instance: &instance, address };
        // What is passed over is told of by the replica that it came to.
        let _ = environment.outcomes().take(&teller, &reports, &current.state);
    }
    if let Some(keys) = evaluated {
        environment.usage().told(sender.kind, &keys, &current.state, Timestamp::now());
    }
    if let Some(sample) = sample {
        let Sender { key, kind, address } = sender;
        // What is not taken was not taken there either, or is only less than could be.
        let _ = environment.live().take(&Teller { key, kind: *kind, address, instance: &instance }, &sample);
    }
}

fn refuse(why: NotCounted) -> AppError {
    match why {
        NotCounted::Malformed => malformed(why.to_string()),
        NotCounted::KeyFull | NotCounted::AddressFull => AppError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-instances",
            why.to_string(),
            "nothing is lost: the instance works, and is only not counted",
        )
        .retry_after(60),
    }
}

fn malformed(why: String) -> AppError {
    let help = "see the protocol for what an acknowledgement holds";
    AppError::new(StatusCode::UNPROCESSABLE_ENTITY, "acknowledgement-malformed", why, help)
}
