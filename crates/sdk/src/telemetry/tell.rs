//! Telling the control plane. A batch that is lost is lost.

use super::buckets::Bucket;
use crate::acknowledge::SDK;
use crate::host::random;
use crate::shared::Shared;
use downhaul_control::api::{TelemetryAnswer, TelemetryBatch};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

const PERIOD: Duration = Duration::from_mins(1);
const HOUR_MS: i64 = 3_600_000;
const TIMEOUT: Duration = Duration::from_secs(10);
/// What changes of breakers wait, so that several are told at once.
const GATHER: Duration = Duration::from_millis(500);
const MOST_BREAKERS: usize = 256;

#[derive(Debug)]
pub(super) struct Telling {
    number: u64,
    /// What was sent and not answered stays as it is: the control plane takes a number once.
    waiting: Option<Batch>,
    not_before: i64,
    period: Duration,
    is_refused: bool,
}

#[derive(Debug)]
struct Batch {
    number: u64,
    buckets: Vec<Bucket>,
    left_out: u64,
}

impl Default for Telling {
    fn default() -> Telling {
        Telling { number: 0, waiting: None, not_before: i64::MIN, period: PERIOD, is_refused: false }
    }
}

/// Tells each minute, and soon after a breaker has moved; nothing before somebody asks for telemetry.
pub(crate) async fn run(shared: Arc<Shared>) {
    while shared.telemetry.get().is_none() {
        shared.look_telemetry.notified().await;
    }
    let mut period = PERIOD;
    loop {
        tokio::select! {
            () = tokio::time::sleep(period.mul_f64(0.9 + random() / 5.0)) => {}
            () = shared.breaker_moved.notified() => tokio::time::sleep(GATHER).await,
        }
        flush(&shared).await;
        if let Some(counting) = shared.telemetry.get() {
            period = counting.telling.lock().await.period;
        }
    }
}

/// True if all that there was has been taken.
pub(crate) async fn flush(shared: &Shared) -> bool {
    let Some(counting) = shared.telemetry.get() else { return true };
    let mut telling = counting.telling.lock().await;
    {
        // Once: a breaker that is open has been so for longer after each batch, which would never end.
        let now = shared.clock.now_ms();
        let tallies = shared.breakers.take_tallies(now);
        counting.buckets().seal(tallies, now);
    }
    loop {
        if telling.is_refused || shared.clock.now_ms() < telling.not_before {
            return false;
        }
        if telling.waiting.is_none() {
            let (buckets, left_out) = counting.buckets().take();
            if buckets.is_empty() {
                return true;
            }
            telling.number += 1;
            telling.waiting = Some(Batch { number: telling.number, buckets, left_out });
        }
        if !send(shared, &mut telling).await {
            return false;
        }
        telling.waiting = None;
    }
}

/// True if it need not be sent again.
async fn send(shared: &Shared, telling: &mut Telling) -> bool {
    let Some(batch) = &telling.waiting else { return true };
    let now = shared.clock.now_ms();
    let mut breakers = shared.breakers.reports(now);
    breakers.truncate(MOST_BREAKERS);
    let said = TelemetryBatch {
        telemetry: 1,
        instance: shared.instance.clone(),
        batch: batch.number,
        sdk: Some(SDK.to_owned()),
        release: shared.settings.release.clone(),
        region: shared.settings.region.clone(),
        share: 1.0,
        buckets: batch.buckets.iter().map(|bucket| bucket.told(now)).collect(),
        breakers,
        left_out: batch.left_out,
    };
    let Some(body) = serde_json::to_vec(&said).ok().and_then(|bytes| packed(&bytes)) else { return true };
    let request = shared
        .request(reqwest::Method::POST, "/client/v1/telemetry")
        .timeout(TIMEOUT)
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, "gzip")
        .body(body);
    // The next one says the same. Until then nobody is told of it: it is nobody's problem.
    let Ok(answer) = request.send().await else { return false };
    let status = answer.status();
    if status.is_success() {
        if let Ok(TelemetryAnswer { period_seconds, .. }) = answer.json().await
            && (10..=3600).contains(&period_seconds)
        {
            telling.period = Duration::from_secs(u64::from(period_seconds));
        }
        return true;
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => telling.is_refused = true,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => telling.not_before = now + HOUR_MS,
        _ if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
            let after = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse::<u64>().ok());
            let pause = after.map_or(telling.period, Duration::from_secs).mul_f64(1.0 + random() / 4.0);
            telling.not_before = now + crate::host::milliseconds(pause);
            return false;
        }
        _ => {}
    }
    true
}

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
