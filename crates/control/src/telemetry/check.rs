//! What a batch has to look like. What is merely of no use here is passed over instead.

use crate::api::{GuardReport, LatencyReport, NamedOutcome, TelemetryBatch, TelemetryBucket};

const BUCKETS: usize = 16;
/// Entries of one kind in one bucket.
const ENTRIES: usize = 512;
const BREAKERS: usize = 256;
const MOVES: usize = 64;
/// What JavaScript counts exactly.
const MOST: u64 = 1 << 53;
/// Indexes of latency.
const LATENCIES: u32 = 240;
const TEXT: usize = 128;
const NAME: usize = 64;

/// What is wrong with a batch, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{place}`: {what}")]
pub struct NotABatch {
    place: String,
    what: String,
}

type Checked = Result<(), NotABatch>;

/// Looks at a batch before anything of it is counted.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(batch: &TelemetryBatch) -> Checked {
    let refuse = |place: &str, what: String| Err(NotABatch { place: place.to_owned(), what });
    if batch.telemetry != 1 {
        return refuse("/telemetry", format!("version {} is not known here, 1 is", batch.telemetry));
    }
    if batch.instance.is_empty() || batch.instance.len() > TEXT {
        return refuse("/instance", format!("an id of 1 to {TEXT} bytes"));
    }
    for (place, text) in [("/release", &batch.release), ("/sdk", &batch.sdk), ("/region", &batch.region)] {
        if text.as_ref().is_some_and(|text| text.len() > TEXT) {
            return refuse(place, format!("more than {TEXT} bytes"));
        }
    }
    if batch.batch == 0 || batch.batch > MOST {
        return refuse("/batch", "the first batch is 1, and each one more".to_owned());
    }
    if !(batch.share > 0.0 && batch.share <= 1.0) {
        return refuse("/share", "a share is above 0, and at most 1".to_owned());
    }
    most("/buckets", batch.buckets.len(), BUCKETS)?;
    most("/breakers", batch.breakers.len(), BREAKERS)?;
    counted("/left_out", batch.left_out)?;
    for (index, bucket) in batch.buckets.iter().enumerate() {
        check_bucket(&format!("/buckets/{index}"), bucket)?;
    }
    Ok(())
}

fn check_bucket(at: &str, bucket: &TelemetryBucket) -> Checked {
    if bucket.to_ms > bucket.from_ms || bucket.from_ms > MOST {
        return Err(NotABatch {
            place: format!("{at}/to_ms"),
            what: "a bucket does not end before it begins".to_owned(),
        });
    }
    most(&format!("{at}/exposures"), bucket.exposures.len(), ENTRIES)?;
    most(&format!("{at}/outcomes"), bucket.outcomes.len(), ENTRIES)?;
    most(&format!("{at}/guards"), bucket.guards.len(), ENTRIES)?;
    for (index, exposure) in bucket.exposures.iter().enumerate() {
        counted(&format!("{at}/exposures/{index}/count"), exposure.count)?;
        if exposure.units > exposure.count {
            let what = "no more units can be exposed than there were exposures".to_owned();
            return Err(NotABatch { place: format!("{at}/exposures/{index}/units"), what });
        }
    }
    for (index, outcome) in bucket.outcomes.iter().enumerate() {
        check_outcome(&format!("{at}/outcomes/{index}"), outcome)?;
    }
    for (index, guard) in bucket.guards.iter().enumerate() {
        check_guard(&format!("{at}/guards/{index}"), guard)?;
    }
    Ok(())
}

fn check_outcome(at: &str, outcome: &NamedOutcome) -> Checked {
    let refuse = |member: &str, what: &str| Err(NotABatch { place: format!("{at}/{member}"), what: what.to_owned() });
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = outcome.name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    if !begins || outcome.name.len() > NAME || !outcome.name.bytes().all(is_part) {
        return refuse("name", "a letter, then letters, digits and `. _ -`, 64 at most");
    }
    if outcome.flag.is_some() != outcome.variant.is_some() {
        return refuse("variant", "a flag and its variant, or neither");
    }
    counted(&format!("{at}/count"), outcome.count)?;
    if outcome.failed > outcome.count {
        return refuse("failed", "no more can fail than there were");
    }
    outcome.latency.as_ref().map_or(Ok(()), |latency| check_latency(&format!("{at}/latency"), latency))
}

fn check_guard(at: &str, guard: &GuardReport) -> Checked {
    let GuardReport { ok, failed, timed_out, slow, ignored, degraded, probes_ok, probes_failed, open_ms, .. } = guard;
    counted(at, guard.to_open_ms.unwrap_or(0))?;
    for count in [ok, failed, timed_out, slow, ignored, degraded, probes_ok, probes_failed, open_ms] {
        counted(at, *count)?;
    }
    most(&format!("{at}/moves"), guard.moves.len(), MOVES)?;
    for (index, moved) in guard.moves.iter().enumerate() {
        counted(&format!("{at}/moves/{index}/count"), moved.count)?;
        most(&format!("{at}/moves/{index}/cause"), moved.cause.len(), NAME)?;
    }
    guard.latency.as_ref().map_or(Ok(()), |latency| check_latency(&format!("{at}/latency"), latency))
}

fn check_latency(at: &str, latency: &LatencyReport) -> Checked {
    let refuse = |member: &str, what: &str| Err(NotABatch { place: format!("{at}/{member}"), what: what.to_owned() });
    counted(&format!("{at}/count"), latency.count)?;
    if !(latency.sum_ms >= 0.0 && latency.sum_ms.is_finite()) {
        return refuse("sum_ms", "a time is finite and not negative");
    }
    let pairs = latency.buckets.iter().zip(latency.buckets.iter().skip(1));
    if !pairs.into_iter().all(|((one, _), (next, _))| one < next) {
        return refuse("buckets", "indexes ascend, each once");
    }
    if latency.buckets.last().is_some_and(|(index, _)| *index >= LATENCIES) {
        return refuse("buckets", "the last index is 239");
    }
    let sum = latency.buckets.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
    if sum != latency.count {
        return refuse("buckets", "their counts sum to `count`");
    }
    Ok(())
}

fn most(place: &str, found: usize, limit: usize) -> Checked {
    if found <= limit {
        return Ok(());
    }
    Err(NotABatch { place: place.to_owned(), what: format!("{found}, and {limit} at most are taken") })
}

fn counted(place: &str, count: u64) -> Checked {
    if count <= MOST {
        return Ok(());
    }
    let what = format!("{count} is more than anybody counts exactly, {MOST}");
    Err(NotABatch { place: place.to_owned(), what })
}
