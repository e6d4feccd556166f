//! Saying what was applied. A lost acknowledgement is no problem of the application: the next one says the same.

use crate::host::{Clock, random};
use crate::shared::Shared;
use crate::status::{Source, Transport};
use downhaul_control::api::{Acknowledgement, ClientState, SampledContext, Transport as Told};
use reqwest::StatusCode;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SDK: &str = concat!("downhaul-rust/", env!("CARGO_PKG_VERSION"));
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A machine that slept, or whose clock was set, is off by more than this.
const JUMP_MS: i64 = 10_000;
const TIMEOUT: Duration = Duration::from_secs(10);

/// After a moment, so that not all clients tell it in the same one.
pub(crate) fn soon(shared: &Arc<Shared>, applied_after: Option<Duration>, after: Duration) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        send(&shared, ClientState::Live, applied_after, None).await;
    });
}

/// Tells regularly that the client is there, and what it has counted.
pub(crate) async fn beat(shared: Arc<Shared>) {
    let ahead = || Clock::wall_ms() - shared.clock.now_ms();
    let mut was_ahead = ahead();
    let mut pause = HEARTBEAT.mul_f64(random());
    loop {
        tokio::time::sleep(pause).await;
        pause = HEARTBEAT.mul_f64(0.9 + random() / 5.0);
        // Whatever connection there was is looked at anew.
        if (ahead() - was_ahead).abs() > JUMP_MS {
            shared.restart.notify_one();
        }
        was_ahead = ahead();
        let sample = shared.sample();
        send(&shared, ClientState::Live, None, sample).await;
    }
}

pub(crate) async fn send(
    shared: &Arc<Shared>,
    state: ClientState,
    applied_after: Option<Duration>,
    sample: Option<SampledContext>,
) {
    // The goodbye is the last word: it waits for those that are on their way, and none comes after it.
    let (_many, _last) = match state {
        ClientState::Closing => (None, Some(shared.telling.write().await)),
        ClientState::Live | ClientState::Hidden => (Some(shared.telling.read().await), None),
    };
    if state != ClientState::Closing && shared.is_closed() {
        return;
    }
    let Some((position, program, transport, source, problems)) = shared.applied() else { return };
    // Never with the news that a kill was applied: that is small, and on its way at once.
    let unhurried = applied_after.is_none();
    if unhurried {
        shared.count_guarded();
    }
    let outcomes = if unhurried { shared.outcomes.pending(shared.clock.now_ms()) } else { Vec::new() };
    let said = Acknowledgement {
        instance: shared.instance.clone(),
        position,
        state,
        sdk: SDK.to_owned(),
        release: shared.settings.release.clone(),
        region: shared.settings.region.clone(),
        program: Some(program.to_string()),
        transport: Some(match (transport, source) {
            (Transport::Stream, _) => Told::Stream,
            (_, Source::Kept) => Told::Kept,
            _ => Told::Poll,
        }),
        problems: problems.iter().map(|code| code.as_str().to_owned()).collect(),
        applied_after_ms: applied_after.map(|after| after.as_secs_f64() * 1000.0),
        waited_ms: applied_after.map(|_| shared.waited_ms()),
        migrations: shared.tallies().iter().flat_map(|counter| counter.tallies(shared)).collect(),
        outcomes,
        evaluated: unhurried.then(|| shared.take_asked()),
        sample,
    };
    let request = shared.request(reqwest::Method::POST, "/client/v1/acknowledge").timeout(TIMEOUT).json(&said);
    let arrived = match request.send().await {
        // What will never be taken need not be said again.
        Ok(answer) => {
            let status = answer.status();
            status.is_success() || matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(_) => false,
    };
    if arrived {
        shared.outcomes.arrived(&said.outcomes);
    }
}
