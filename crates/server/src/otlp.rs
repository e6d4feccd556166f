//! What clients told, for a collector of OpenTelemetry: counts since this process began, every so often. Nothing waits for
//! it, and an export that is lost is made up for by the next one.

use crate::state::AppState;
use crate::targets::{Exported, export};
use downhaul_control::api::BreakerView;
use downhaul_control::outcomes;
use downhaul_control::telemetry::{Latency, Sums, Total, What};
use downhaul_core::document::ClientKind;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::time::{MissedTickBehavior, interval};

/// Points in one request: some hundred bytes each.
const POINTS: usize = 2000;
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`
const CUMULATIVE: u32 = 2;
/// Doublings from 8 microseconds to 67 seconds, as `GET /metrics` has them.
const OCTAVES: u32 = 24;

/// One metric: its name, what it is, its unit, and what kind of points it has.
type Metric = (&'static str, &'static str, &'static str, Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Sum,
    Gauge,
    Histogram,
}

const EXPOSURES: Metric = ("downhaul.exposures", "How often code was given a variant", "{evaluation}", Kind::Sum);
const FLAG_OUTCOMES: Metric = ("downhaul.flag.outcomes", "How what flags decide of went", "{outcome}", Kind::Sum);
const OUTCOMES: Metric = ("downhaul.outcomes", "What happened, by the applications' own names", "{outcome}", Kind::Sum);
const DURATION: Metric = ("downhaul.outcome.duration", "How long timed work took", "s", Kind::Histogram);
const CALLS: Metric = ("downhaul.guarded_calls", "Guarded calls, by how they ended", "{call}", Kind::Sum);
const OPENINGS: Metric = ("downhaul.breaker.openings", "How often a circuit breaker opened", "{opening}", Kind::Sum);
const INSTANCES: Metric =
    ("downhaul.breaker.instances", "Instances by the state of their breaker", "{instance}", Kind::Gauge);

/// Exports for as long as the process runs, where the targets file names a collector.
pub(crate) async fn carry_out(state: AppState) {
    let Some(collector) = state.options().targets.otlp.clone() else { return std::future::pending().await };
    let began = Timestamp::now();
    let mut ticks = interval(collector.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        let points = points(&state, [began, Timestamp::now()]);
        let mut problem = None;
        for part in points.chunks(POINTS) {
            if let Exported::Not(why) = export(&collector, &request(part, &began)).await {
                problem = Some(why);
                break;
            }
        }
        match &problem {
            Some(why) if !failing => tracing::warn!(why, "metrics could not be exported; it is tried again"),
            None if failing => tracing::info!("metrics are exported again"),
            Some(_) | None => {}
        }
        failing = problem.is_some();
    }
}

/// An `ExportMetricsServiceRequest`.
fn request(points: &[(Metric, Value)], began: &Timestamp) -> Value {
    let mut metrics: BTreeMap<&str, (Metric, Vec<&Value>)> = BTreeMap::new();
    for (metric, point) in points {
        metrics.entry(metric.0).or_insert_with(|| (*metric, Vec::new())).1.push(point);
    }
    let metrics: Vec<Value> = metrics
        .into_values()
        .map(|((name, description, unit, kind), points)| {
            let (member, data) = match kind {
                Kind::Sum => {
                    ("sum", json!({ "aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points }))
                }
                Kind::Gauge => ("gauge", json!({ "dataPoints": points })),
                Kind::Histogram => ("histogram", json!({ "aggregationTemporality": CUMULATIVE, "dataPoints": points })),
            };
            json!({ "name": name, "description": description, "unit": unit, member: data })
        })
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    // Counts begin anew with each process, and of several replicas each has its own.
    let instance = format!("{}-{}", std::process::id(), began.as_millisecond());
    json!({ "resourceMetrics": [{
        "resource": { "attributes": attributes(&[
            ("service.name", "downhaul"), ("service.version", version), ("service.instance.id", &instance),
        ]) },
        "scopeMetrics": [{ "scope": { "name": "downhaul", "version": version }, "metrics": metrics }],
    }] })
}

fn points(state: &AppState, times: [Timestamp; 2]) -> Vec<(Metric, Value)> {
    let mut points = Vec::new();
    for environment in state.environments() {
        let (key, current) = (environment.key().as_str(), environment.current());
        for total in environment.outcomes().totals(&current.state) {
            of_flag(&mut points, key, times, &total);
        }
        for Total { of, sums } in environment.telemetry().totals(&current.state) {
            of_total(&mut points, key, times, of.kind, (&of.what, &sums));
        }
        for view in environment.telemetry().breakers(None, 1).breakers {
            of_breaker(&mut points, key, times, &view);
        }
    }
    points
}

fn of_flag(into: &mut Vec<(Metric, Value)>, environment: &str, times: [Timestamp; 2], total: &outcomes::Total) {
    let outcomes::Total { flag, variant, kind, ok, failed } = total;
    for (outcome, count) in [("ok", ok), ("failed", failed)] {
        let mut with = of_variant(environment, flag.as_str(), variant.as_str(), *kind);
        with.push(("downhaul.outcome", outcome));
        into.push((FLAG_OUTCOMES, number(&with, times, *count)));
    }
}

fn of_total(
    into: &mut Vec<(Metric, Value)>,
    environment: &str,
    times: [Timestamp; 2],
    kind: ClientKind,
    (what, sums): (&What, &Sums),
) {
    match what {
        What::Exposure { flag, variant, reason, cause } => {
            let reason = reason.to_ascii_lowercase();
            let mut with = of_variant(environment, flag, variant, kind);
            with.push(("feature_flag.result.reason", &reason));
            with.extend(cause.map(|cause| ("downhaul.cause", cause)));
            into.push((EXPOSURES, number(&with, times, sums.ok)));
        }
        What::Outcome { name, under } => {
            let of = match under {
                Some((flag, variant)) => of_variant(environment, flag, variant, kind),
                None => vec![("feature_flag.set.id", environment), ("downhaul.client.kind", word(kind))],
            };
            for (outcome, count) in [("ok", sums.ok), ("failed", sums.failed)] {
                let mut with = of.clone();
                with.extend([("downhaul.name", name.as_str()), ("downhaul.outcome", outcome)]);
                into.push((OUTCOMES, number(&with, times, count)));
            }
            if !sums.latency.counts.is_empty() {
                let mut with = of;
                with.push(("downhaul.name", name));
                into.push((DURATION, histogram(&with, times, &sums.latency)));
            }
        }
        What::Guard { flag, variant } => {
            let of = of_variant(environment, flag, variant, kind);
            for (outcome, count) in [("ok", sums.ok), ("failed", sums.failed), ("degraded", sums.degraded)] {
                let mut with = of.clone();
                with.push(("downhaul.outcome", outcome));
                into.push((CALLS, number(&with, times, count)));
            }
            into.push((OPENINGS, number(&of, times, sums.opened)));
        }
    }
}

fn of_breaker(into: &mut Vec<(Metric, Value)>, environment: &str, times: [Timestamp; 2], view: &BreakerView) {
    for (state, count) in [
        ("closed", view.closed),
        ("open", view.open),
        ("half-open", view.half_open),
        ("forced-open", view.forced_open),
        ("disabled", view.disabled),
        ("observing", view.observing),
    ] {
        let mut with = of_variant(environment, &view.flag, &view.variant, view.kind);
        with.push(("downhaul.breaker.state", state));
        into.push((INSTANCES, number(&with, times, count)));
    }
}

/// The attributes of OpenTelemetry's conventions for feature flags, and what kind of client told.
fn of_variant<'a>(
    environment: &'a str,
    flag: &'a str,
    variant: &'a str,
    kind: ClientKind,
) -> Vec<(&'static str, &'a str)> {
    vec![
        ("feature_flag.provider.name", "downhaul"),
        ("feature_flag.set.id", environment),
        ("feature_flag.key", flag),
        ("feature_flag.result.variant", variant),
        ("downhaul.client.kind", word(kind)),
    ]
}

fn word(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Browser => "browser",
        ClientKind::Edge => "edge",
        ClientKind::Server => "server",
    }
}

/// 64-bit numbers are texts in OTLP's JSON.
fn number(with: &[(&str, &str)], [began, now]: [Timestamp; 2], count: u64) -> Value {
    json!({
        "attributes": attributes(with), "startTimeUnixNano": began.as_nanosecond().to_string(),
        "timeUnixNano": now.as_nanosecond().to_string(), "asInt": count.to_string(),
    })
}

fn histogram(with: &[(&str, &str)], [began, now]: [Timestamp; 2], latency: &Latency) -> Value {
    let mut counts = vec![0_u64; OCTAVES as usize + 1];
    for (index, more) in &latency.counts {
        let octave = (index / 8).min(OCTAVES) as usize;
        if let Some(count) = counts.get_mut(octave) {
            *count = count.saturating_add(*more);
        }
    }
    let all = counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
    let bounds: Vec<f64> = (0..OCTAVES).map(|octave| 8e-6 * f64::from(1_u32 << octave)).collect();
    json!({
        "attributes": attributes(with), "startTimeUnixNano": began.as_nanosecond().to_string(),
        "timeUnixNano": now.as_nanosecond().to_string(), "count": all.to_string(), "sum": latency.sum_ms / 1000.0,
        "bucketCounts": counts.iter().map(ToString::to_string).collect::<Vec<_>>(), "explicitBounds": bounds,
    })
}

fn attributes(of: &[(&str, &str)]) -> Value {
    of.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect()
}
